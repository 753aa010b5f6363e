import { concatBytes } from '../../util/bytes.ts';
import { crc32c, unmaskCrc } from './crc32c.ts';
import type { Damage } from './damage.ts';

/** Logs and manifests are written in blocks of 32 KiB; no fragment crosses one. */
const BLOCK = 32 * 1024;
/** crc u32 (masked) ‖ length u16 ‖ type u8 */
const HEAD = 7;

/** Types of fragments; 3 is one in the middle. */
const FULL = 1;
const FIRST = 2;
const LAST = 4;

interface Fragment {
  readonly at: number;
  readonly type: number;
  readonly data: Uint8Array;
}

interface LogContent {
  /** Whole records in order, each with the offset of its first fragment. */
  readonly records: readonly { readonly at: number; readonly data: Uint8Array }[];
  readonly damage: readonly Damage[];
  /** Bytes of an unfinished record at the end: what a crash leaves of a write nobody was told about. */
  readonly torn: number;
}

/**
 * Reads a LevelDB log (or manifest). LevelDB itself drops what it cannot read without a word; here every byte that is no
 * part of a good record is named, except a record cut off by the end of the file.
 */
export function readLog(bytes: Uint8Array, path: string): LogContent {
  const damage: Damage[] = [];
  const records: { at: number; data: Uint8Array }[] = [];
  let open: Fragment[] = [];
  const { fragments, torn } = readFragments(bytes, path, damage);
  for (const fragment of fragments) {
    const starts = fragment.type === FULL || fragment.type === FIRST;
    if (starts === open.length > 0) {
      const offset = (open[0] ?? fragment).at;
      // A crash may cut a record anywhere: what was open is lost with it when the next process goes on behind.
      damage.push({ path, offset, detail: 'record without its beginning or end' });
      open = [];
      if (!starts) continue;
    }
    open.push(fragment);
    if (fragment.type === FULL || fragment.type === LAST) {
      records.push({ at: (open[0] as Fragment).at, data: concatBytes(...open.map((f) => f.data)) });
      open = [];
    }
  }
  const unfinished = open.length === 0 ? 0 : bytes.length - (open[0] as Fragment).at;
  return { records, damage, torn: Math.max(torn, unfinished) };
}

function readFragments(bytes: Uint8Array, path: string, damage: Damage[]): { fragments: Fragment[]; torn: number } {
  const fragments: Fragment[] = [];
  let at = 0;
  while (at < bytes.length) {
    const blockEnd = Math.min(at - (at % BLOCK) + BLOCK, bytes.length);
    if (blockEnd - at < HEAD) {
      const whole = blockEnd % BLOCK === 0;
      if (whole && !isZero(bytes, at, blockEnd)) damage.push({ path, offset: at, detail: 'padding is not zero' });
      if (!whole) return { fragments, torn: blockEnd - at };
      at = blockEnd;
      continue;
    }
    const length = (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8);
    const type = bytes[at + 6] as number;
    const end = at + HEAD + length;
    if (end > blockEnd) {
      // Cut off by the end of the file, or a length that was not written so: then some shorter record fits its checksum.
      const inLast = blockEnd === bytes.length && blockEnd % BLOCK !== 0;
      if (inLast && !someLengthFits(bytes, at, blockEnd)) return { fragments, torn: blockEnd - at };
      damage.push({ path, offset: at, detail: `record of ${length} bytes does not fit its block` });
      at = blockEnd;
      continue;
    }
    if (crcAt(bytes, at) !== crc32c(bytes, at + 6, end)) {
      damage.push({ path, offset: at, detail: 'record has a wrong checksum' });
      at = type >= FULL && type <= LAST && length > 0 ? end : blockEnd;
      continue;
    }
    if (type < FULL || type > LAST) damage.push({ path, offset: at, detail: `record of unknown type ${type}` });
    else fragments.push({ at, type, data: bytes.subarray(at + HEAD, end) });
    at = end;
  }
  return { fragments, torn: 0 };
}

function crcAt(bytes: Uint8Array, at: number): number {
  const b = (i: number): number => bytes[at + i] as number;
  return unmaskCrc((b(0) | (b(1) << 8) | (b(2) << 16) | (b(3) << 24)) >>> 0);
}

/** Whether the checksum at `at` belongs to a record of any length that ends before `limit`. */
function someLengthFits(bytes: Uint8Array, at: number, limit: number): boolean {
  const wanted = crcAt(bytes, at);
  let crc = 0;
  for (let end = at + HEAD; end <= limit; end++) {
    crc = crc32c(bytes, end - 1, end, crc);
    if (crc === wanted) return true;
  }
  return false;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
