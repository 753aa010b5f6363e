import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { cleanEnv, MAIN, TestNode } from '../../support/nodeProcess.ts';
import { until } from '../../support/wait.ts';
import { type Part, partFacts, referencePlan, workload } from '../chain/workload.ts';
import { type Bench, median, type Suite } from '../harness.ts';
import { ourselves } from '../importers.ts';
import { start } from '../processes.ts';

const TIMEOUT_MS = 600_000;
const LOOK_MS = 5;

/** What one start took, and where the chain was then. */
interface Started {
  readonly ms: number;
  readonly height: number;
}

/** Starts a node on `dir`, waits for the first answer of its RPC that is not about warming up, and ends it with `signal`. */
async function startAndEnd(dir: string, signal: NodeJS.Signals): Promise<Started> {
  const group = `bench-${process.pid}`;
  const node = await TestNode.create({ dir, role: 'full', network: 'regtest', group });
  const begin = performance.now();
  node.spawn();
  try {
    const ask = async (): Promise<number> => {
      if (!node.alive) throw new Error(`the node ended: ${node.output.slice(-2000)}`);
      return (await node.height()) + 1;
    };
    const height = (await until('an answer', TIMEOUT_MS, ask, LOOK_MS)) - 1;
    return { ms: performance.now() - begin, height };
  } finally {
    await node.stop(signal);
  }
}

/** Imports `part` and kills the process after `seconds`; false when it had ended before. */
async function killedImport(dir: string, part: Part, seconds: number): Promise<boolean> {
  const args = ['blocks', 'import', part.path, '--datadir', dir, '--network', 'regtest'];
  const { child, ended } = start([process.execPath, MAIN, ...args], cleanEnv());
  await sleep(seconds * 1000);
  child.kill('SIGKILL');
  return (await ended).code === 'SIGKILL';
}

async function measure(bench: Bench): Promise<void> {
  const plan = referencePlan(bench.quick);
  const parts = workload(plan);
  const [before, payments] = [parts.slice(0, -1), parts.at(-1) as Part];
  const [dir, half] = [bench.tempDir(), bench.tempDir()];
  const importer = ourselves();
  await importer.take(dir, before);
  cpSync(dir, half, { recursive: true });
  const { seconds } = await importer.take(dir, [payments]);

  const [clean, killed, interrupted]: [Started[], Started[], Started[]] = [[], [], []];
  // The first makes the node's key and other files of a new data directory.
  await startAndEnd(dir, 'SIGTERM');
  for (let run = 0; run < bench.runs; run++) {
    clean.push(await startAndEnd(dir, 'SIGKILL'));
    killed.push(await startAndEnd(dir, 'SIGTERM'));
    const torn = bench.tempDir();
    cpSync(half, torn, { recursive: true });
    if (await killedImport(torn, payments, seconds * 0.6)) interrupted.push(await startAndEnd(torn, 'SIGTERM'));
    else console.error('bench: an import had ended before it was to be killed');
    rmSync(torn, { recursive: true, force: true });
  }
  for (const { height } of [...clean, ...killed]) assert.equal(height, payments.height);
  const ms = (starts: readonly Started[]): number[] => starts.map((one) => one.ms);
  const facts = partFacts(plan, payments);
  bench.report('clean', 'ms', ms(clean), { ...facts, height: payments.height });
  bench.report('killed', 'ms', ms(killed), { ...facts, height: payments.height });
  if (interrupted.length === 0) return;
  const height = median(interrupted.map((one) => one.height));
  bench.report('killed-import', 'ms', ms(interrupted), { ...facts, height });
}

export const suite: Suite = {
  name: 'restart',
  about:
    'from starting a node on a chain of payments to its first RPC answer: after a stop, kill -9, and kill -9 of an import',
  async run(bench) {
    usePlatformCrypto();
    await measure(bench);
  },
};
