import { EXIT, ExitError } from '../exit.ts';

const MAX_HEIGHT = 0x7fffffff;

/** A whole number of a flag, undefined when it was not given. Throws ExitError (64) naming flag, value and rule. */
export function wholeFlag(text: unknown, flag: string, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new ExitError(EXIT.usage, `${flag} must be a whole number from 0 to ${max}, not ${JSON.stringify(text)}`);
}

/** A block height of a flag. */
export function heightFlag(text: unknown, flag: string): number | undefined {
  return wholeFlag(text, flag, MAX_HEIGHT);
}
