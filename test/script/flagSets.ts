import { SCRIPT_FLAGS as F } from '../../src/script/flags.ts';

/** Every flag by itself. */
export const SINGLE_FLAGS: readonly number[] = Object.values(F).filter((flag) => flag !== 0);

/** Without the flags whose condition is missing: WITNESS needs P2SH, CLEANSTACK needs WITNESS. */
export function trimFlags(flags: number): number {
  let out = flags;
  if ((out & F.P2SH) === 0) out &= ~F.WITNESS;
  if ((out & F.WITNESS) === 0) out &= ~F.CLEANSTACK;
  return out;
}

/** With the flags that others need. */
export function fillFlags(flags: number): number {
  let out = flags;
  if ((out & F.CLEANSTACK) !== 0) out |= F.WITNESS;
  if ((out & F.WITNESS) !== 0) out |= F.P2SH;
  return out;
}

/** `flags` without one of them, for each of them. */
export function withoutOne(flags: number): number[] {
  return SINGLE_FLAGS.filter((flag) => (flags & flag) !== 0).map((flag) => flags & ~flag);
}

/** A repeatable walk through sets of flags. */
export function* flagSets(count: number): Generator<number> {
  let state = 0x9e3779b9;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 11;
  }
}
