import type { ChainReader } from '../chain/chain.ts';
import type { ScriptChecker } from '../chain/ports.ts';
import { scriptFlagsAt } from '../ledger/block/scriptFlags.ts';
import type { Coin, UtxoView } from '../ledger/coin.ts';
import type { ConnectContext } from '../ledger/context.ts';
import { checkTxAlone } from '../ledger/tx/checkTxAlone.ts';
import { checkTxInHeaderContext } from '../ledger/tx/checkTxInHeaderContext.ts';
import { checkTxInUtxoView } from '../ledger/tx/checkTxInUtxoView.ts';
import { checkLegacySigOps } from '../ledger/tx/cleanup.ts';
import { checkSequenceLocks } from '../ledger/tx/sequenceLocks.ts';
import { txSigOpCost } from '../ledger/tx/sigOpCost.ts';
import type { ConsensusParams } from '../params/network.ts';
import { feeAt } from '../primitives/amount.ts';
import { MAX_BLOCK_SIGOP_COST } from '../primitives/limits.ts';
import { NODE_PAIR_SIZE } from '../primitives/merkle.ts';
import { displayOutPoint } from '../primitives/outpoint.ts';
import { broken, type Check, PASSED, passed } from '../primitives/rules.ts';
import type { Tx, TxOut } from '../primitives/tx.ts';
import { virtualSize } from './feeRate.ts';
import { lookUpInputs } from './inputs.ts';
import { nextBlockAfter } from './nextBlock.ts';
import { checkPackageLimits } from './packageLimits.ts';
import { checkStandardInputs } from './policy/standardInputs.ts';
import { checkNoFeeWithDust, checkStandardTx } from './policy/standardTx.ts';
import type { PoolNodeFields } from './poolNode.ts';
import { checkPoolScripts } from './poolScripts.ts';
import type { PoolSettings } from './settings.ts';
import type { TxGraph } from './txGraph.ts';

/** What judging needs to know. */
export interface AdmitPorts {
  readonly chain: ChainReader;
  readonly params: ConsensusParams;
  readonly scripts: ScriptChecker;
  readonly graph: TxGraph;
  readonly settings: PoolSettings;
  /** The floor that eviction raised, satoshi per 1000 vbytes; 0n for none. */
  feeFloor(): bigint;
}

export interface AdmissionRequest {
  /** Satoshi per 1000 vbytes above which the fee is taken for a mistake; undefined or 0n: none. */
  readonly maxFeeRate?: bigint;
  /** True after a reorganisation: the transaction paid enough once, so fee floors do not hold. */
  readonly restoring: boolean;
  /** Unix milliseconds of an earlier admission. */
  readonly timeMs: number | undefined;
}

/** Kept between two tries at the same transaction: scripts do not depend on the tip. */
export interface ScriptsPassed {
  policy: boolean;
}

export type Admissible = Omit<PoolNodeFields, 'tx' | 'timeMs' | 'sequence'>;

/** Fewer bytes without witness might be mistaken for an inner merkle node (CVE-2017-12842; Core MIN_STANDARD_TX_NONWITNESS_SIZE). */
const MIN_NONWITNESS_SIZE = NODE_PAIR_SIZE + 1;
/** A fifth of a block's (Bitcoin Core MAX_STANDARD_TX_SIGOPS_COST). */
const MAX_SIGOP_COST = MAX_BLOCK_SIGOP_COST / 5;

/** Rules that need the transaction and policy alone. */
function checkAlone(tx: Tx, settings: PoolSettings): Check {
  const alone = checkTxAlone(tx);
  if (!alone.ok) return alone;
  if (tx.isCoinbase) return broken('coinbase', 'a coinbase is valid in a block only');
  if (settings.requireStandard) {
    const standard = checkStandardTx(tx, settings);
    if (!standard.ok) return standard;
  }
  if (tx.strippedSize < MIN_NONWITNESS_SIZE)
    return broken('tx-size-small', `${tx.strippedSize} bytes without witness, at least ${MIN_NONWITNESS_SIZE}`);
  return PASSED;
}

/** The pool has neither the transaction nor one that spends an output it spends. */
function checkAgainstPool(tx: Tx, graph: TxGraph): Check {
  if (graph.getByWtxid(tx.wtxid) !== undefined) return broken('txn-already-in-mempool', tx.id);
  if (graph.get(tx.txid) !== undefined) return broken('txn-same-nonwitness-data-in-mempool', tx.id);
  for (const { prevout } of tx.inputs) {
    const rival = graph.spender(prevout);
    if (rival !== undefined)
      return broken('txn-mempool-conflict', `${displayOutPoint(prevout)} is spent by ${rival.tx.id}`);
  }
  return PASSED;
}

/** The fee covers the floor that eviction raised and the owner's own (Bitcoin Core CheckFeeRate). */
function checkFeeFloors(fee: bigint, vsize: number, ports: AdmitPorts): Check {
  const raised = feeAt(ports.feeFloor(), vsize);
  if (fee < raised) return broken('mempool min fee not met', `${fee} < ${raised}`);
  const own = feeAt(ports.settings.minRelayFeeRate, vsize);
  return fee < own ? broken('min relay fee not met', `${fee} < ${own}`) : PASSED;
}

interface Spend {
  readonly fee: bigint;
  readonly coins: readonly Coin[];
  readonly sigopCost: number;
}

/** Rules that need the coins, in Bitcoin Core's order (MemPoolAccept::PreChecks). */
function checkSpend(tx: Tx, view: UtxoView, ctx: ConnectContext, ports: AdmitPorts, flags: number): Check<Spend> {
  const { params, settings } = ports;
  const summary = checkTxInUtxoView(tx, view, ctx.height, params.coinbaseMaturity);
  if (!summary.ok) return summary;
  const { fee, coins } = summary.value;
  const locks = checkSequenceLocks(tx, coins, ctx);
  if (!locks.ok) return locks;
  const spent = coins.map((coin) => coin.out);
  const legacy = params.bip54 ? checkLegacySigOps(tx, spent) : PASSED;
  if (!legacy.ok) return legacy;
  if (settings.requireStandard) {
    const inputs = checkStandardInputs(tx, spent);
    if (!inputs.ok) return inputs;
  }
  const sigopCost = txSigOpCost(tx, spent, flags);
  if (sigopCost > MAX_SIGOP_COST) return broken('bad-txns-too-many-sigops', `cost ${sigopCost}`);
  if (settings.requireStandard) {
    const dust = checkNoFeeWithDust(tx, fee, settings);
    if (!dust.ok) return dust;
  }
  return passed({ fee, coins, sigopCost });
}

function checkMaxFee(tx: Tx, fee: bigint, maxFeeRate: bigint | undefined): Check {
  if (maxFeeRate === undefined || maxFeeRate === 0n) return PASSED;
  const most = feeAt(maxFeeRate, tx.vsize);
  return fee > most ? broken('max-fee-exceeded', `fee ${fee} is above the maximum of ${most}`) : PASSED;
}

/**
 * Judges a transaction for the block after the tip and the pool as they are now. The answer holds only while neither the
 * tip nor the pool changes: the caller looks, without an await between, before it acts on it. Changes nothing.
 */
export async function judgeAdmission(
  ports: AdmitPorts,
  tx: Tx,
  request: AdmissionRequest,
  scripts: ScriptsPassed,
): Promise<Check<Admissible>> {
  const { chain, params, graph, settings } = ports;
  const alone = checkAlone(tx, settings);
  if (!alone.ok) return alone;
  const tip = chain.tip();
  const ctx = nextBlockAfter(tip, chain, params);
  const final = checkTxInHeaderContext(tx, { height: ctx.height, time: ctx.medianTimePast });
  if (!final.ok) return final;
  const known = checkAgainstPool(tx, graph);
  if (!known.ok) return known;
  const view = await lookUpInputs(tx, chain, graph, ctx.height);
  if (!view.ok) return view;

  const consensusFlags = scriptFlagsAt(ctx.height, params);
  const spend = checkSpend(tx, view.value, ctx, ports, consensusFlags);
  if (!spend.ok) return spend;
  const { fee, coins, sigopCost } = spend.value;
  const vsize = virtualSize(tx, sigopCost);
  if (!request.restoring) {
    const floors = checkFeeFloors(fee, vsize, ports);
    if (!floors.ok) return floors;
  }
  const limits = checkPackageLimits(tx, vsize, graph, settings);
  if (!limits.ok) return limits;
  if (!scripts.policy) {
    const spent: TxOut[] = coins.map((coin) => coin.out);
    const verdict = await checkPoolScripts(ports.scripts, tx, spent, consensusFlags, settings.requireStandard);
    if (!verdict.ok) return verdict;
    scripts.policy = true;
  }
  const most = checkMaxFee(tx, fee, request.maxFeeRate);
  if (!most.ok) return most;
  return passed({ fee, height: tip.height, sigopCost, spent: coins });
}
