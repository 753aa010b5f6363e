import type { Kv, KvOp } from '../util/ports.ts';
import { DamageLatch } from './damageLatch.ts';
import { corrupt, REINDEX_COINS, StoreError } from './errors.ts';
import { recordName } from './recordNames.ts';
import { SUM_SIZE, valueInRecord, withSum } from './recordSum.ts';
import { PREFIX } from './schema.ts';

type Entry = readonly [key: Uint8Array, value: Uint8Array];

export interface SummedKvOptions {
  /** The database's folder, for messages. */
  readonly path: string;
  readonly latch?: DamageLatch;
  /** What to do about damage; default: what makes the chain's database anew. */
  readonly hint?: string;
  /** For who wants to see all damage: told of a wrong record, whose value is then given as it is. */
  readonly wrong?: (key: Uint8Array, message: string) => void;
}

/**
 * A database whose records carry a checksum over key and value (recordSum.ts), because LevelDB does not look at its own
 * when it reads, and writes what it has misread under a new one. Puts add it; every read verifies it and takes it off.
 * A wrong one throws StoreError 'corrupt' that names the record; nothing is written from then on.
 */
export class SummedKv implements Kv {
  readonly #base: Kv;
  readonly #options: SummedKvOptions;
  readonly #latch: DamageLatch;

  constructor(base: Kv, options: SummedKvOptions) {
    this.#base = base;
    this.#options = options;
    this.#latch = options.latch ?? new DamageLatch();
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const record = await this.#met(this.#base.get(key));
    return record === undefined ? undefined : this.#value(key, record);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const records = await this.#met(this.#base.getMany(keys));
    for (let i = 0; i < records.length; i++) {
      const record = records[i];
      if (record !== undefined) records[i] = this.#value(keys[i] as Uint8Array, record);
    }
    return records;
  }

  async batch(ops: readonly KvOp[], options: { readonly sync: boolean }): Promise<void> {
    this.#latch.check();
    const summed = ops.map((op): KvOp => (op.type === 'put' ? { ...op, value: withSum(op.key, op.value) } : op));
    await this.#met(this.#base.batch(summed, options));
  }

  async settle(): Promise<void> {
    this.#latch.check();
    await this.#met(this.#base.settle());
  }

  /** By hand: a generator around a generator costs more than the checksums. */
  iterate(range: Parameters<Kv['iterate']>[0]): AsyncIterable<Entry> {
    return { [Symbol.asyncIterator]: () => this.#verified(this.#base.iterate(range)[Symbol.asyncIterator]()) };
  }

  close(): Promise<void> {
    return this.#base.close();
  }

  #verified(records: AsyncIterator<Entry>): AsyncIterator<Entry> {
    const end = async (): Promise<IteratorReturnResult<undefined>> => {
      await records.return?.();
      return { done: true, value: undefined };
    };
    const verify = (result: IteratorResult<Entry>): IteratorResult<Entry> => {
      if (result.done === true) return result;
      const [key, record] = result.value;
      try {
        return { done: false, value: [key, this.#value(key, record)] };
      } catch (error) {
        // Whoever iterates does not end what has failed.
        end().catch(() => undefined);
        throw error;
      }
    };
    const fail = (error: unknown): never => {
      throw this.#known(error);
    };
    return { next: () => records.next().then(verify, fail), return: end };
  }

  #value(key: Uint8Array, record: Uint8Array): Uint8Array {
    const value = valueInRecord(key, record);
    if (value !== undefined) return value;
    const { hint, path, wrong } = this.#options;
    const message = `${recordName(key)}: the record is not what was written, its checksum is wrong`;
    const way = hint ?? (key[0] === PREFIX.COIN ? REINDEX_COINS : undefined);
    if (wrong === undefined) throw this.#latch.report(corrupt(path, message, way));
    wrong(key, message);
    return record.subarray(0, Math.max(0, record.length - SUM_SIZE));
  }

  async #met<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#known(error);
    }
  }

  /** Damage that the database itself met counts as well. */
  #known(error: unknown): unknown {
    return error instanceof StoreError && error.kind === 'corrupt' ? this.#latch.report(error) : error;
  }
}
