import type { OptionValues } from './nodeConfig.ts';
import { envName, OPTION_KEYS, type OptionKey, option } from './options.ts';
import type { Origin } from './origin.ts';

/** A value as TOML. JSON strings are TOML basic strings. */
export function tomlValue(value: unknown): string {
  if (!Array.isArray(value)) return value === undefined ? '""' : JSON.stringify(value);
  if (value.length < 2) return `[${value.map((item) => JSON.stringify(item)).join('')}]`;
  return `[\n${value.map((item) => `  ${JSON.stringify(item)},\n`).join('')}]`;
}

const tableOf = (key: OptionKey): string => (key.includes('.') ? key.slice(0, key.indexOf('.')) : '');

/**
 * A whole config file: every option with its help and default in comments, the given ones set.
 * `heading` comes first, as comment lines.
 */
export function renderToml(given: Partial<Record<OptionKey, unknown>>, heading: readonly string[]): string {
  const out = heading.map((text) => (text === '' ? '#' : `# ${text}`));
  let table = '';
  for (const key of OPTION_KEYS) {
    if (tableOf(key) !== table) {
      table = tableOf(key);
      out.push('', `[${table}]`);
    } else if (table === '') out.push('');
    const row = option(key);
    const name = table === '' ? key : key.slice(table.length + 1);
    out.push(`# ${row.help}`);
    if (given[key] !== undefined) out.push(`${name} = ${tomlValue(given[key])}`);
    else out.push(`# ${name} = ${row.default === undefined ? '…' : tomlValue(row.default).replaceAll('\n', '\n# ')}`);
  }
  return `${out.join('\n')}\n`;
}

/** One line per option; with origins each says where the value comes from. */
export function renderShow(
  values: OptionValues,
  origins: ReadonlyMap<OptionKey, Origin>,
  options: { readonly origin: boolean },
): string {
  const rows = OPTION_KEYS.map((key) => {
    const value = values[key];
    const shown = value === undefined ? '(unset)' : JSON.stringify(value);
    return { text: `${key} = ${shown}`, origin: origins.get(key)?.where ?? 'default' };
  });
  if (!options.origin) return rows.map((row) => `${row.text}\n`).join('');
  const width = Math.min(60, Math.max(...rows.map((row) => row.text.length)));
  return rows.map((row) => `${row.text.padEnd(width)}  # ${row.origin}\n`).join('');
}

/** The same as JSON: { key: { value, origin, source, env } }. */
export function showJson(values: OptionValues, origins: ReadonlyMap<OptionKey, Origin>): Record<string, unknown> {
  return Object.fromEntries(
    OPTION_KEYS.map((key) => {
      const origin = origins.get(key);
      return [key, { value: values[key] ?? null, origin: origin?.where, source: origin?.source, env: envName(key) }];
    }),
  );
}
