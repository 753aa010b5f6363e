/** Numbers that survive a double unchanged; longer digit strings (all-digit hashes) stay text. */
const NUMBER = /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/;

/**
 * An argument as bitcoin-cli users write them: numbers, true, false, null, JSON objects, arrays and quoted strings stand
 * for themselves, anything else is a string. Throws SyntaxError for what starts as JSON and is none.
 */
export function rpcArg(text: string): unknown {
  if (NUMBER.test(text)) return Number(text);
  if (text === 'true' || text === 'false' || text === 'null') return JSON.parse(text);
  if (/^\s*[[{"]/.test(text)) return JSON.parse(text);
  return text;
}

/** name=value pairs; words without = are positional and travel in `args`. */
export function namedArgs(words: readonly string[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const positional: unknown[] = [];
  for (const word of words) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(word);
    if (match === null) positional.push(rpcArg(word));
    else out[match[1]!] = rpcArg(match[2]!);
  }
  return positional.length === 0 ? out : { ...out, args: positional };
}
