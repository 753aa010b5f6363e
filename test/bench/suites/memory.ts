import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../../support/cluster.ts';
import type { TestNode } from '../../support/nodeProcess.ts';
import type { Bench, Suite } from '../harness.ts';

/** Time for connections to be made and for start-up garbage to be collected. */
const SETTLE_MS = 5000;

/** Resident memory of a process in 10^6 bytes. */
function residentMB(pid: number): number {
  const status = `/proc/${pid}/status`;
  const text = existsSync(status)
    ? (/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(status, 'utf8'))?.[1] ?? '0')
    : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return (Number(text) * 1024) / 1e6;
}

/** Starts a miner, a full and a light node that know each other, and measures each. */
async function measure(bench: Bench, values: Map<string, number[]>): Promise<void> {
  const cluster = new Cluster('regtest');
  bench.atEnd(() => rmSync(cluster.dir, { recursive: true, force: true }));
  try {
    const miner = await cluster.add('miner', 'miner', { flags: ['--no-mining-enabled'] });
    await miner.start();
    const seeds = [await miner.multiaddr()];
    const full = await cluster.add('full', 'full', { seeds });
    const light = await cluster.add('light', 'light', { seeds });
    await Promise.all([full.start(), light.start()]);
    await sleep(SETTLE_MS);
    const nodes: readonly (readonly [string, TestNode])[] = [
      ['full', full],
      ['miner', miner],
      ['light', light],
    ];
    for (const [role, node] of nodes) {
      const list = values.get(role) ?? [];
      values.set(role, [...list, residentMB(node.pid as number)]);
    }
    await Promise.all(cluster.nodes.map((node) => node.stop()));
  } finally {
    await cluster.end();
  }
}

export const suite: Suite = {
  name: 'memory',
  about: 'resident memory of a full, a miner and a light process that are connected, five seconds after their start',
  async run(bench) {
    const values = new Map<string, number[]>();
    for (let run = 0; run < bench.runs; run++) await measure(bench, values);
    for (const [role, list] of values) bench.report(role, 'MB', list, { network: 'regtest', blocks: 0 });
  },
};
