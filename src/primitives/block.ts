import { EMPTY } from '../util/bytes.ts';
import { compactSizeLength, decodeAll, type Reader, Writer } from '../util/codec.ts';
import type { BlockHashes } from './blockHashes.ts';
import { type BlockLinks, linkBlock } from './blockLinks.ts';
import { type BlockHeader, HEADER_SIZE, MAX_SEAL, readHeader, type SealedHeader, writeHeader } from './header.ts';
import { type MerkleRoot, txMerkleRoot, witnessMerkleRoot } from './merkle.ts';
import { readTx, Tx, weightOf } from './tx.ts';

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
    this.#links ??= linkBlock(this.txs, this.header.hash);
    return this.#links;
  }

  /** Merkle root over the txids. */
  get txRoot(): MerkleRoot {
    this.#txRoot ??= txMerkleRoot(this.txs);
    return this.#txRoot;
  }

  /** Merkle root over the wtxids, the coinbase's taken as zero (BIP141). */
  get witnessRoot(): MerkleRoot {
    this.#witnessRoot ??= witnessMerkleRoot(this.txs);
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

function readTxs(r: Reader): Tx[] {
  const n = r.count(MIN_TX, undefined, 'transaction count');
  const txs: Tx[] = [];
  for (let i = 0; i < n; i++) txs.push(readTx(r));
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
  return decodeAll(bytes, readBlock, 'block');
}

/** Reads Bitcoin's block bytes (no seal) from the reader. */
export function readBlock(r: Reader): Block {
  const header = readHeader(r);
  return new Block(header, readTxs(r));
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
  return decodeAll(
    bytes,
    (r) => {
      const header = readHeader(r);
      // A copy, as the header's hashes are: the header tree keeps it, and even an empty view would keep the whole block.
      const seal = r.varBytes(MAX_SEAL, 'seal').slice();
      return new Block(header, readTxs(r), seal);
    },
    'sealed block',
  );
}
