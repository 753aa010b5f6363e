import type { Block } from '../../primitives/block.ts';
import { displayHash } from '../../primitives/hash.ts';
import { MAX_BLOCK_WEIGHT } from '../../primitives/limits.ts';
import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import type { Tx } from '../../primitives/tx.ts';
import {
  committedWitnessHash,
  witnessCommitmentHash,
  witnessCommitmentIndex,
} from '../../primitives/witnessCommitment.ts';
import { pushNumber } from '../../script/push.ts';
import { equalBytes } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';
import { runSteps, type Steps } from '../../util/steps.ts';
import type { BlockContext } from '../context.ts';
import { isFinalTx, type LockTimePoint } from '../tx/checkTxInHeaderContext.ts';
import { checkCleanup } from './cleanup.ts';

/** What lock times of a block's transactions are compared with: BIP113 takes the parent's median time. */
export function lockTimePoint(blockTime: number, ctx: BlockContext): LockTimePoint {
  const bip113 = ctx.height >= ctx.params.heights.csv;
  return { height: ctx.height, time: bip113 ? ctx.medianTimePast : blockTime };
}

/** Every lock time has passed. */
function checkFinality(block: Block, ctx: BlockContext): Check {
  const at = lockTimePoint(block.header.time, ctx);
  const early = block.txs.find((tx) => !isFinalTx(tx, at));
  if (early === undefined) return PASSED;
  return broken('bad-txns-nonfinal', `transaction ${early.id} has lock time ${early.lockTime}`);
}

/** The coinbase script starts with the block's height (BIP34). */
function checkCoinbaseHeight(block: Block, ctx: BlockContext): Check {
  if (ctx.height < ctx.params.heights.bip34) return PASSED;
  const expected = pushNumber(ctx.height);
  const script = block.txs[0]?.inputs[0]?.scriptSig.subarray(0, expected.length);
  if (script !== undefined && equalBytes(script, expected)) return PASSED;
  return broken('bad-cb-height', `coinbase script does not start with ${toHex(expected)} for height ${ctx.height}`);
}

/** A commitment that is there is right: one reserved value of 32 bytes, and the hash over the witness root (BIP141). */
function* checkCommitment(block: Block, coinbase: Tx, index: number): Steps<Check> {
  const stack = coinbase.inputs[0]?.witness ?? [];
  const reserved = stack[0];
  if (stack.length !== 1 || reserved === undefined || reserved.length !== 32)
    return broken('bad-witness-nonce-size', `coinbase witness of ${stack.length} items instead of one of 32 bytes`);
  const { root } = yield* block.makingWitnessRoot();
  const expected = witnessCommitmentHash(root, reserved);
  const output = coinbase.outputs[index];
  if (output !== undefined && equalBytes(committedWitnessHash(output.scriptPubKey), expected)) return PASSED;
  return broken('bad-witness-merkle-match', `witnesses hash to ${displayHash(expected)}`);
}

/** Witnesses stand only in blocks that commit to them (BIP141; Bitcoin Core CheckWitnessMalleation). */
function checkWitnesses(block: Block, ctx: BlockContext): Check | Steps<Check> {
  const coinbase = block.txs[0];
  if (coinbase !== undefined && ctx.height >= ctx.params.heights.segwit) {
    const index = witnessCommitmentIndex(coinbase);
    if (index >= 0) return checkCommitment(block, coinbase, index);
  }
  const stray = block.txs.find((tx) => tx.hasWitness);
  return stray === undefined ? PASSED : broken('unexpected-witness', `transaction ${stray.id} has a witness`);
}

/** BIP141 weight. Last, because witnesses could be stuffed until they are known to be committed to. */
function checkWeight(block: Block): Check {
  if (block.weight <= MAX_BLOCK_WEIGHT) return PASSED;
  return broken('bad-blk-weight', `weight ${block.weight}, at most ${MAX_BLOCK_WEIGHT}`);
}

const CHECKS = [checkFinality, checkCoinbaseHeight, checkCleanup, checkWitnesses, checkWeight] as const;

/**
 * Every rule that needs the block and its place among headers, in Bitcoin Core's order (validation.cpp
 * ContextualCheckBlock). The block passed checkBlockAlone.
 */
export function checkBlockInHeaderContext(block: Block, ctx: BlockContext): Check {
  return runSteps(checkingBlockInHeaderContext(block, ctx));
}

/** checkBlockInHeaderContext in steps. */
export function* checkingBlockInHeaderContext(block: Block, ctx: BlockContext): Steps<Check> {
  for (const check of CHECKS) {
    const begun = check(block, ctx);
    const verdict = 'ok' in begun ? begun : yield* begun;
    if (!verdict.ok) return verdict;
  }
  return PASSED;
}
