import { equalBytes } from '../util/bytes.ts';
import { ScriptCursor } from './cursor.ts';

/**
 * Removes every occurrence of `part` that starts where an opcode starts (legacy signature hashing leaves the signature
 * itself out of the script). Scanning stops at a push that runs past the end, as Bitcoin Core's FindAndDelete does.
 */
export function findAndDelete(
  script: Uint8Array,
  part: Uint8Array,
): { readonly script: Uint8Array; readonly found: number } {
  if (part.length === 0 || part.length > script.length) return { script, found: 0 };
  const out = new Uint8Array(script.length);
  const cursor = new ScriptCursor(script);
  let length = 0;
  let found = 0;
  let kept = 0;
  const keep = (until: number): void => {
    out.set(script.subarray(kept, until), length);
    length += until - kept;
    kept = until;
  };
  do {
    keep(cursor.offset);
    while (equalBytes(script.subarray(cursor.offset, cursor.offset + part.length), part)) {
      cursor.offset += part.length;
      found++;
    }
    kept = cursor.offset;
  } while (cursor.next());
  if (found === 0) return { script, found };
  keep(script.length);
  return { script: out.slice(0, length), found };
}
