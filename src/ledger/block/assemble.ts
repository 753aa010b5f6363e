import type { ConsensusParams } from '../../params/network.ts';
import { subsidyAt } from '../../params/subsidy.ts';
import { Block } from '../../primitives/block.ts';
import type { Hash256 } from '../../primitives/hash.ts';
import { BlockHeader } from '../../primitives/header.ts';
import { txMerkleRoot } from '../../primitives/merkle.ts';
import type { Tx } from '../../primitives/tx.ts';
import { buildCoinbase } from './buildCoinbase.ts';

/** BIP9: top bits of a block version that signals nothing. */
export const BLOCK_VERSION = 0x20000000;

export interface BlockPlan {
  readonly params: ConsensusParams;
  readonly height: number;
  readonly prevHash: Hash256;
  /** Unix seconds. */
  readonly time: number;
  readonly bits: number;
  /** After the coinbase, parents before children. */
  readonly txs: readonly Tx[];
  /** Sum of their fees, satoshi. */
  readonly fees: bigint;
  /** Script that is paid subsidy and fees. */
  readonly payout: Uint8Array;
  readonly extraNonce: bigint;
  readonly tag?: Uint8Array;
  readonly version?: number;
}

/** A whole block that lacks only its proof: coinbase, transactions, merkle root, nonce 0. */
export function assembleBlock(plan: BlockPlan): Block {
  const coinbase = buildCoinbase({
    height: plan.height,
    value: subsidyAt(plan.height, plan.params) + plan.fees,
    scriptPubKey: plan.payout,
    extraNonce: plan.extraNonce,
    ...(plan.tag === undefined ? {} : { tag: plan.tag }),
    txs: plan.txs,
    segwit: plan.height >= plan.params.heights.segwit,
    bip54: plan.params.bip54,
  });
  const txs = [coinbase, ...plan.txs];
  const header = new BlockHeader({
    version: plan.version ?? BLOCK_VERSION,
    prevHash: plan.prevHash,
    merkleRoot: txMerkleRoot(txs).root,
    time: plan.time,
    bits: plan.bits,
    nonce: 0,
  });
  return new Block(header, txs);
}
