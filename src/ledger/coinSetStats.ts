import { type Sha256Stream, sha256, sha256Stream } from '../crypto/hash.ts';
import { MuHash3072 } from '../crypto/muhash.ts';
import type { Hash256 } from '../primitives/hash.ts';
import { writeOutPoint } from '../primitives/outpoint.ts';
import { writeTxOut } from '../primitives/tx.ts';
import { equalBytes } from '../util/bytes.ts';
import { Writer } from '../util/codec.ts';
import type { CoinChange } from './coin.ts';

/** Hashes of all coins, by the names of Bitcoin Core's gettxoutsetinfo; "none" only counts. */
export const COIN_SET_HASHES = ['hash_serialized_3', 'muhash', 'none'] as const;
export type CoinSetHash = (typeof COIN_SET_HASHES)[number];

/** What a walk over all coins finds. */
export interface CoinSetSummary {
  readonly coins: number;
  /** Transactions with unspent outputs. */
  readonly transactions: number;
  /** Bitcoin Core's measure of size that depends on no database: 50 bytes for each coin and its script. */
  readonly bogoSize: number;
  /** Satoshi. */
  readonly totalAmount: bigint;
  /** Internal byte order; undefined for "none". */
  readonly hash: Hash256 | undefined;
}

/** outpoint ‖ u32 height · 2 + coinbase ‖ output: a coin as both hashes take it (Bitcoin Core kernel/coinstats.cpp, TxOutSer). */
export function writeCoinElement(w: Writer, { outpoint, coin }: CoinChange): void {
  writeOutPoint(w, outpoint);
  w.u32(coin.height * 2 + (coin.coinbase ? 1 : 0));
  writeTxOut(w, coin.out);
}

/** Takes the elements of a set and gives its hash. */
interface SetHasher {
  add(change: CoinChange): void;
  digest(): Hash256 | undefined;
}

/** Elements gathered before they are hashed together. */
const CHUNK = 1 << 16;

/** SHA-256d over all elements, one after another. */
class SerializedHasher implements SetHasher {
  readonly #stream: Sha256Stream = sha256Stream();
  #chunk = new Writer(CHUNK);

  add(change: CoinChange): void {
    writeCoinElement(this.#chunk, change);
    if (this.#chunk.length >= CHUNK - 1024) this.#flush();
  }

  #flush(): void {
    this.#stream.update(this.#chunk.finish());
    this.#chunk = new Writer(CHUNK);
  }

  digest(): Hash256 {
    this.#flush();
    return sha256(this.#stream.digest());
  }
}

class MuHasher implements SetHasher {
  readonly #set = new MuHash3072();

  add(change: CoinChange): void {
    const w = new Writer(128);
    writeCoinElement(w, change);
    this.#set.add(w.finish());
  }

  digest(): Hash256 {
    return this.#set.digest();
  }
}

function hasherFor(hash: CoinSetHash): SetHasher {
  if (hash === 'hash_serialized_3') return new SerializedHasher();
  return hash === 'muhash' ? new MuHasher() : { add: () => {}, digest: () => undefined };
}

/**
 * Counts and hashes a set of coins. Coins are given in key order (transaction ids as bytes, then output indexes): the hash
 * "hash_serialized_3" is over that order, and transactions are counted by it.
 */
export class CoinSetStats {
  readonly #hasher: SetHasher;
  #coins = 0;
  #transactions = 0;
  #bogoSize = 0;
  #satoshi = 0n;
  #txid: Hash256 | undefined;

  constructor(hash: CoinSetHash) {
    this.#hasher = hasherFor(hash);
  }

  add(change: CoinChange): void {
    const { outpoint, coin } = change;
    this.#hasher.add(change);
    this.#coins++;
    if (this.#txid === undefined || !equalBytes(this.#txid, outpoint.txid)) {
      this.#txid = outpoint.txid;
      this.#transactions++;
    }
    this.#bogoSize += 32 + 4 + 4 + 8 + 2 + coin.out.scriptPubKey.length;
    this.#satoshi += coin.out.value;
  }

  get coins(): number {
    return this.#coins;
  }

  finish(): CoinSetSummary {
    return {
      coins: this.#coins,
      transactions: this.#transactions,
      bogoSize: this.#bogoSize,
      totalAmount: this.#satoshi,
      hash: this.#hasher.digest(),
    };
  }
}
