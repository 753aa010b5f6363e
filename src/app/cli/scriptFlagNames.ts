import { MANDATORY_SCRIPT_FLAGS, SCRIPT_FLAGS, STANDARD_SCRIPT_FLAGS } from '../../script/flags.ts';
import { nearest } from '../config/nearest.ts';
import { EXIT, ExitError } from '../exit.ts';

/** Sets of flags by a word of their own. */
const SETS: ReadonlyMap<string, number> = new Map([
  ['none', 0],
  ['consensus', MANDATORY_SCRIPT_FLAGS],
  ['standard', STANDARD_SCRIPT_FLAGS],
]);
const NAMES = Object.keys(SCRIPT_FLAGS).filter((name) => name !== 'NONE') as (keyof typeof SCRIPT_FLAGS)[];

export const FLAGS_HELP =
  'script verification flags: none, consensus, standard, or names such as P2SH,WITNESS; -NAME takes one out ' +
  '(of consensus, when it comes first)';

/**
 * Flags of text such as "P2SH,WITNESS", "standard,-LOW_S" or "-TAPROOT". A name alone starts from none, one that is taken
 * out from consensus. Throws ExitError (64) with the nearest name.
 */
export function parseFlagNames(text: string): number {
  let flags = text.trimStart().startsWith('-') ? MANDATORY_SCRIPT_FLAGS : 0;
  for (const word of text.split(',').map((part) => part.trim())) {
    if (word === '') continue;
    const out = word.startsWith('-');
    const name = out ? word.slice(1) : word;
    const value =
      SETS.get(name.toLowerCase()) ?? NAMES.reduce((v, n) => (n === name.toUpperCase() ? SCRIPT_FLAGS[n] : v), -1);
    if (value < 0) {
      const like = nearest(name, [...NAMES, ...SETS.keys()]);
      throw new ExitError(
        EXIT.usage,
        `--flags: unknown flag ${JSON.stringify(name)}${like === undefined ? '' : `; did you mean ${like}?`}`,
        { next: `none, consensus, standard or any of ${NAMES.join(',')}` },
      );
    }
    flags = out ? flags & ~value : flags | value;
  }
  return flags;
}

/** Names of the flags that are set, in the order of their bits. */
export function flagNames(flags: number): string[] {
  return NAMES.filter((name) => (flags & SCRIPT_FLAGS[name]) !== 0);
}
