import type { StoredSnapshot } from '../chain/ports.ts';
import { DecodeError, decodeAll, Writer } from '../util/codec.ts';

const STATES: readonly StoredSnapshot['state'][] = ['loading', 'unvalidated', 'refuted'];

/** State, 1 byte: 0 loading, 1 unvalidated, 2 refuted ‖ hash of the base block ‖ hash of the coins ‖ transactions, u64 little-endian. */
export function encodeSnapshot({ base, coinsHash, chainTx, state }: StoredSnapshot): Uint8Array {
  return new Writer(73).u8(STATES.indexOf(state)).put(base).put(coinsHash).u64(BigInt(chainTx)).finish();
}

/** Throws DecodeError. */
export function decodeSnapshot(bytes: Uint8Array): StoredSnapshot {
  return decodeAll(
    bytes,
    (r) => {
      const state = STATES[r.u8('state')];
      if (state === undefined) throw new DecodeError('snapshot: unknown state');
      const base = r.take(32, 'base').slice();
      const coinsHash = r.take(32, 'coins').slice();
      return { state, base, coinsHash, chainTx: Number(r.u64('transactions')) };
    },
    'snapshot',
  );
}
