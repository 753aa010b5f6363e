import { type Hash256, isZeroHash } from '../../primitives/hash.ts';
import {
  BlockHeader,
  HEADER_SIZE,
  MAX_SEAL,
  readHeader,
  type SealedHeader,
  writeHeader,
} from '../../primitives/header.ts';
import { EMPTY } from '../../util/bytes.ts';
import { compactSizeLength, DecodeError, decodeAll, type Reader, type Writer } from '../../util/codec.ts';
import { written } from './fields.ts';
import { MAX_LIST_BYTES } from './types.ts';

/** Bitcoin Core's MAX_LOCATOR_SZ: ten dense entries and one per doubling cover any chain. */
export const MAX_LOCATOR = 101;
/** Bitcoin Core's MAX_HEADERS_RESULTS. */
export const MAX_HEADERS = 2000;
/** A header after the first: its previous hash is the hash of the one before. */
const SHORT_HEADER = HEADER_SIZE - 32;
const FLAG_SEALS = 1;

export interface HeadersRequest {
  /** Answer with seals. */
  readonly seals: boolean;
  /** Newest first; at most MAX_LOCATOR hashes. */
  readonly locator: readonly Hash256[];
  /** Last header wanted; undefined: up to the tip. */
  readonly stop: Hash256 | undefined;
  /** At most MAX_HEADERS. */
  readonly max: number;
}

/** `flags u8; CompactSize n, n × hash32; stop32; max u16` (protocol A.3, type 02). */
export function encodeHeadersRequest(request: HeadersRequest): Uint8Array {
  return written(40 + request.locator.length * 32, (w) => {
    w.u8(request.seals ? FLAG_SEALS : 0).compactSize(request.locator.length);
    for (const hash of request.locator) w.put(hash);
    w.put(request.stop ?? new Uint8Array(32)).u16(request.max);
  });
}

/** Throws DecodeError. */
export function decodeHeadersRequest(bytes: Uint8Array): HeadersRequest {
  return decodeAll(
    bytes,
    (r) => {
      const flags = r.u8('flags');
      if ((flags & ~FLAG_SEALS) !== 0) throw new DecodeError(`HEADERS: unknown flags ${flags}`);
      const n = r.count(32, MAX_LOCATOR, 'locator');
      const locator: Hash256[] = [];
      for (let i = 0; i < n; i++) locator.push(r.take(32, 'locator hash').slice());
      const stop = r.take(32, 'stop hash').slice();
      const max = r.u16('max headers');
      if (max === 0 || max > MAX_HEADERS) throw new DecodeError(`HEADERS: max ${max} is not 1…${MAX_HEADERS}`);
      return { seals: (flags & FLAG_SEALS) !== 0, locator, stop: isZeroHash(stop) ? undefined : stop, max };
    },
    'HEADERS request',
  );
}

/** How many of `headers` fit into one answer: by count and by bytes (protocol S4: batches are cut by bytes too). */
export function headersThatFit(headers: Iterable<SealedHeader>, seals: boolean): SealedHeader[] {
  const fit: SealedHeader[] = [];
  let bytes = 3 + 32;
  for (const sealed of headers) {
    bytes += SHORT_HEADER + (seals ? compactSizeLength(sealed.seal.length) + sealed.seal.length : 0);
    if (fit.length === MAX_HEADERS || bytes > MAX_LIST_BYTES) break;
    fit.push(sealed);
  }
  return fit;
}

/** True when an answer of this size may have been cut by a limit, so that more may follow. */
export function mayBeCut(count: number, asked: number, answerBytes: number): boolean {
  return count >= asked || answerBytes > MAX_LIST_BYTES - SHORT_HEADER - MAX_SEAL - 5;
}

/**
 * `count; first header80, then 48 bytes each (version, merkle root, time, bits, nonce); seals if asked`. The headers must
 * be a chain.
 */
export function encodeHeaders(headers: readonly SealedHeader[], seals: boolean): Uint8Array {
  return written(64 + headers.length * (SHORT_HEADER + 1), (w) => {
    w.compactSize(headers.length);
    for (const [i, { header }] of headers.entries()) {
      if (i === 0) writeHeader(w, header);
      else writeShort(w, header);
    }
    if (seals) for (const { seal } of headers) w.varBytes(seal);
  });
}

/** Decodes an answer to a request with these `seals` and `max`; linkage within it holds by construction. Throws DecodeError. */
export function decodeHeaders(bytes: Uint8Array, seals: boolean, max: number): SealedHeader[] {
  if (bytes.length > MAX_LIST_BYTES) throw new DecodeError(`HEADERS: ${bytes.length} bytes`);
  return decodeAll(
    bytes,
    (r) => {
      const n = r.count(SHORT_HEADER, max, 'header count');
      const headers: BlockHeader[] = [];
      for (let i = 0; i < n; i++) headers.push(i === 0 ? readHeader(r) : readShort(r, headers[i - 1] as BlockHeader));
      return headers.map((header) => ({ header, seal: seals ? r.varBytes(MAX_SEAL, 'seal').slice() : EMPTY }));
    },
    'HEADERS',
  );
}

function writeShort(w: Writer, h: BlockHeader): void {
  w.i32(h.version).put(h.merkleRoot).u32(h.time).u32(h.bits).u32(h.nonce);
}

function readShort(r: Reader, previous: BlockHeader): BlockHeader {
  const version = r.i32('header version');
  const merkleRoot = r.take(32, 'header merkle root').slice();
  return new BlockHeader({
    version,
    prevHash: previous.hash,
    merkleRoot,
    time: r.u32('header time'),
    bits: r.u32('header bits'),
    nonce: r.u32('header nonce'),
  });
}
