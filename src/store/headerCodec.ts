import type { BlockStatus, FilePosition, StoredHeader } from '../chain/ports.ts';
import { HEADER_SIZE, MAX_SEAL } from '../primitives/header.ts';
import { readVarint, writeVarint } from '../primitives/varint.ts';
import { EMPTY } from '../util/bytes.ts';
import { DecodeError, decodeAll, type Reader, Writer } from '../util/codec.ts';

/** Numbers of the statuses on disk; never reused. */
const STATUS_NUMBER = {
  header: 0,
  stored: 1,
  valid: 2,
  invalid: 3,
  'invalid-ancestor': 4,
} as const satisfies Record<BlockStatus, number>;

const STATUS_OF = new Map<number, BlockStatus>(
  (Object.keys(STATUS_NUMBER) as BlockStatus[]).map((status) => [STATUS_NUMBER[status], status]),
);

const HAS_BODY = 1;
const HAS_UNDO = 2;
/** More than any engine's state takes (a clock for ASERT, table hashes later). */
const MAX_STATE = 4096;

/**
 * Header record: header80 ‖ varBytes seal ‖ varBytes chainWork (big-endian, no leading zeros) ‖ varBytes state ‖
 * VARINT sequence ‖ u8 status ‖ VARINT txCount ‖ u8 flags (1 body, 2 undo) ‖ positions, each VARINT file, offset, size.
 * Height and hash are in the key.
 */
export function encodeStoredHeader(h: StoredHeader): Uint8Array {
  const w = new Writer(160 + h.seal.length);
  w.put(h.header80).varBytes(h.seal).varBytes(workBytes(h.chainWork)).varBytes(h.state);
  writeVarint(w, h.sequence);
  w.u8(STATUS_NUMBER[h.status]);
  writeVarint(w, h.txCount);
  w.u8((h.body === undefined ? 0 : HAS_BODY) | (h.undo === undefined ? 0 : HAS_UNDO));
  if (h.body !== undefined) writePosition(w, h.body);
  if (h.undo !== undefined) writePosition(w, h.undo);
  return w.finish();
}

/** Where a header is filed: what its key says. */
export type HeaderPlace = Pick<StoredHeader, 'height' | 'hash'>;

/** Reads what encodeStoredHeader writes; `header80` is a view on `bytes`. Throws DecodeError. */
export function decodeStoredHeader(bytes: Uint8Array, place: HeaderPlace): StoredHeader {
  return decodeAll(bytes, (r) => readStoredHeader(r, place), 'header record');
}

/** Most seals and states are empty: those share one array. */
function ownBytes(view: Uint8Array): Uint8Array {
  return view.length === 0 ? EMPTY : view.slice();
}

function readStoredHeader(r: Reader, place: HeaderPlace): StoredHeader {
  const header80 = r.take(HEADER_SIZE, 'header');
  const seal = ownBytes(r.varBytes(MAX_SEAL, 'seal'));
  const chainWork = numberOf(r.varBytes(32, 'chain work'));
  const state = ownBytes(r.varBytes(MAX_STATE, 'engine state'));
  const sequence = readVarint(r);
  const number = r.u8('status');
  const status = STATUS_OF.get(number);
  if (status === undefined) throw new DecodeError(`header record: unknown status ${number}`);
  const txCount = readVarint(r);
  const flags = r.u8('flags');
  if ((flags & ~(HAS_BODY | HAS_UNDO)) !== 0) throw new DecodeError(`header record: unknown flags ${flags}`);
  const fixed = { ...place, header80, seal, chainWork, state, sequence, status, txCount };
  const body = (flags & HAS_BODY) !== 0 ? { body: readPosition(r) } : {};
  const undo = (flags & HAS_UNDO) !== 0 ? { undo: readPosition(r) } : {};
  return { ...fixed, ...body, ...undo };
}

function writePosition(w: Writer, p: FilePosition): void {
  writeVarint(w, p.file);
  writeVarint(w, p.offset);
  writeVarint(w, p.size);
}

function readPosition(r: Reader): FilePosition {
  return { file: readVarint(r), offset: readVarint(r), size: readVarint(r) };
}

function workBytes(work: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let n = work; n > 0n; n >>= 8n) bytes.push(Number(n & 0xffn));
  return Uint8Array.from(bytes.reverse());
}

function numberOf(bytes: Uint8Array): bigint {
  let n = 0n;
  for (const b of bytes) n = (n << 8n) | BigInt(b);
  return n;
}
