const KEY = /^\s*((?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+))*)\s*=(.*)$/;
const TABLE = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$/;

const plain = (key: string): string =>
  key
    .split(/\s*\.\s*/)
    .map((part) => part.replaceAll(/^["']|["']$/g, ''))
    .join('.');

/**
 * Line (from 1) of every key and table of a TOML text that a TOML parser has accepted: the parser reports lines of
 * syntax errors only, people also want those of wrong values.
 */
export function tomlLines(toml: string): Map<string, number> {
  const lines = new Map<string, number>();
  let table = '';
  let closing: string | undefined;
  for (const [index, line] of toml.split('\n').entries()) {
    if (closing !== undefined) {
      if (line.includes(closing)) closing = undefined;
      continue;
    }
    const header = TABLE.exec(line);
    if (header !== null) {
      table = plain(header[1]!);
      if (!lines.has(table)) lines.set(table, index + 1);
      continue;
    }
    const entry = KEY.exec(line);
    if (entry === null) continue;
    const key = table === '' ? plain(entry[1]!) : `${table}.${plain(entry[1]!)}`;
    if (!lines.has(key)) lines.set(key, index + 1);
    const value = entry[2]!.trim();
    for (const quote of ['"""', "'''"]) {
      if (value.startsWith(quote) && !value.slice(3).includes(quote)) closing = quote;
    }
  }
  return lines;
}

/** Line of the key, or of the nearest table above it. */
export function lineOf(lines: ReadonlyMap<string, number>, key: string): number | undefined {
  for (let at = key; at !== ''; at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '') {
    const line = lines.get(at);
    if (line !== undefined) return line;
  }
  return undefined;
}
