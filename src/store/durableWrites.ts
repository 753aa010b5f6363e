import type { StoredHeader } from '../chain/ports.ts';
import type { Clock, Kv, KvOp, Timers } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import { encodeFileEnds } from './fileEndsCodec.ts';
import { headerOps } from './headerStore.ts';
import type { RecordFiles } from './recordFiles.ts';
import { FILE_ENDS_KEY, SYNCED_ENDS_KEY } from './schema.ts';

/** A power cut loses at most so much, in milliseconds; a killed process loses nothing. */
const SYNC_EVERY_MS = 1000;

/** What lets writes be synced later than they are made. */
export interface WriteBehind {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Pick<Timers, 'after'>;
  /** A write that nobody waits for failed. */
  readonly fail: (error: unknown) => void;
  /** May coins be written only because it is time? Absent: always. */
  readonly mayFlush?: () => boolean;
}

/**
 * The batches of the chain's database, one at a time. Syncs cost more than writes, so most batches are not synced: at most
 * once per second files and database are. What a crash leaves of them:
 *   - killed: everything, the operating system has it;
 *   - power cut: any part of what was written since the last sync, bytes of files independently of records that name them.
 *     Opening checks the files behind SYNCED_ENDS and forgets positions of what is not there.
 * Headers written since the last sync go into the next synced batch once more, so that it stands alone: parents are never
 * lost while children stay.
 */
export class DurableWrites {
  readonly #kv: Kv;
  readonly #files: { readonly bodies: RecordFiles; readonly undo: RecordFiles };
  readonly #behind: WriteBehind | undefined;
  readonly #queue = new SerialQueue();
  #unsyncedHeaders: StoredHeader[] = [];
  #unsynced = false;
  #unsettled = false;
  #lastSync = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  /** Without `behind` every commit is synced. */
  constructor(
    kv: Kv,
    files: { readonly bodies: RecordFiles; readonly undo: RecordFiles },
    behind: WriteBehind | undefined,
  ) {
    this.#kv = kv;
    this.#files = files;
    this.#behind = behind;
  }

  /**
   * One batch of `headers` and the ends of the files; synced when the last sync is long enough ago.
   */
  commit(headers: readonly StoredHeader[]): Promise<void> {
    return this.#queue.run(async () => {
      const wait = this.#untilSync();
      if (wait <= 0) return this.#synced(headerOps(headers));
      await this.#kv.batch([...headerOps(headers), this.#fileEnds()], { sync: false });
      this.#unsyncedHeaders.push(...headers);
      this.#unsynced = true;
      this.#unsettled = true;
      this.#syncIn(wait);
    });
  }

  /** One batch of what `build` returns that is durable when the promise resolves, with everything in the files. */
  durable(build: () => readonly KvOp[] = () => []): Promise<void> {
    return this.#queue.run(() => this.#synced(build()));
  }

  /** One batch that is not synced and need not be in order with the others: a part of a flush. */
  async part(ops: readonly KvOp[]): Promise<void> {
    await this.#kv.batch(ops, { sync: false });
    this.#unsettled = true;
  }

  /** Makes everything durable that was written before. */
  async settle(): Promise<void> {
    if (!this.#unsettled) return;
    this.#unsettled = false;
    try {
      await this.#kv.settle();
    } catch (error) {
      this.#unsettled = true;
      throw error;
    }
  }

  /** Makes everything durable that was written before, in files too; nothing is left for a timer. */
  async finish(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.settle();
    await this.#queue.run(() => (this.#unsynced ? this.#synced([]) : undefined));
  }

  /** Nothing more is written, not even what waits to be synced. */
  abandon(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Files first: the batch says that they are. */
  async #synced(ops: readonly KvOp[]): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { bodies, undo } = this.#files;
    const synced = encodeFileEnds({ bodies: await bodies.sync(), undo: await undo.sync() });
    const again = this.#unsyncedHeaders;
    await this.#kv.batch(
      [...headerOps(again), ...ops, this.#fileEnds(), { type: 'put', key: SYNCED_ENDS_KEY, value: synced }],
      { sync: true },
    );
    this.#unsyncedHeaders = [];
    this.#unsynced = false;
    this.#lastSync = this.#behind?.clock.monotonicMs() ?? 0;
  }

  #fileEnds(): KvOp {
    const { bodies, undo } = this.#files;
    return { type: 'put', key: FILE_ENDS_KEY, value: encodeFileEnds({ bodies: bodies.end, undo: undo.end }) };
  }

  #untilSync(): number {
    if (this.#behind === undefined) return 0;
    return this.#lastSync + SYNC_EVERY_MS - this.#behind.clock.monotonicMs();
  }

  #syncIn(ms: number): void {
    const behind = this.#behind;
    if (behind === undefined || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = behind.timers.after(ms, () => {
      this.#cancelTimer = undefined;
      this.durable().catch(behind.fail);
    });
  }
}
