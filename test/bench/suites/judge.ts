import assert from 'node:assert/strict';
import { checkBlockAlone } from '../../../src/ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../../../src/ledger/block/checkBlockInHeaderContext.ts';
import { connectBlock } from '../../../src/ledger/block/connectBlock.ts';
import { neededCoins } from '../../../src/ledger/block/neededCoins.ts';
import type { Coin } from '../../../src/ledger/coin.ts';
import type { ConnectContext } from '../../../src/ledger/context.ts';
import { CoinMap } from '../../../src/ledger/utxoOverlay.ts';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { decodeBlock } from '../../../src/primitives/block.ts';
import { outPointKey } from '../../../src/primitives/outpoint.ts';
import type { Check } from '../../../src/primitives/rules.ts';
import { encodeUndo } from '../../../src/store/undoCodec.ts';
import { readBlocks } from '../chain/blockFile.ts';
import { type Part, partFacts, referencePlan, regtest, workload } from '../chain/workload.ts';
import { type Bench, busy, type Span, type Suite, timed } from '../harness.ts';

const PHASES = ['decode', 'alone', 'in-header-context', 'connect', 'undo'] as const;

/** CPU time of this process, all threads, in µs: the garbage collector's work is done on others. */
type Costs = Record<(typeof PHASES)[number], number>;

function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function passedBy<T>(verdict: Check<T>): T {
  assert(verdict.ok, verdict.ok ? '' : `${verdict.rule}: ${verdict.detail}`);
  return verdict.value;
}

/** The time of every block's parent is long after every lock. */
function contextAt(height: number): ConnectContext {
  const params = regtest().consensus;
  return { height, medianTimePast: 2 ** 32 - 1, params, medianTimeAt: () => 0, idAt: () => '' };
}

/** Everything that is done to a block but scripts and storage; what it needs of coins is in `coins[i]` already. */
function judge(bytes: Uint8Array, height: number, coins: readonly (Coin | undefined)[], costs: Costs) {
  let last = cpuNow();
  const lap = (phase: keyof Costs): void => {
    const now = cpuNow();
    costs[phase] += now - last;
    last = now;
  };
  const ctx = contextAt(height);
  const block = decodeBlock(bytes);
  lap('decode');
  passedBy(checkBlockAlone(block));
  lap('alone');
  passedBy(checkBlockInHeaderContext(block, ctx));
  lap('in-header-context');
  const { diff } = passedBy(connectBlock(block, CoinMap.of(neededCoins(block, ctx), coins), ctx));
  lap('connect');
  encodeUndo(diff.spent);
  lap('undo');
  return diff;
}

const noCosts = (): Costs => ({ decode: 0, alone: 0, 'in-header-context': 0, connect: 0, undo: 0 });

/** The blocks of the last part, each with its height and the coins it needs. */
function prepared(parts: readonly Part[]) {
  const all = new Map<string, Coin>();
  let height = 0;
  return parts.flatMap(({ path }) =>
    Array.from(readBlocks(path), (bytes) => {
      const at = ++height;
      const coins = neededCoins(decodeBlock(bytes), contextAt(at)).map((outpoint) => all.get(outPointKey(outpoint)));
      const { spent, added } = judge(bytes, at, coins, noCosts());
      for (const { outpoint } of spent) all.delete(outPointKey(outpoint));
      for (const { outpoint, coin } of added) {
        // A copy, as from the store: the coin must not keep the block.
        const out = { ...coin.out, scriptPubKey: coin.out.scriptPubKey.slice() };
        all.set(outPointKey(outpoint), { ...coin, out });
      }
      return { bytes, height: at, coins };
    }),
  );
}

async function measure(bench: Bench): Promise<void> {
  const plan = referencePlan(bench.quick);
  const parts = workload(plan);
  const payments = parts.at(-1) as Part;
  const blocks = prepared(parts).slice(-payments.blocks);
  const spans: Span[] = [];
  const runs: Costs[] = [];
  for (let run = 0; run < bench.runs; run++) {
    const costs = noCosts();
    spans.push(
      await timed(() => {
        for (const { bytes, height, coins } of blocks) judge(bytes, height, coins, costs);
      }),
    );
    runs.push(costs);
  }
  const facts = partFacts(plan, payments);
  const perCpuSecond = spans.map(({ cpuSeconds }) => payments.inputs / cpuSeconds);
  bench.report('inputs', 'inputs/s', perCpuSecond, { ...facts, ...busy(spans) });
  for (const phase of PHASES) {
    const perTx = runs.map((costs) => costs[phase] / payments.txs);
    bench.report(phase, 'µs/tx', perTx, facts);
  }
}

export const suite: Suite = {
  name: 'judge',
  about: 'what blocks of payments cost besides scripts and storage: decoding, ids, every rule, coins, undo data',
  async run(bench) {
    usePlatformCrypto();
    await measure(bench);
  },
};
