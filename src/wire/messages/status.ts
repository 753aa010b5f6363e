import { decodeAll } from '../../util/codec.ts';
import { readText, toWireText, writeText } from '../text.ts';
import { written } from './fields.ts';

/** A node's state for people: nothing is decided by it. */
export interface PeerStatus {
  /** What it is doing: a sync phase. */
  readonly phase: string;
  readonly headers: number;
  readonly blocks: number;
  readonly peers: number;
  readonly mempool: number;
  /** Why it makes no progress; empty when it does. */
  readonly stalled: string;
}

/** `headers u32, blocks u32, peers u32, mempool u32, phase, stalled` (protocol A.3, type 0C). */
export function encodeStatus(s: PeerStatus): Uint8Array {
  return written(64, (w) => {
    w.u32(s.headers).u32(s.blocks).u32(s.peers).u32(s.mempool);
    writeText(w, toWireText(s.phase), 'phase');
    writeText(w, toWireText(s.stalled), 'stalled');
  });
}

/** Throws DecodeError. */
export function decodeStatus(bytes: Uint8Array): PeerStatus {
  return decodeAll(
    bytes,
    (r) => ({
      headers: r.u32('headers'),
      blocks: r.u32('blocks'),
      peers: r.u32('peers'),
      mempool: r.u32('mempool'),
      phase: readText(r, 'phase'),
      stalled: readText(r, 'stalled'),
    }),
    'STATUS',
  );
}
