import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = `
import { TestNetworks, join2, addressOf } from ${JSON.stringify(join(import.meta.dirname, 'support', 'network.ts'))};
const nets = new TestNetworks();
const echo = async (_, { type, payload }) => ({ type: type | 0x80, payload });
const [a, b] = [nets.create({ mdns: true }), nets.create()];
for (const n of [a, b]) { n.serve('sync', echo); n.onGossip('tx', async () => 'accept'); await n.start(); }
await join2(a, b);
b.addManual('/ip4/127.0.0.1/tcp/1');
await a.request(b.key, 'sync', { type: 1, payload: new Uint8Array(100000) });
await a.publish('tx', new Uint8Array(100));
const started = Date.now();
await nets.close();
process.send({ stoppedAfterMs: Date.now() - started, left: process.getActiveResourcesInfo() });
process.disconnect();
`;

describe('net: the process after stop', () => {
  it('ends by itself', async function () {
    this.timeout(20_000);
    const dir = mkdtempSync(join(tmpdir(), 'cairn-exit-'));
    try {
      const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
        cwd: dir,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      let report: { stoppedAfterMs: number; left: string[] } | undefined;
      let reportedMs = 0;
      child.on('message', (m: typeof report) => {
        report = m;
        reportedMs = Date.now();
      });
      const code = await new Promise((resolve) => child.once('exit', resolve));
      assert.equal(code, 0);
      assert.ok((report?.stoppedAfterMs ?? 1e9) < 3000, JSON.stringify(report));
      assert.ok(Date.now() - reportedMs < 3000, `lived on for ${Date.now() - reportedMs} ms: ${report?.left.join()}`);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
