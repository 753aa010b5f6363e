import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DevnetProcess } from '../../support/devnetProcess.ts';
import { MAIN, ROOT } from '../../support/nodeProcess.ts';
import { freePort } from '../../support/ports.ts';
import type { Bench, Suite } from '../harness.ts';
import { RpcConnection } from '../rpcConnection.ts';

const COMMAND = [process.execPath, join(ROOT, 'src', 'setup.mjs'), MAIN];
const TIMEOUT_MS = 60_000;
const BANNER_END = /^Up in [\d.]+ s\.$/m;
const NODE = /JSON-RPC +http:\/\/127\.0\.0\.1:(\d+)[\s\S]*?data +(\S+)/g;

/** Resolves when the banner is whole. */
function banner(devnet: DevnetProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no banner: ${devnet.output}`)), TIMEOUT_MS);
    devnet.child.stdout?.on('data', () => {
      if (BANNER_END.test(devnet.output)) resolve();
    });
    void devnet.exited().then(() => reject(new Error(`ended: ${devnet.output}`)));
    timer.unref();
  });
}

/** Asks every node of the banner once. */
async function askAll(devnet: DevnetProcess): Promise<number> {
  const nodes = [...devnet.output.matchAll(NODE)];
  for (const [, port, dir] of nodes) {
    const cookie = readFileSync(join(dir as string, 'regtest', '.cookie'), 'utf8').trim();
    const connection = await RpcConnection.open(Number(port), cookie);
    await connection.call(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getblockcount' }));
    connection.close();
  }
  return nodes.length;
}

/** Milliseconds from starting the process to the whole banner, and to the last answer of its nodes. */
async function start(bench: Bench): Promise<{ banner: number; answers: number; nodes: number }> {
  const base = String(await freePort());
  const begin = performance.now();
  const devnet = new DevnetProcess(['--port-base', base], COMMAND);
  bench.atEnd(() => devnet.child.kill('SIGTERM'));
  try {
    await banner(devnet);
    const shown = performance.now() - begin;
    const nodes = await askAll(devnet);
    return { banner: shown, answers: performance.now() - begin, nodes };
  } finally {
    await devnet.stop('SIGTERM');
  }
}

export const suite: Suite = {
  name: 'start',
  about: 'cairn devnet from a prepared clone: time until its banner, and until its three nodes answered JSON-RPC',
  async run(bench) {
    // The first start after a change fills the cache of compiled code.
    await start(bench);
    const times: Awaited<ReturnType<typeof start>>[] = [];
    for (let run = 0; run < bench.runs; run++) times.push(await start(bench));
    const facts = { nodes: times[0]?.nodes ?? 0, network: 'regtest' };
    bench.report(
      'banner',
      'ms',
      times.map((time) => time.banner),
      facts,
    );
    bench.report(
      'answers',
      'ms',
      times.map((time) => time.answers),
      facts,
    );
  },
};
