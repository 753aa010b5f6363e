import type { Hash256 } from '../../primitives/hash.ts';
import { decodeAll } from '../../util/codec.ts';
import { written } from './fields.ts';

/** 5,000 ids are 160 kB: enough to mend a pool after a partition, small enough to answer to anyone. */
export const MAX_MEMPOOL_IDS = 5000;

/** `CompactSize n, n × wtxid32` (type 10, between full nodes). The request is empty. */
export function encodeMempool(wtxids: readonly Hash256[]): Uint8Array {
  return encodeHashes(wtxids);
}

/** Throws DecodeError. */
export function decodeMempool(bytes: Uint8Array): Hash256[] {
  return decodeHashes(bytes, MAX_MEMPOOL_IDS, 'MEMPOOL');
}

/** `CompactSize n, n × hash32`. */
export function encodeHashes(hashes: readonly Hash256[]): Uint8Array {
  return written(3 + hashes.length * 32, (w) => {
    w.compactSize(hashes.length);
    for (const hash of hashes) w.put(hash);
  });
}

/** At most `max` hashes, copied. Throws DecodeError. */
export function decodeHashes(bytes: Uint8Array, max: number, what: string): Hash256[] {
  return decodeAll(
    bytes,
    (r) => {
      const n = r.count(32, max, what);
      const hashes: Hash256[] = [];
      for (let i = 0; i < n; i++) hashes.push(r.take(32, what).slice());
      return hashes;
    },
    what,
  );
}
