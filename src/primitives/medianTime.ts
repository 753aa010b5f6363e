/** Headers whose times the median is taken of (Bitcoin Core CBlockIndex::nMedianTimeSpan). */
export const MEDIAN_TIME_SPAN = 11;

/** Median of up to eleven times in any order; with an even number the later of the two middle ones, as Core does. */
export function medianOf(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * Median time past of the branch that ends at `height`: the median of its last eleven header times, of fewer near
 * genesis (BIP113). `timeAt` gives the time of the branch's header at a height. Unix seconds.
 */
export function medianTimePast(height: number, timeAt: (height: number) => number): number {
  const times: number[] = [];
  for (let h = height; h >= 0 && times.length < MEDIAN_TIME_SPAN; h--) times.push(timeAt(h));
  return medianOf(times);
}
