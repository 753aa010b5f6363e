import { concatBytes, EMPTY, equalBytes } from '../util/bytes.ts';
import { decodeAll, Writer } from '../util/codec.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import { COPIED_KEY } from './schema.ts';

/** A batch is written when it has so many records or bytes: one may be a script of 10,000 bytes. */
const MAX_OPS = 10_000;
const MAX_BYTES = 1 << 20;
/** Longest key, and longest name of a source. */
const MAX_KEY = 64;
const MAX_SOURCE = 256;

/** How far a copy has come, as the copy itself remembers. */
interface Copied {
  /** What it is a copy of. */
  readonly source: Uint8Array;
  /** The last key that was copied; empty at the beginning. */
  readonly last: Uint8Array;
  readonly done: boolean;
}

/** u8 1 when done, else 0 ‖ varBytes source ‖ varBytes last key. */
function encodeCopied({ source, last, done }: Copied): Uint8Array {
  return new Writer(64)
    .u8(done ? 1 : 0)
    .varBytes(source)
    .varBytes(last)
    .finish();
}

/** Throws DecodeError. */
function decodeCopied(bytes: Uint8Array): Copied {
  return decodeAll(
    bytes,
    (r) => {
      const done = r.u8('done') === 1;
      return { done, source: r.varBytes(MAX_SOURCE, 'source').slice(), last: r.varBytes(MAX_KEY, 'key').slice() };
    },
    'copy',
  );
}

/** The copy in `to`, undefined when it was never begun or is one of something else. */
async function copiedOf(to: Kv, source: Uint8Array): Promise<Copied | undefined> {
  const bytes = await to.get(COPIED_KEY);
  const copied = bytes === undefined ? undefined : decodeCopied(bytes);
  return copied !== undefined && equalBytes(copied.source, source) ? copied : undefined;
}

/** True when `to` has nothing, or a part of `source`: copyRecords goes on there. Otherwise it must be emptied first. */
export async function isCopyOf(to: Kv, source: Uint8Array): Promise<boolean> {
  if ((await copiedOf(to, source)) !== undefined) return true;
  for await (const _ of to.iterate({ gte: EMPTY, lt: Uint8Array.of(0xff), limit: 1 })) return false;
  return true;
}

/**
 * Copies all records into `to`, a batch at a time. Each batch is synced and says how far the copy is, so after a crash the
 * same call goes on behind the last one; one that is complete is left alone. Memory: a batch. `source` identifies the state
 * of `from`; `tell` hears how many records this call has copied.
 */
export async function copyRecords(
  from: Pick<Kv, 'iterate'>,
  to: Kv,
  source: Uint8Array,
  tell: (records: number) => void = () => {},
): Promise<void> {
  const before = (await copiedOf(to, source)) ?? { source, last: EMPTY, done: false };
  if (before.done) return;
  let { last } = before;
  let ops: KvOp[] = [];
  let bytes = 0;
  let records = 0;
  const write = async (done: boolean): Promise<void> => {
    ops.push({ type: 'put', key: COPIED_KEY, value: encodeCopied({ source, last, done }) });
    await to.batch(ops, { sync: true });
    records += ops.length - 1;
    ops = [];
    bytes = 0;
    if (!done) tell(records);
  };
  // The least key above the last.
  const gte = last.length === 0 ? last : concatBytes(last, Uint8Array.of(0));
  for await (const [key, value] of from.iterate({ gte, lt: Uint8Array.of(0xff) })) {
    ops.push({ type: 'put', key, value });
    last = key;
    bytes += key.length + value.length;
    if (ops.length >= MAX_OPS || bytes >= MAX_BYTES) await write(false);
  }
  await write(true);
  await to.settle();
}
