import { subsidyAt } from '../../params/subsidy.ts';
import { isMoney } from '../../primitives/amount.ts';
import type { Block } from '../../primitives/block.ts';
import { MAX_BLOCK_SIGOP_COST } from '../../primitives/limits.ts';
import { broken, type Check, PASSED, passed } from '../../primitives/rules.ts';
import type { Tx, TxOut } from '../../primitives/tx.ts';
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

/**
 * Judges a block against the coins before it and says how it changes them (Bitcoin Core ConnectBlock). Pure: `view` must
 * hold what neededCoins asked for. The block passed checkBlockAlone and checkBlockInHeaderContext. Scripts are left to the
 * caller as jobs; their failure breaks 'block-script-verify-flag-failed'.
 */
export function connectBlock(block: Block, view: UtxoView, ctx: ConnectContext): Check<ConnectedBlock> {
  const overwrite = checkNoOverwrite(block, view, ctx);
  if (!overwrite.ok) return overwrite;
  const coins = new BlockCoins(block, view, ctx.height);
  const replaces = bip30For(block, ctx) === 'repeat';
  const flags = scriptFlagsOf(block.header, ctx.height, ctx.params);
  const scriptJobs: ScriptJob[] = [];
  let fees = 0n;
  let sigOpCost = 0;
  for (let i = 0; i < block.txs.length; i++) {
    const tx = block.txs[i] as Tx;
    let spent: readonly TxOut[] = NOTHING;
    if (!tx.isCoinbase) {
      const found = coins.spend(i);
      const spend = found.ok ? checkSpend(tx, found.value, ctx.height, ctx.params.coinbaseMaturity) : found;
      if (!spend.ok) return broken(spend.rule, `transaction ${tx.id}: ${spend.detail}`);
      fees += spend.value.fee;
      if (!isMoney(fees)) return broken('bad-txns-accumulated-fee-outofrange', `fees up to ${tx.id} sum to ${fees}`);
      const locks = checkLocks(tx, spend.value.coins, ctx);
      if (!locks.ok) return broken(locks.rule, `transaction ${tx.id}: ${locks.detail}`);
      spent = spend.value.coins.map((coin) => coin.out);
      const sigOps = ctx.params.bip54 ? checkLegacySigOps(tx, spent) : PASSED;
      if (!sigOps.ok) return broken(sigOps.rule, `transaction ${tx.id}: ${sigOps.detail}`);
      scriptJobs.push({ tx, spent, flags });
    }
    sigOpCost += txSigOpCost(tx, spent, flags);
    if (sigOpCost > MAX_BLOCK_SIGOP_COST)
      return broken('bad-blk-sigops', `signature operation cost ${sigOpCost} up to transaction ${tx.id}`);
    if (replaces) coins.replace(i);
  }
  const amount = checkCoinbaseAmount(block.txs[0] as Tx, fees, ctx);
  if (!amount.ok) return amount;
  return passed({ diff: coins.diff(), fees, scriptJobs });
}
