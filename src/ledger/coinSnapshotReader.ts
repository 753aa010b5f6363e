import { isMoney } from '../primitives/amount.ts';
import type { Hash256 } from '../primitives/hash.ts';
import { MAX_BLOCK_WEIGHT } from '../primitives/limits.ts';
import { compareOutPoints } from '../primitives/outpoint.ts';
import { MAX_SCRIPT_SIZE } from '../primitives/outputScript.ts';
import { decompressAmount, readScriptAsCore } from '../primitives/txOutCompression.ts';
import { readVarint, readVarintBig } from '../primitives/varint.ts';
import { compareBytes, concatBytes } from '../util/bytes.ts';
import { DecodeError, Reader } from '../util/codec.ts';
import type { Coin, CoinChange } from './coin.ts';

/** Outputs of one transaction: of each, 9 bytes count fourfold. */
const MAX_GROUP = Math.floor(MAX_BLOCK_WEIGHT / 36);
/** Scripts of one transaction together. */
const MAX_GROUP_SCRIPTS = MAX_BLOCK_WEIGHT / 4;
/** More than any group head and coin take: CompactSize 9, VARINTs 10, 10 and 5, script. */
const MAX_COIN_BYTES = MAX_SCRIPT_SIZE + 100;

interface Group {
  readonly txid: Hash256;
  readonly size: number;
  readonly coins: CoinChange[];
  scriptBytes: number;
}

/**
 * Reads the coins behind the head, from bytes that come in chunks of any size. It demands what an honest file has: the
 * announced number of coins, transactions in ascending order, every coin once, heights up to the base and amounts of money.
 */
export class SnapshotReader {
  readonly #baseHeight: number;
  readonly #total: bigint;
  #left: bigint;
  #bytes: Uint8Array = new Uint8Array(0);
  #group: Group | undefined;
  #lastTxid: Hash256 | undefined;

  constructor(coins: bigint, baseHeight: number) {
    this.#baseHeight = baseHeight;
    this.#total = coins;
    this.#left = coins;
  }

  /** The coins that are complete with `chunk`, in key order. Throws DecodeError. */
  push(chunk: Uint8Array): CoinChange[] {
    return this.#read(concatBytes(this.#bytes, chunk), MAX_COIN_BYTES);
  }

  /** The last coins: nothing follows. Throws DecodeError, also when coins are missing or left over. */
  end(): CoinChange[] {
    const coins = this.#read(this.#bytes, 1);
    if (this.#left > 0n) throw this.#bad(`the file ends, ${this.#left} coins are missing`);
    if (this.#bytes.length > 0) throw this.#bad('bytes are left over');
    return coins;
  }

  /** Reads on while at least `need` bytes are there. */
  #read(bytes: Uint8Array, need: number): CoinChange[] {
    const r = new Reader(bytes);
    const out: CoinChange[] = [];
    try {
      while (this.#left > 0n && r.left >= need) {
        this.#group ??= this.#readGroupHead(r);
        this.#readCoin(r, this.#group);
        this.#left--;
        if (this.#group.coins.length === this.#group.size) this.#endGroup(this.#group, out);
      }
    } catch (error) {
      if (error instanceof DecodeError) throw this.#bad(error.message);
      throw error;
    }
    this.#bytes = bytes.slice(r.offset);
    return out;
  }

  #readGroupHead(r: Reader): Group {
    const txid = r.take(32, 'txid').slice();
    if (this.#lastTxid !== undefined && compareBytes(txid, this.#lastTxid) <= 0)
      throw new DecodeError('transactions are not in ascending order');
    this.#lastTxid = txid;
    const size = r.compactSize(MAX_GROUP, 'coins of a transaction');
    if (size === 0 || BigInt(size) > this.#left)
      throw new DecodeError(`${size} coins of a transaction where ${this.#left} are left`);
    return { txid, size, coins: [], scriptBytes: 0 };
  }

  #readCoin(r: Reader, group: Group): void {
    const index = r.compactSize(undefined, 'index');
    const code = readVarint(r);
    const value = decompressAmount(readVarintBig(r));
    const scriptPubKey = readScriptAsCore(r, MAX_SCRIPT_SIZE);
    const coin: Coin = { height: Math.floor(code / 2), coinbase: code % 2 === 1, out: { value, scriptPubKey } };
    if (coin.height > this.#baseHeight) throw new DecodeError(`height ${coin.height} is above the base block`);
    if (!isMoney(value)) throw new DecodeError(`amount ${value} is out of range`);
    group.scriptBytes += scriptPubKey.length;
    if (group.scriptBytes > MAX_GROUP_SCRIPTS) throw new DecodeError('scripts of a transaction are too long');
    group.coins.push({ outpoint: { txid: group.txid, index }, coin });
  }

  #endGroup({ coins }: Group, out: CoinChange[]): void {
    coins.sort((a, b) => compareOutPoints(a.outpoint, b.outpoint));
    for (const [i, change] of coins.entries()) {
      if (i > 0 && coins[i - 1]?.outpoint.index === change.outpoint.index)
        throw new DecodeError(`output ${change.outpoint.index} of a transaction comes twice`);
      out.push(change);
    }
    this.#group = undefined;
  }

  #bad(why: string): DecodeError {
    return new DecodeError(`bad snapshot after ${this.#total - this.#left} coins: ${why}`);
  }
}
