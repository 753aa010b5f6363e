import { equalBytes } from '../util/bytes.ts';

/** Largest payload: codec.ts' MAX_SIZE. A length above it in a frame is damage. */
export const MAX_PAYLOAD = 0x02000000;
/** magic ‖ length */
export const FRAME_HEAD = 8;
/** Bytes of a frame beside the payload: the head, and the checksum behind it. */
export const FRAME = FRAME_HEAD + 4;

/** What frames of one kind of file share. */
export interface FrameForm {
  readonly magic: Uint8Array;
  /** CRC-32 (IEEE) of the parts one after another. */
  readonly crc32: (parts: readonly Uint8Array[]) => number;
}

function u32le(n: number): Uint8Array {
  return Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24);
}

function fromU32le(b: Uint8Array, at: number): number {
  return (
    ((b[at] as number) |
      ((b[at + 1] as number) << 8) |
      ((b[at + 2] as number) << 16) |
      ((b[at + 3] as number) << 24)) >>>
    0
  );
}

/** Frame of a record, in parts: network magic (4) ‖ payload length u32le ‖ payload ‖ CRC-32 of length and payload, u32le. */
export function frameAround(payload: Uint8Array, { magic, crc32 }: FrameForm): Uint8Array[] {
  const length = u32le(payload.length);
  return [magic, length, payload, u32le(crc32([length, payload]))];
}

/** The length that a frame's head gives, undefined when it is no head. */
export function lengthInHead(head: Uint8Array, magic: Uint8Array): number | undefined {
  if (head.length < FRAME_HEAD || !equalBytes(head.subarray(0, 4), magic)) return undefined;
  const length = fromU32le(head, 4);
  return length <= MAX_PAYLOAD ? length : undefined;
}

/** The payload, of `size` bytes, of the frame that starts `bytes` (a view), or what is wrong: "has a wrong checksum". */
export function openFrame(
  bytes: Uint8Array,
  size: number,
  { magic, crc32 }: FrameForm,
): Uint8Array | { readonly fault: string } {
  if (bytes.length < FRAME + size) return { fault: 'is cut off' };
  if (!equalBytes(bytes.subarray(0, 4), magic)) return { fault: 'has a wrong network magic' };
  const length = fromU32le(bytes, 4);
  if (length !== size) return { fault: `has length ${length}, not ${size}` };
  const payload = bytes.subarray(FRAME_HEAD, FRAME_HEAD + size);
  if (crc32([bytes.subarray(4, FRAME_HEAD), payload]) !== fromU32le(bytes, FRAME_HEAD + size))
    return { fault: 'has a wrong checksum' };
  return payload;
}

/** blk00012.dat */
export function recordFileName(prefix: string, file: number): string {
  return `${prefix}${String(file).padStart(5, '0')}.dat`;
}

/** 12 for blk00012.dat, undefined for any other name. */
export function recordFileNumber(prefix: string, name: string): number | undefined {
  if (!name.startsWith(prefix) || !name.endsWith('.dat')) return undefined;
  const digits = name.slice(prefix.length, -4);
  return /^\d{5,}$/.test(digits) ? Number(digits) : undefined;
}
