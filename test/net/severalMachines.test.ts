import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canUseNamespaces, NetLab } from '../support/netLab.ts';
import type { LabCommand, LabReport } from './support/labNode.ts';
import { sleep, until } from './support/network.ts';

class LabPeer {
  readonly #child: ChildProcess;
  readonly got = new Set<string>();
  #address = '';
  #peers: readonly string[] = [];
  #sent = -1;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (m: LabReport) => {
      if ('got' in m) this.got.add(m.got);
      else if ('address' in m) this.#address = m.address;
      else if ('peers' in m) this.#peers = m.peers;
      else this.#sent = m.sent;
    });
  }

  async address(): Promise<string> {
    await until('node is up', () => this.#address !== '', 15_000);
    return this.#address;
  }

  command(command: LabCommand): void {
    this.#child.send(command);
  }

  /** IP addresses of its peers. */
  async peers(): Promise<readonly string[]> {
    this.command({ peers: true });
    await sleep(100);
    return this.#peers;
  }

  async publish(text: string): Promise<number> {
    this.#sent = -1;
    this.command({ publish: text });
    await until('published', () => this.#sent >= 0);
    return this.#sent;
  }

  /** Exit code once it has stopped by itself. */
  stop(): Promise<number | null> {
    this.command({ stop: true });
    return new Promise((resolve) => this.#child.once('exit', resolve));
  }
}

describe('net: several machines', function () {
  this.timeout(90_000);
  let lab: NetLab | undefined;
  const dir = mkdtempSync(join(tmpdir(), 'cairn-lab-'));

  before(function () {
    const reason = canUseNamespaces();
    if (reason === undefined) return;
    console.log(`      skipped: ${reason}`);
    this.skip();
  });
  after(() => {
    lab?.down();
    rmSync(dir, { recursive: true, force: true });
  });

  it('bootstrap from one seed, gossip, are cut apart, and find each other again', async () => {
    const machines = new NetLab(3);
    lab = machines;
    const script = join(import.meta.dirname, 'support', 'labNode.ts');
    const start = (i: number, ...seeds: string[]): LabPeer =>
      new LabPeer(machines.spawn(i, [script, join(dir, `n${i}`), ...seeds]));
    const seed = start(0);
    const seedAddress = await seed.address();
    assert.match(seedAddress, /^\/ip4\/10\.77\.0\.1\/tcp\/18444\/p2p\//);
    const [a, b] = [start(1, seedAddress), start(2, seedAddress)];
    const all = [seed, a, b];
    await until(
      'everybody knows everybody',
      async () => (await Promise.all(all.map((n) => n.peers()))).every((p) => p.length === 2),
      15_000,
    );
    assert.deepEqual([...(await a.peers())].sort(), ['10.77.0.1', '10.77.0.3']);
    await until('gossip', async () => (await b.publish(`hello ${Date.now()}`)) === 2);

    machines.partition([2]);
    assert.ok((await seed.publish('during partition')) >= 1);
    await until('a heard it', () => a.got.has('during partition'));
    await until('the cut is noticed', async () => (await b.peers()).length === 0, 30_000);
    assert.equal(b.got.has('during partition'), false);

    machines.heal();
    const healed = Date.now();
    await until('together again', async () => (await b.peers()).length === 2, 40_000);
    console.log(`      together again ${Date.now() - healed} ms after healing`);
    await until('gossip again', async () => (await b.publish(`back ${Date.now()}`)) > 0);
    await until('seed heard it', () => [...seed.got].some((m) => m.startsWith('back')));
    assert.deepEqual(await Promise.all(all.map((n) => n.stop())), [0, 0, 0]);
  });
});
