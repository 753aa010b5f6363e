import type { HeaderEntry } from '../../src/chain/entry.ts';
import { contextAfter } from '../../src/chain/headerIndex.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { assembleBlock } from '../../src/ledger/block/assemble.ts';
import type { Network } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { Block } from '../../src/primitives/block.ts';
import { decodeCompact, hashToNumber } from '../../src/primitives/compact.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx, type TxOut } from '../../src/primitives/tx.ts';

/** Bitcoin regtest: half of all hashes are valid proofs. */
export const regtest = builtInNetwork('regtest') as Network;

/** OP_TRUE: the tests of the chain judge scripts with a checker of their own. */
export const ANYONE = Uint8Array.of(0x51);

let unique = 0n;

/** Where a block is put: an entry of a chain, or a block and its height (for branches nobody has yet). */
export interface Place {
  readonly header: BlockHeader;
  readonly height: number;
}

export interface BlockOptions {
  readonly txs?: readonly Tx[];
  readonly fees?: bigint;
  readonly time?: number;
  readonly payout?: Uint8Array;
}

/** Searches a nonce. */
export function seal(block: Block): Block {
  const { target } = decodeCompact(block.header.bits);
  for (let nonce = 0; ; nonce++) {
    const header = new BlockHeader({ ...fieldsOf(block.header), nonce });
    if (hashToNumber(header.hash) <= target) return new Block(header, block.txs);
  }
}

/** Searches a nonce that is NOT a proof. */
export function sealBadly(block: Block): Block {
  const { target } = decodeCompact(block.header.bits);
  for (let nonce = 0; ; nonce++) {
    const header = new BlockHeader({ ...fieldsOf(block.header), nonce });
    if (hashToNumber(header.hash) > target) return new Block(header, block.txs);
  }
}

export function fieldsOf(h: BlockHeader): {
  version: number;
  prevHash: Uint8Array;
  merkleRoot: Uint8Array;
  time: number;
  bits: number;
  nonce: number;
} {
  const { version, prevHash, merkleRoot, time, bits, nonce } = h;
  return { version, prevHash, merkleRoot, time, bits, nonce };
}

/** An unsealed block on `parent`; every call makes a different one. */
export function template(parent: Place, options: BlockOptions = {}): Block {
  return assembleBlock({
    params: regtest.consensus,
    height: parent.height + 1,
    prevHash: parent.header.hash,
    time: options.time ?? parent.header.time + 1,
    bits: parent.header.bits,
    txs: options.txs ?? [],
    fees: options.fees ?? 0n,
    payout: options.payout ?? ANYONE,
    extraNonce: unique++,
  });
}

export function mine(parent: Place, options: BlockOptions = {}): Block {
  return seal(template(parent, options));
}

/** `n` blocks, one on the other. */
export function mineChain(parent: Place, n: number, options: BlockOptions = {}): Block[] {
  const blocks: Block[] = [];
  let at = parent;
  for (let i = 0; i < n; i++) {
    const block = mine(at, options);
    blocks.push(block);
    at = { header: block.header, height: at.height + 1 };
  }
  return blocks;
}

export function placeOf(block: Block, height: number): Place {
  return { header: block.header, height };
}

/** Spends outputs to `outputs`. */
export function spend(prevouts: readonly { tx: Tx; index: number }[], outputs: readonly TxOut[]): Tx {
  return new Tx({
    version: 2,
    inputs: prevouts.map(({ tx, index }) => ({
      prevout: { txid: tx.txid, index },
      scriptSig: new Uint8Array(0),
      sequence: SEQUENCE_FINAL,
      witness: NO_WITNESS,
    })),
    outputs,
    lockTime: 0,
  });
}

export function coinbaseOf(block: Block): Tx {
  return block.txs[0] as Tx;
}

/** Bits the judge wants next: the same on all of regtest. */
export function nextBits(parent: HeaderEntry): number {
  return judgeFor(regtest).nextBits(contextAfter(parent), parent.state, parent.header.time + 1);
}
