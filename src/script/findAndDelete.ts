import { ScriptCursor } from './cursor.ts';

function holdsAt(script: Uint8Array, at: number, part: Uint8Array): boolean {
  if (part.length > script.length - at) return false;
  for (let i = 0; i < part.length; i++) if (script[at + i] !== part[i]) return false;
  return true;
}

/** Where `part` starts in the script, each place where an opcode starts. */
function placesOf(script: Uint8Array, part: Uint8Array): number[] {
  const places: number[] = [];
  const cursor = new ScriptCursor(script);
  do {
    while (holdsAt(script, cursor.offset, part)) {
      places.push(cursor.offset);
      cursor.offset += part.length;
    }
  } while (cursor.next());
  return places;
}

/**
 * Removes every occurrence of `part` that starts where an opcode starts (legacy signature hashing leaves the signature
 * itself out of the script). Scanning stops at a push that runs past the end, as Bitcoin Core's FindAndDelete does.
 * Without any, the script is the argument itself.
 */
export function findAndDelete(
  script: Uint8Array,
  part: Uint8Array,
): { readonly script: Uint8Array; readonly found: number } {
  if (part.length === 0 || part.length > script.length) return { script, found: 0 };
  const places = placesOf(script, part);
  if (places.length === 0) return { script, found: 0 };
  const out = new Uint8Array(script.length - places.length * part.length);
  let length = 0;
  let kept = 0;
  for (const place of [...places, script.length]) {
    out.set(script.subarray(kept, place), length);
    length += place - kept;
    kept = place + part.length;
  }
  return { script: out, found: places.length };
}
