import { subsidyAt } from '../../params/subsidy.ts';
import { isMoney } from '../../primitives/amount.ts';
import type { Block } from '../../primitives/block.ts';
import { MAX_BLOCK_SIGOP_COST } from '../../primitives/limits.ts';
import { type Broken, broken, type Check, PASSED, passed } from '../../primitives/rules.ts';
import { TXS_PER_STEP, type Tx, type TxOut } from '../../primitives/tx.ts';
import { inSlices, runSteps, type Steps } from '../../util/steps.ts';
import type { Coin, UtxoDiff, UtxoView } from '../coin.ts';
import type { ConnectContext } from '../context.ts';
import type { ScriptJob } from '../scriptJob.ts';
import { checkSpend } from '../tx/checkTxInUtxoView.ts';
import { checkLegacySigOps } from '../tx/cleanup.ts';
import { checkSequenceLocks } from '../tx/sequenceLocks.ts';
import { txSigOpCost } from '../tx/sigOpCost.ts';
import { bip30For, checkNoOverwrite } from './bip30.ts';
import { BlockCoins } from './blockCoins.ts';
import { scriptFlagsOf } from './scriptFlags.ts';

/** What connecting a block does. Valid once every script job has passed. */
export interface ConnectedBlock {
  readonly diff: UtxoDiff;
  /** Sum of all fees, satoshi. */
  readonly fees: bigint;
  /** One per transaction but the coinbase, in block order. */
  readonly scriptJobs: readonly ScriptJob[];
}

/** What a coinbase spends. */
const NOTHING: readonly TxOut[] = [];

/** Relative locks have ended (BIP68, from its height on). In a block Core gives them the reason of absolute ones. */
function checkLocks(tx: Tx, coins: readonly Coin[], ctx: ConnectContext): Check {
  if (ctx.height < ctx.params.heights.csv) return PASSED;
  const locks = checkSequenceLocks(tx, coins, ctx);
  return locks.ok ? PASSED : broken('bad-txns-nonfinal', locks.detail);
}

/** The coinbase pays at most the subsidy and the fees (Bitcoin Core ConnectBlock). */
function checkCoinbaseAmount(coinbase: Tx, fees: bigint, ctx: ConnectContext): Check {
  let paid = 0n;
  for (const out of coinbase.outputs) paid += out.value;
  const allowed = subsidyAt(ctx.height, ctx.params) + fees;
  return paid <= allowed ? PASSED : broken('bad-cb-amount', `coinbase pays ${paid}, at most ${allowed} is allowed`);
}

/** What connecting a block comes to, transaction by transaction. */
class Connection {
  readonly scriptJobs: ScriptJob[] = [];
  readonly coins: BlockCoins;
  readonly #txs: readonly Tx[];
  readonly #ctx: ConnectContext;
  readonly #flags: number;
  readonly #replaces: boolean;
  #fees = 0n;
  #sigOpCost = 0;

  constructor(block: Block, view: UtxoView, ctx: ConnectContext) {
    this.coins = new BlockCoins(block, view, ctx.height);
    this.#txs = block.txs;
    this.#ctx = ctx;
    this.#flags = scriptFlagsOf(block.header, ctx.height, ctx.params);
    this.#replaces = bip30For(block, ctx) === 'repeat';
  }

  /** Satoshi, so far. */
  get fees(): bigint {
    return this.#fees;
  }

  /** Transactions [from, to), which follow those judged before. Undefined when they keep the rules. */
  take(from: number, to: number): Broken | undefined {
    for (let i = from; i < to; i++) {
      const tx = this.#txs[i] as Tx;
      const spent = tx.isCoinbase ? passed(NOTHING) : this.#spend(i, tx);
      if (!spent.ok) return broken(spent.rule, `transaction ${tx.id}: ${spent.detail}`);
      this.#sigOpCost += txSigOpCost(tx, spent.value, this.#flags);
      if (this.#sigOpCost > MAX_BLOCK_SIGOP_COST)
        return broken('bad-blk-sigops', `signature operation cost ${this.#sigOpCost} up to transaction ${tx.id}`);
      if (this.#replaces) this.coins.replace(i);
    }
    return undefined;
  }

  /** The outputs that the inputs of transaction `i` spend, which it may. */
  #spend(i: number, tx: Tx): Check<readonly TxOut[]> {
    const { height, params } = this.#ctx;
    const found = this.coins.spend(i);
    const spend = found.ok ? checkSpend(tx, found.value, height, params.coinbaseMaturity) : found;
    if (!spend.ok) return spend;
    this.#fees += spend.value.fee;
    if (!isMoney(this.#fees)) return broken('bad-txns-accumulated-fee-outofrange', `fees sum to ${this.#fees}`);
    const locks = checkLocks(tx, spend.value.coins, this.#ctx);
    if (!locks.ok) return locks;
    const spent = spend.value.coins.map((coin) => coin.out);
    const sigOps = params.bip54 ? checkLegacySigOps(tx, spent) : PASSED;
    if (!sigOps.ok) return sigOps;
    this.scriptJobs.push({ tx, spent, flags: this.#flags });
    return passed(spent);
  }
}

/**
 * Judges a block against the coins before it and says how it changes them (Bitcoin Core ConnectBlock). Pure: `view` must
 * hold what neededCoins asked for. The block passed checkBlockAlone and checkBlockInHeaderContext. Scripts are left to the
 * caller as jobs; their failure breaks 'block-script-verify-flag-failed'.
 */
export function connectBlock(block: Block, view: UtxoView, ctx: ConnectContext): Check<ConnectedBlock> {
  return runSteps(connectingBlock(block, view, ctx));
}

/** connectBlock in steps. `view` must not change in between. */
export function* connectingBlock(block: Block, view: UtxoView, ctx: ConnectContext): Steps<Check<ConnectedBlock>> {
  const overwrite = checkNoOverwrite(block, view, ctx);
  if (!overwrite.ok) return overwrite;
  yield* block.linking();
  const connection = new Connection(block, view, ctx);
  const fault = yield* inSlices(block.txs.length, TXS_PER_STEP, (from, to) => connection.take(from, to));
  if (fault !== undefined) return fault;
  const { coins, fees, scriptJobs } = connection;
  const amount = checkCoinbaseAmount(block.txs[0] as Tx, fees, ctx);
  if (!amount.ok) return amount;
  return passed({ diff: yield* coins.diff(), fees, scriptJobs });
}
