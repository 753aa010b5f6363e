import { EMPTY } from '../util/bytes.ts';
import { compactSizeLength, Reader, Writer } from '../util/codec.ts';
import { inSlices, runSteps, type Steps } from '../util/steps.ts';
import type { BlockHashes } from './blockHashes.ts';
import { type BlockLinks, linkingBlock } from './blockLinks.ts';
import { type BlockHeader, HEADER_SIZE, MAX_SEAL, readHeader, type SealedHeader, writeHeader } from './header.ts';
import { type MerkleRoot, makingTxMerkleRoot, makingWitnessMerkleRoot } from './merkle.ts';
import { readTx, TXS_PER_STEP, Tx, weightOf } from './tx.ts';

/** Smallest transaction that the decoder can read: version, empty lists, lock time. */
const MIN_TX = 10;

/** An immutable block: header, seal and transactions. */
export class Block implements SealedHeader {
  readonly header: BlockHeader;
  readonly seal: Uint8Array;
  readonly txs: readonly Tx[];
  #sizes: { size: number; stripped: number } | undefined;
  #links: BlockLinks | undefined;
  #txRoot: MerkleRoot | undefined;
  #witnessRoot: MerkleRoot | undefined;

  constructor(header: BlockHeader, txs: readonly Tx[], seal: Uint8Array = EMPTY) {
    this.header = header;
    this.txs = txs;
    this.seal = seal;
  }

  #measure(): { size: number; stripped: number } {
    if (this.#sizes === undefined) {
      const base = HEADER_SIZE + compactSizeLength(this.txs.length);
      let size = base;
      let stripped = base;
      for (const tx of this.txs) {
        size += tx.size;
        stripped += tx.strippedSize;
      }
      this.#sizes = { size, stripped };
    }
    return this.#sizes;
  }

  /** Which transactions spend which; looked up once. */
  get links(): BlockLinks {
    return this.#links ?? runSteps(this.linking());
  }

  /** Looks the links up in steps, unless they are known. */
  *linking(): Steps<BlockLinks> {
    this.#links ??= yield* linkingBlock(this.txs, this.header.hash);
    return this.#links;
  }

  /** Merkle root over the txids. */
  get txRoot(): MerkleRoot {
    return this.#txRoot ?? runSteps(this.makingTxRoot());
  }

  /** Makes txRoot in steps, unless it is known. */
  *makingTxRoot(): Steps<MerkleRoot> {
    this.#txRoot ??= yield* makingTxMerkleRoot(this.txs);
    return this.#txRoot;
  }

  /** Merkle root over the wtxids, the coinbase's taken as zero (BIP141). */
  get witnessRoot(): MerkleRoot {
    return this.#witnessRoot ?? runSteps(this.makingWitnessRoot());
  }

  /** Makes witnessRoot in steps, unless it is known. */
  *makingWitnessRoot(): Steps<MerkleRoot> {
    this.#witnessRoot ??= yield* makingWitnessMerkleRoot(this.txs);
    return this.#witnessRoot;
  }

  /** Takes over hashes that were made elsewhere of the same transactions, on the caller's word. */
  adopt({ ids, txRoot, witnessRoot }: BlockHashes): void {
    Tx.adoptIds(this.txs, ids);
    this.#txRoot ??= txRoot;
    this.#witnessRoot ??= witnessRoot;
  }

  /** Bytes of Bitcoin's block serialization with witnesses (the seal does not count). */
  get size(): number {
    return this.#measure().size;
  }
  /** Bytes without witnesses. */
  get strippedSize(): number {
    return this.#measure().stripped;
  }
  /** BIP141 weight. */
  get weight(): number {
    return weightOf(this);
  }
}

function writeTxs(w: Writer, txs: readonly Tx[]): void {
  w.compactSize(txs.length);
  for (const tx of txs) w.put(tx.bytes);
}

function* readTxs(r: Reader): Steps<Tx[]> {
  const n = r.count(MIN_TX, undefined, 'transaction count');
  const txs: Tx[] = [];
  yield* inSlices(n, TXS_PER_STEP, (from, to) => {
    for (let i = from; i < to; i++) txs.push(readTx(r));
  });
  return txs;
}

/** Bitcoin's block bytes: header80 and transactions, no seal. */
export function encodeBlock(block: Block): Uint8Array {
  const w = new Writer(block.size);
  writeHeader(w, block.header);
  writeTxs(w, block.txs);
  return w.finish();
}

/** Bitcoin's block bytes, all of them. Throws DecodeError. */
export function decodeBlock(bytes: Uint8Array): Block {
  return runSteps(decodingBlock(bytes));
}

/** decodeBlock in steps. */
export function* decodingBlock(bytes: Uint8Array): Steps<Block> {
  const r = new Reader(bytes);
  const header = readHeader(r);
  const block = new Block(header, yield* readTxs(r));
  r.end('block');
  return block;
}

/** Cairn's form: header80 ‖ CompactSize(len) ‖ seal ‖ transactions. Used between nodes and in block files. */
export function encodeSealedBlock(block: Block): Uint8Array {
  const w = new Writer(block.size + compactSizeLength(block.seal.length) + block.seal.length);
  writeHeader(w, block.header);
  w.varBytes(block.seal);
  writeTxs(w, block.txs);
  return w.finish();
}

/** Reads what encodeSealedBlock writes. Throws DecodeError. */
export function decodeSealedBlock(bytes: Uint8Array): Block {
  return runSteps(decodingSealedBlock(bytes));
}

/** decodeSealedBlock in steps. */
export function* decodingSealedBlock(bytes: Uint8Array): Steps<Block> {
  const r = new Reader(bytes);
  const header = readHeader(r);
  // A copy, as the header's hashes are: the header tree keeps it, and even an empty view would keep the whole block.
  const seal = r.varBytes(MAX_SEAL, 'seal').slice();
  const block = new Block(header, yield* readTxs(r), seal);
  r.end('sealed block');
  return block;
}
