import { cpSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { TestNode } from '../../support/nodeProcess.ts';
import { until } from '../../support/wait.ts';
import { type Part, partFacts, type WorkloadPlan, workload } from '../chain/workload.ts';
import type { Bench, Suite } from '../harness.ts';
import { ourselves } from '../importers.ts';
import type { LoopReading } from '../loopProbe.ts';
import { ProbedNode } from '../probedNode.ts';

const PAYMENTS = 2500;
const TIMEOUT_MS = 120_000;
const IDLE_MS = 2000;

/** One node fetches and connects the payments from the other; how its event loop did before and meanwhile. */
async function syncOnce(server: TestNode, dir: string, group: string, payments: Part) {
  const node = await ProbedNode.start(dir, group);
  try {
    await node.reset();
    await sleep(IDLE_MS);
    const idle = await node.read();
    await node.reset();
    const begin = performance.now();
    await node.rpc('addnode', await server.multiaddr(), 'add');
    await until('the last block', TIMEOUT_MS, async () => (await node.rpc('getbestblockhash')) === payments.tip, 50);
    return { idle, loop: await node.read(), seconds: (performance.now() - begin) / 1000 };
  } finally {
    await node.stop();
  }
}

async function measure(bench: Bench): Promise<void> {
  const blocks = bench.quick ? 4 : 20;
  const plan: WorkloadPlan = {
    seed: 4,
    owners: 'p2wpkh',
    steps: [{ fund: bench.quick ? 10_000 : 40_000 }, { pay: [blocks, PAYMENTS, PAYMENTS] }],
  };
  const [funding, payments] = workload(plan) as [Part, Part];
  const [funded, whole] = [bench.tempDir(), bench.tempDir()];
  const importer = ourselves();
  await importer.take(funded, [funding]);
  cpSync(funded, whole, { recursive: true });
  await importer.take(whole, [payments]);

  const group = `bench-${process.pid}`;
  const server = await TestNode.create({ dir: whole, role: 'full', network: 'regtest', group });
  const results: Awaited<ReturnType<typeof syncOnce>>[] = [];
  try {
    await server.start();
    for (let run = 0; run < bench.runs; run++) {
      const dir = bench.tempDir();
      cpSync(funded, dir, { recursive: true });
      results.push(await syncOnce(server, dir, group, payments));
      rmSync(dir, { recursive: true, force: true });
    }
  } finally {
    await server.stop();
  }
  const facts = { ...partFacts(plan, payments), paymentsPerBlock: PAYMENTS };
  const of = (pick: (loop: LoopReading) => number): number[] => results.map(({ loop }) => pick(loop));
  bench.report(
    'longest-stall',
    'ms',
    of((loop) => loop.maxMs),
    facts,
  );
  bench.report(
    'longest-stall.cpu',
    'ms',
    of((loop) => loop.maxCpuMs),
    facts,
  );
  bench.report(
    'stall-p99',
    'ms',
    of((loop) => loop.p99Ms),
    facts,
  );
  bench.report(
    'loop-busy',
    'share',
    of((loop) => loop.busyShare),
    facts,
  );
  bench.report(
    'idle.longest-stall',
    'ms',
    results.map(({ idle }) => idle.maxMs),
    { seconds: IDLE_MS / 1000 },
  );
  bench.report(
    'sync',
    'blocks/s',
    results.map(({ seconds }) => payments.blocks / seconds),
    facts,
  );
}

export const suite: Suite = {
  name: 'event-loop',
  about:
    'longest stall of the event loop of a running node while blocks of 2,500 payments come from a peer and connect',
  async run(bench) {
    usePlatformCrypto();
    await measure(bench);
  },
};
