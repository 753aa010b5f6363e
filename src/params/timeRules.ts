/** Half-life, clamp and future limit that follow from the block spacing on cairn networks (protocol §G). Seconds. */

/** ASERT half-life: 36 blocks. */
export function defaultHalfLife(spacing: number): number {
  return 36 * spacing;
}

/** Most that the difficulty clock moves per block: 72 blocks. */
export function defaultClamp(spacing: number): number {
  return 72 * spacing;
}

/** F_max = min(7200, max(30, 12·T)) (protocol §G.2): a lie of F_max moves the target by at most 2^(12/36). */
export function defaultMaxFuture(spacing: number): number {
  return Math.min(7200, Math.max(30, 12 * spacing));
}
