import { formatCoins } from '../primitives/amount.ts';
import { AssertionFailure } from '../util/assert.ts';

/** An amount in satoshi that is written as a JSON number of coins with exactly eight decimals (0.00001000, never 1e-5). */
export class Coins {
  readonly satoshi: bigint;

  constructor(satoshi: bigint) {
    this.satoshi = satoshi;
  }
}

/** JSON text kept as it is: ids whose number a double would print differently, and answers that are written already. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a method may answer: JSON with exact amounts and integers of any size. `undefined` members are left out. */
export type Json = null | boolean | number | bigint | string | Coins | RawJson | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/**
 * A double as Bitcoin Core prints it: sixteen significant digits, trailing zeros dropped, exponent form below 1e-4 and
 * from 1e16 with at least two exponent digits (C++ default float format with setprecision(16)).
 */
export function formatDouble(value: number): string {
  if (!Number.isFinite(value)) throw new AssertionFailure(`JSON has no ${value}`);
  if (value === 0) return '0';
  const [mantissa, exponentText] = value.toExponential(15).split('e') as [string, string];
  const exponent = Number(exponentText);
  const negative = mantissa.startsWith('-');
  const digits = mantissa.replace('-', '').replace('.', '').replace(/0+$/, '');
  const sign = negative ? '-' : '';
  if (exponent < -4 || exponent >= 16) {
    const power = Math.abs(exponent).toString().padStart(2, '0');
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
}

type Scalar = null | boolean | number | bigint | string | Coins | RawJson;

function scalar(value: Scalar): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isSafeInteger(value) ? (value + 0).toString() : formatDouble(value);
  return value instanceof RawJson ? value.text : formatCoins(value.satoshi);
}

const isScalar = (value: Json): value is Scalar =>
  value === null || typeof value !== 'object' || value instanceof Coins || value instanceof RawJson;

/**
 * JSON text of `value`. With `indent` > 0 on several lines as Bitcoin Core's pretty writer does.
 * Answers nest a few levels only; echoed arguments are bounded by the depth limit of requests.
 */
export function writeJson(value: Json, indent = 0, level = 1): string {
  if (isScalar(value)) return scalar(value);
  const pad = indent > 0 ? `\n${' '.repeat(indent * level)}` : '';
  const end = indent > 0 ? `\n${' '.repeat(indent * (level - 1))}` : '';
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[${(value as readonly Json[]).map((item) => pad + writeJson(item, indent, level + 1)).join(',')}${end}]`;
  }
  const parts: string[] = [];
  const colon = indent > 0 ? ': ' : ':';
  for (const [key, member] of Object.entries(value as JsonObject)) {
    if (member === undefined) continue;
    parts.push(`${pad}${JSON.stringify(key)}${colon}${writeJson(member, indent, level + 1)}`);
  }
  return parts.length === 0 ? '{}' : `{${parts.join(',')}${end}}`;
}

/** Nesting that a request may have (Bitcoin Core's UniValue MAX_JSON_DEPTH): deeper text is a parse error. */
export const MAX_JSON_DEPTH = 512;

/** True when brackets outside strings nest deeper than `max`. One pass, no allocation. */
export function nestsDeeperThan(text: string, max: number = MAX_JSON_DEPTH): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > max) return true;
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
  return false;
}

/**
 * Keeps ids whose number would be printed otherwise. `source` is the number's own text (ES2025 JSON.parse source access).
 * A number beyond every double has no value here and could not be echoed: throws RangeError.
 */
function revive(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) throw new RangeError(`${context?.source} is beyond every double`);
  if (key !== 'id' || context?.source === undefined) return value;
  return scalar(value) === context.source ? value : new RawJson(context.source);
}

/** The value of a JSON text, or undefined when it is not JSON, nests too deep or has a number beyond every double. */
export function parseJson(text: string): { readonly value: Json } | undefined {
  if (nestsDeeperThan(text)) return undefined;
  try {
    return { value: JSON.parse(text, revive) as Json };
  } catch {
    return undefined;
  }
}

/** Name of a value's type as Bitcoin Core spells it in messages. */
export function typeName(value: Json | undefined): 'null' | 'bool' | 'object' | 'array' | 'string' | 'number' {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number' || typeof value === 'bigint') return 'number';
  if (value instanceof Coins || value instanceof RawJson) return 'number';
  return Array.isArray(value) ? 'array' : 'object';
}
