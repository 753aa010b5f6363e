import type { IndexEntry } from '../../chain/headerIndex.ts';
import type { Block } from '../../primitives/block.ts';
import { hashKey } from '../../primitives/hash.ts';
import { PREFIX, rangeOf, txKey } from '../../store/schema.ts';
import { concatBytes, equalBytes } from '../../util/bytes.ts';
import type { Kv } from '../../util/ports.ts';
import type { VerifyPorts } from './findings.ts';
import { SetFingerprint } from './setFingerprint.ts';
import type { Entries } from './verifyHeaders.ts';

const STEP = 1000;

export interface TxindexToVerify extends VerifyPorts {
  readonly kv: Pick<Kv, 'get' | 'iterate'>;
  readonly path: string;
  readonly entries: Entries;
  readonly isIndexed: (entry: IndexEntry) => boolean;
  /** The block again, undefined when it cannot be read. */
  readonly readBlock: (entry: IndexEntry) => Promise<Block | undefined>;
}

/** Compares the index with the blocks: fingerprints first, names when they differ. */
export class TxindexCheck {
  readonly #expected = new SetFingerprint();

  /** A block that the index covers. */
  observe(block: Block): void {
    for (const { txid } of block.txs) this.#expected.add(concatBytes(txid, block.header.hash));
  }

  /** `stale`: entries that name no covered block, which a power cut may leave and nobody believes. */
  async run(options: TxindexToVerify): Promise<{ readonly entries: number; readonly stale: number }> {
    const { kv, entries, isIndexed, progress, stopped } = options;
    const seen = new SetFingerprint();
    let stale = 0;
    for await (const [key, value] of kv.iterate(rangeOf(PREFIX.TX))) {
      const entry = value.length === 32 ? entries.get(hashKey(value)) : undefined;
      if (entry === undefined || !isIndexed(entry)) stale++;
      else seen.add(concatBytes(key.subarray(1), value));
      if ((seen.count + stale) % STEP !== 0) continue;
      if (stopped()) break;
      progress({ stage: 'txindex', done: seen.count, total: this.#expected.count, unit: 'transactions' });
    }
    if (!stopped() && !seen.equals(this.#expected)) await this.#name(options);
    return { entries: seen.count, stale };
  }

  /** Every transaction of every block is looked up. A repeated coinbase (BIP30) belongs to the block that repeats it. */
  async #name(options: TxindexToVerify): Promise<void> {
    const { kv, entries, isIndexed, readBlock, stopped } = options;
    for (const entry of entries.values()) {
      if (stopped()) return;
      if (!isIndexed(entry)) continue;
      const block = await readBlock(entry);
      if (block === undefined) continue;
      for (const { txid, id } of block.txs) {
        const value = await kv.get(txKey(txid));
        if (value !== undefined && equalBytes(value, entry.header.hash)) continue;
        const other = value === undefined ? undefined : entries.get(hashKey(value));
        const there = other === undefined ? undefined : await readBlock(other);
        if (there?.txs.some((tx) => equalBytes(tx.txid, txid)) === true) continue;
        tell(
          options,
          `transaction ${id}: ${value === undefined ? 'not in the index' : 'the index names another block'}`,
          entry,
        );
      }
    }
  }
}

function tell({ found, path }: TxindexToVerify, detail: string, entry?: IndexEntry): void {
  const block = entry === undefined ? undefined : { height: entry.height, id: entry.header.id };
  found({ part: 'txindex', path, offset: undefined, block, detail });
}
