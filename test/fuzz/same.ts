import { strict as assert } from 'node:assert';
import type { Check } from '../../src/primitives/rules.ts';
import { RULES } from '../../src/primitives/rules.ts';
import { equalBytes } from '../../src/util/bytes.ts';
import { toHex } from '../../src/util/hex.ts';

/** A target's run for a decoder of bytes that have one encoding each: what was taken is written back the same. */
export function oneEncoding<T>(decode: (bytes: Uint8Array) => T, encode: (value: T) => Uint8Array) {
  return (bytes: Uint8Array): boolean => {
    const again = encode(decode(bytes));
    if (!equalBytes(again, bytes)) assert.fail(`written back as ${toHex(again)}`);
    return true;
  };
}

/** A verdict: passed, or broken by a rule of the table with a detail. */
export function isPassed(verdict: Check<unknown>): boolean {
  if (verdict.ok) return true;
  assert.ok(Object.hasOwn(RULES, verdict.rule), `rule ${verdict.rule}`);
  assert.ok(verdict.detail.length > 0, `${verdict.rule} has a detail`);
  return false;
}
