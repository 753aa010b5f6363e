import type { ConfigProblem } from './configError.ts';
import { nearest } from './nearest.ts';
import { envName, flagName, OPTION_KEYS, type OptionKey, option } from './options.ts';
import type { Origin } from './origin.ts';
import { parseText } from './parseText.ts';
import { lineOf, tomlLines } from './tomlLines.ts';

/** A value as a source gave it, not yet judged. */
export interface RawValue {
  readonly value: unknown;
  readonly origin: Origin;
}
export type RawValues = Map<OptionKey, RawValue>;

const KNOWN = new Set<string>(OPTION_KEYS);
const TABLES = new Set(OPTION_KEYS.filter((key) => key.includes('.')).map((key) => key.slice(0, key.indexOf('.'))));
/** Variables that are not options: the file to read, and what the tests of this repository use. */
const OTHER_ENV = ['CAIRN_CONFIG', 'CAIRN_VECTORS'];
const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Values of a parsed TOML file; `text` is its source, for line numbers. */
export function fromToml(
  parsed: Record<string, unknown>,
  text: string,
  file: string,
  problems: ConfigProblem[],
): RawValues {
  const lines = tomlLines(text);
  const out: RawValues = new Map();
  const at = (key: string): Origin => {
    const line = lineOf(lines, key);
    return { source: 'file', where: line === undefined ? file : `${file}:${line}` };
  };
  const take = (key: string, value: unknown): void => {
    if (KNOWN.has(key)) out.set(key as OptionKey, { value, origin: at(key) });
    else problems.push({ origin: at(key), key, reason: 'unknown key', nearest: nearest(key, OPTION_KEYS) });
  };
  for (const [key, value] of Object.entries(parsed)) {
    if (!isTable(value)) take(key, value);
    else if (TABLES.has(key)) for (const [inner, v] of Object.entries(value)) take(`${key}.${inner}`, v);
    else
      problems.push({
        origin: at(key),
        key: `[${key}]`,
        reason: 'unknown table',
        nearest: KNOWN.has(key) ? `${key} = …` : nearest(key, [...TABLES]),
      });
  }
  return out;
}

/** Values of the environment variables that start with CAIRN_. */
export function fromEnv(env: Readonly<Record<string, string | undefined>>, problems: ConfigProblem[]): RawValues {
  const out: RawValues = new Map();
  const byName = new Map(OPTION_KEYS.map((key) => [envName(key), key]));
  for (const [name, given] of Object.entries(env)) {
    if (!name.startsWith('CAIRN_') || given === undefined || OTHER_ENV.includes(name)) continue;
    const origin: Origin = { source: 'env', where: name };
    const key = byName.get(name);
    if (key !== undefined) out.set(key, { value: parseText(option(key), given), origin });
    else {
      const like = nearest(name, [...byName.keys(), 'CAIRN_CONFIG']);
      problems.push({ origin, key: name, reason: 'unknown environment variable', nearest: like });
    }
  }
  return out;
}

/** Flags by option key as the command line gave them: text, repeated texts, or a switch. */
export type Flags = { readonly [K in OptionKey]?: string | readonly string[] | boolean | undefined };

export function fromFlags(flags: Flags): RawValues {
  const out: RawValues = new Map();
  for (const key of OPTION_KEYS) {
    const given = flags[key];
    if (given === undefined) continue;
    const value = typeof given === 'string' ? parseText(option(key), given) : given;
    out.set(key, { value, origin: { source: 'flag', where: `--${flagName(key)}` } });
  }
  return out;
}
