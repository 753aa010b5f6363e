import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TxIndexChange, TxIndexStore } from '../index/ports.ts';
import type { Hash256 } from '../primitives/hash.ts';
import { concatBytes } from '../util/bytes.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import { corrupt, toStoreError } from './errors.ts';
import { openLevelKv } from './kvLevel.node.ts';
import { INDEX_LOCATOR_KEY, txKey } from './schema.ts';

/** TxIndexStore over a database of its own. */
export class KvTxIndexStore implements TxIndexStore {
  readonly #kv: Kv;
  readonly #path: string;

  /** `path`: folder of the database, for messages. */
  constructor(kv: Kv, path: string) {
    this.#kv = kv;
    this.#path = path;
  }

  async locator(): Promise<readonly Hash256[] | undefined> {
    const bytes = await this.#kv.get(INDEX_LOCATOR_KEY);
    if (bytes === undefined) return undefined;
    if (bytes.length % 32 !== 0) throw corrupt(this.#path, 'locator of the index');
    return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.slice(i * 32, i * 32 + 32));
  }

  async find(txid: Hash256): Promise<Hash256 | undefined> {
    const block = await this.#kv.get(txKey(txid));
    if (block !== undefined && block.length !== 32) throw corrupt(this.#path, 'entry of the index');
    return block;
  }

  /** Synced: without that a power cut may take an earlier change and leave a later one. */
  async write({ txs, locator }: TxIndexChange): Promise<void> {
    const ops: KvOp[] = txs.map(({ txid, block }) =>
      block === undefined ? { type: 'del', key: txKey(txid) } : { type: 'put', key: txKey(txid), value: block },
    );
    ops.push({ type: 'put', key: INDEX_LOCATOR_KEY, value: concatBytes(...locator) });
    await this.#kv.batch(ops, { sync: true });
  }

  close(): Promise<void> {
    return this.#kv.close();
  }
}

/** Folder of the index in a data directory. */
export function txIndexFolder(dir: string): string {
  return join(dir, 'indexes', 'txindex');
}

/** Opens the index of a data directory; with `anew` an empty one takes its place. Throws StoreError. */
export async function openTxIndexStore(dir: string, anew: boolean): Promise<KvTxIndexStore> {
  const path = txIndexFolder(dir);
  if (anew) {
    try {
      await rm(path, { recursive: true, force: true });
    } catch (error) {
      throw toStoreError(error, path, 'deleting the index');
    }
  }
  return new KvTxIndexStore(await openLevelKv(path), path);
}
