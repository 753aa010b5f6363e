import { contextAfter, IndexEntry } from '../../src/chain/headerIndex.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { assembleBlock } from '../../src/ledger/block/assemble.ts';
import { targetBytes } from '../../src/miner/inlineSearch.ts';
import { jsKernel } from '../../src/miner/powKernel.ts';
import { wasmKernel } from '../../src/miner/wasmKernel.ts';
import type { Network } from '../../src/params/network.ts';
import { Block, decodeBlock } from '../../src/primitives/block.ts';
import { decodeCompact, hashToNumber, workOf } from '../../src/primitives/compact.ts';
import { displayHash, hashKey } from '../../src/primitives/hash.ts';
import { BlockHeader, encodeHeader, type HeaderFields } from '../../src/primitives/header.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { fromHex } from '../../src/util/hex.ts';
import type { TestNode } from './nodeProcess.ts';

export interface BlockWish {
  readonly txs?: readonly Tx[];
  readonly fees?: bigint;
  /** Unix seconds; default: now, or the earliest the median allows. */
  readonly time?: number;
  /** Default: what the difficulty rule asks for. */
  readonly bits?: number;
}

/** OP_RETURN: nobody is paid. */
const NOBODY = Uint8Array.of(0x6a);
/** A search below so many expected hashes is faster without WebAssembly's start. */
const EASY = 4096n;

let unique = BigInt(Date.now()) << 16n;

/** The six fields, for headers that differ in one of them. */
export function fieldsOf({ version, prevHash, merkleRoot, time, bits, nonce }: BlockHeader): HeaderFields {
  return { version, prevHash, merkleRoot, time, bits, nonce };
}

/** Searches a nonce for the bits that the header carries, whatever the rules say of them. */
export function sealed(block: Block): Block {
  const { target } = decodeCompact(block.header.bits);
  const header80 = encodeHeader(block.header);
  const make = workOf(block.header.bits) < EASY ? jsKernel : wasmKernel;
  const nonce = make(header80, targetBytes(target)).find(0, 2 ** 32 - 1);
  if (nonce === undefined) throw new Error('no nonce solves this header');
  return new Block(new BlockHeader({ ...fieldsOf(block.header), nonce }), block.txs, block.seal);
}

/** A nonce that is no proof. */
export function sealedBadly(block: Block): Block {
  const { target } = decodeCompact(block.header.bits);
  for (let nonce = 0; ; nonce++) {
    const header = new BlockHeader({ ...fieldsOf(block.header), nonce });
    if (hashToNumber(header.hash) > target) return new Block(header, block.txs);
  }
}

/** Makes blocks in the test's own process, on the chain of a running node or beside it. */
export class BranchMaker {
  readonly network: Network;
  readonly genesis: IndexEntry;
  readonly #judge: ReturnType<typeof judgeFor>;
  readonly #entries = new Map<string, IndexEntry>();
  /** Bodies by hash key; genesis too. */
  readonly bodies = new Map<string, Block>();

  constructor(network: Network) {
    this.network = network;
    this.#judge = judgeFor(network);
    this.genesis = new IndexEntry(network.genesis, undefined, this.#judge.genesis(), 0);
    this.#keep(this.genesis, network.genesis);
  }

  /** Fetches the blocks of the node's chain that are not known yet, over its RPC; returns its tip. */
  async follow(node: TestNode): Promise<IndexEntry> {
    const missing: Block[] = [];
    let hash = await node.tip();
    for (;;) {
      const known = this.#entries.get(hashKey(fromHex(hash).reverse()));
      if (known !== undefined) return missing.reverse().reduce((at, block) => this.add(block, at), known);
      const block = decodeBlock(fromHex(await node.rpc<string>('getblock', hash, 0)));
      missing.push(block);
      hash = displayHash(block.header.prevHash);
    }
  }

  /** Bits that are due after `parent`. */
  bitsAfter(parent: IndexEntry, time: number): number {
    return this.#judge.nextBits(contextAfter(parent), parent.state, time);
  }

  /** A block on `parent` without proof; every call makes a different one. */
  template(parent: IndexEntry, wish: BlockWish = {}): Block {
    const time = wish.time ?? Math.max(parent.medianTime + 1, Math.floor(Date.now() / 1000));
    return assembleBlock({
      params: this.network.consensus,
      height: parent.height + 1,
      prevHash: parent.header.hash,
      time,
      bits: wish.bits ?? this.bitsAfter(parent, time),
      txs: wish.txs ?? [],
      fees: wish.fees ?? 0n,
      payout: NOBODY,
      extraNonce: unique++,
    });
  }

  /** A valid block on `parent`. */
  mine(parent: IndexEntry, wish: BlockWish = {}): IndexEntry {
    return this.add(sealed(this.template(parent, wish)), parent);
  }

  /** Takes a block whose header is valid on `parent`; its body may be anything. */
  add(block: Block, parent: IndexEntry): IndexEntry {
    const verdict = this.#judge.verify(block, contextAfter(parent), parent.state, Number.MAX_SAFE_INTEGER);
    if (!verdict.ok) throw new Error(`own header refused: ${verdict.rule}: ${verdict.detail}`);
    const entry = new IndexEntry(block, parent, verdict.value, this.#entries.size);
    this.#keep(entry, block);
    return entry;
  }

  bodyOf(entry: IndexEntry): Block {
    const body = this.bodies.get(entry.header.key);
    if (body === undefined) throw new Error(`no body of ${entry.header.id}`);
    return body;
  }

  #keep(entry: IndexEntry, block: Block): void {
    this.#entries.set(entry.header.key, entry);
    this.bodies.set(entry.header.key, block);
  }
}
