import type { InterruptedFlush } from '../chain/ports.ts';
import { decodeAll, Writer } from '../util/codec.ts';

/** What the database remembers of a flush while it is written: also how many coins there are after it. */
export interface FlushMarker extends InterruptedFlush {
  readonly count: bigint;
}

/** Hash of the block before ‖ hash of the block after ‖ number of coins after, u64 little-endian. */
export function encodeFlushMarker({ from, to, count }: FlushMarker): Uint8Array {
  return new Writer(72).put(from).put(to).u64(count).finish();
}

/** Throws DecodeError. */
export function decodeFlushMarker(bytes: Uint8Array): FlushMarker {
  return decodeAll(
    bytes,
    (r) => ({ from: r.take(32, 'hash').slice(), to: r.take(32, 'hash').slice(), count: r.u64('count') }),
    'flush marker',
  );
}
