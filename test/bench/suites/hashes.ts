import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HashProvider, hashProvider, jsHashProvider } from '../../../src/crypto/hash.ts';
import { nodeHashProvider } from '../../../src/crypto/hashNative.node.ts';
import { wasmHashProvider } from '../../../src/crypto/hashWasm.ts';
import { StopSource } from '../../../src/miner/stopSource.ts';
import { WorkerPool } from '../../../src/miner/workerPool.node.ts';
import type { Network } from '../../../src/params/network.ts';
import { builtInNetwork } from '../../../src/params/networks.ts';
import { nodejs, usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { encodeHeader } from '../../../src/primitives/header.ts';
import { silentLogger } from '../../../src/util/ports.ts';
import type { Bench, Suite } from '../harness.ts';

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

/** A call of a provider and the number of hashes that it makes. */
interface Call {
  readonly hashes: number;
  run(provider: HashProvider): void;
}

const message = (bytes: number, seed = 0): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => i * 7 + seed);
const messages = (count: number, bytes: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => message(bytes, i));

/** What blocks hash: sighash parts, keys, merkle pairs, signature hashes, transactions; and where node:crypto takes over. */
function calls(): ReadonlyMap<string, Call> {
  const made = new Map<string, Call>();
  const single = (name: 'sha256' | 'hash256' | 'hash160', sizes: readonly number[]): void => {
    for (const bytes of sizes) {
      const data = message(bytes);
      made.set(`${name}.${bytes}`, { hashes: 1, run: (provider) => void provider[name](data) });
    }
  };
  single('sha256', [36, 64, 100, 150, 400, 2000, 1_000_000]);
  single('hash256', [64, 182, 200, 400, 2000]);
  single('hash160', [33]);
  for (const bytes of [64, 200, 370, 600, 1000, 2000]) {
    const batch = messages(100, bytes);
    made.set(`hash256-each.${bytes}`, { hashes: batch.length, run: (provider) => void provider.hash256Each(batch) });
  }
  const leaves = messages(2000, 32);
  made.set('merkle-root.2000', { hashes: leaves.length, run: (provider) => void provider.hash256Tree(leaves) });
  return made;
}

/** Nanoseconds of CPU time per hash, one value per run. */
function nanoseconds({ hashes, run }: Call, provider: HashProvider, runs: number, ms: number): number[] {
  const repeat = (times: number): number => {
    const { user, system } = process.cpuUsage();
    for (let i = 0; i < times; i++) run(provider);
    const after = process.cpuUsage();
    return after.user + after.system - user - system;
  };
  // Doubled until it takes long enough, which also warms up.
  let times = 1;
  while (repeat(times) < ms * 1000) times *= 2;
  return Array.from({ length: runs }, () => (repeat(times) * 1000) / (times * hashes));
}

/** Every call by every provider, and by the one that the node installs. */
function byProvider(bench: Bench): void {
  usePlatformCrypto();
  const providers = new Map([
    ['node', hashProvider()],
    ['wasm-simd', wasmHashProvider(jsHashProvider)],
    ['wasm', wasmHashProvider(jsHashProvider, { simd: false })],
    ['node-crypto', nodeHashProvider],
    ['noble', jsHashProvider],
  ]);
  for (const [name, call] of calls()) {
    for (const [which, provider] of providers) {
      if (provider === undefined) continue;
      const values = nanoseconds(call, provider, bench.runs, bench.quick ? 4 : 50);
      bench.report(`${name}.${which}`, 'ns/hash', values, { provider: provider.name });
    }
  }
}

export const suite: Suite = {
  name: 'hashes',
  about: 'hashes by size and provider; block header hashes of the mining threads: one thread, and one per core',
  async run(bench) {
    byProvider(bench);
    const ms = bench.quick ? 1000 : 4000;
    const cores = os.availableParallelism();
    bench.report('one-thread', 'hashes/s', await rates(1, bench.runs, ms), { threads: 1 });
    if (cores > 1) bench.report('all-cores', 'hashes/s', await rates(cores, bench.runs, ms), { threads: cores });
  },
};
