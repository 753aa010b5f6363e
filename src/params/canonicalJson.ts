import { assert } from '../util/assert.ts';

/** What canonical JSON can hold: no null, no fractions, no undefined. */
export type CanonicalValue =
  | string
  | boolean
  | number
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue };

/** Code-unit order, which is what the default sort of strings uses. */
function sortedKeys(value: object): string[] {
  return Object.keys(value).sort();
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Canonical JSON text (protocol §1.1): keys sorted by code unit, no whitespace, values are strings, booleans, safe
 * integers, arrays and objects. Keys whose value is undefined are left out. Anything else is a bug of the caller and
 * throws AssertionFailure.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number') {
    assert(Number.isSafeInteger(value) && !Object.is(value, -0), `canonical JSON: ${value} is not a safe integer`);
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  assert(isPlainObject(value), `canonical JSON: a ${value === null ? 'null' : typeof value} cannot be written`);
  const parts: string[] = [];
  for (const key of sortedKeys(value)) {
    if (value[key] !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  }
  return `{${parts.join(',')}}`;
}
