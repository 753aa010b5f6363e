import type { HeaderStore, StoredHeader } from '../chain/ports.ts';
import type { Lifetime } from '../util/lifetime.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import { decodeStored } from './errors.ts';
import { decodeStoredHeader, encodeStoredHeader } from './headerCodec.ts';
import { headerKey, PREFIX, placeOfHeaderKey, rangeOf } from './schema.ts';

/** Writes that store the headers. */
export function headerOps(headers: readonly StoredHeader[]): KvOp[] {
  return headers.map((h) => ({
    type: 'put',
    key: headerKey(h.height, h.hash),
    value: encodeStoredHeader(h),
  }));
}

/** Every stored header by height, so parents come first. Throws StoreError 'corrupt'. */
export async function* readHeaders(kv: Kv, path: string): AsyncGenerator<StoredHeader> {
  for await (const [key, value] of kv.iterate(rangeOf(PREFIX.HEADER))) {
    const place = placeOfHeaderKey(key);
    yield decodeStored(path, `header record at height ${place.height}`, () => decodeStoredHeader(value, place));
  }
}

/** All that a light node stores. */
export class KvHeaderStore implements HeaderStore {
  readonly #kv: Kv;
  readonly #path: string;
  readonly #lifetime: Lifetime;

  /** `path`: the database's folder, for messages. `lifetime` is closed by close(). */
  constructor(kv: Kv, path: string, lifetime: Lifetime) {
    this.#kv = kv;
    this.#path = path;
    this.#lifetime = lifetime;
  }

  loadHeaders(): AsyncIterable<StoredHeader> {
    return readHeaders(this.#kv, this.#path);
  }

  /** Not synced: the log is in order, so a power cut loses only the newest headers, which peers have. */
  async putHeaders(headers: readonly StoredHeader[]): Promise<void> {
    if (headers.length > 0) await this.#kv.batch(headerOps(headers), { sync: false });
  }

  close(): Promise<void> {
    return this.#lifetime.close();
  }
}
