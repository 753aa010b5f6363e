import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { StopSource } from '../../../src/miner/stopSource.ts';
import { WorkerPool } from '../../../src/miner/workerPool.node.ts';
import type { Network } from '../../../src/params/network.ts';
import { builtInNetwork } from '../../../src/params/networks.ts';
import { nodejs } from '../../../src/platform/nodejs.node.ts';
import { encodeHeader } from '../../../src/primitives/header.ts';
import { silentLogger } from '../../../src/util/ports.ts';
import type { Suite } from '../harness.ts';

const WARM_UP_MS = 500;

/** Hashes per second of `threads` mining threads, one value per run. */
async function rates(threads: number, runs: number, ms: number): Promise<number[]> {
  const pool = new WorkerPool({ threads, timers: nodejs.timers, log: silentLogger });
  const stop = new StopSource();
  const values: number[] = [];
  // No hash is at or below zero, so the search goes on until it is stopped.
  const target = new Uint8Array(32);
  const search = pool.search(encodeHeader((builtInNetwork('regtest') as Network).genesis.header), target, stop);
  await sleep(WARM_UP_MS);
  for (let run = 0; run < runs; run++) {
    const [before, start] = [pool.hashes(), performance.now()];
    await sleep(ms);
    values.push(Number(pool.hashes() - before) / ((performance.now() - start) / 1000));
  }
  stop.abort();
  await search;
  await pool.close();
  return values;
}

export const suite: Suite = {
  name: 'hashes',
  about: 'block header hashes of the mining threads: one thread, and one per core',
  async run(bench) {
    const ms = bench.quick ? 1000 : 4000;
    const cores = os.availableParallelism();
    bench.report('one-thread', 'hashes/s', await rates(1, bench.runs, ms), { threads: 1 });
    if (cores > 1) bench.report('all-cores', 'hashes/s', await rates(cores, bench.runs, ms), { threads: cores });
  },
};
