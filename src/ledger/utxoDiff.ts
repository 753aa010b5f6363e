import type { UtxoDiff } from './coin.ts';

/** No change. */
export const EMPTY_DIFF: UtxoDiff = { spent: [], added: [] };

/** The change that takes a diff back: what was added is removed, what was spent is restored. */
export function reverseDiff(diff: UtxoDiff): UtxoDiff {
  return { spent: diff.added, added: diff.spent };
}
