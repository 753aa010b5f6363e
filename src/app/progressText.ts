/** 0 … 100 with one decimal, rounded down: 100 only when `have` has reached `of`, and then always. */
export function percentOf(have: number, of: number): number {
  return have >= of ? 100 : Math.floor((have / of) * 1000) / 10;
}

/** 90 → "1m 30s": the two largest units. */
export function duration(seconds: number): string {
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0s';
  let rest = Math.floor(seconds);
  const parts: string[] = [];
  for (const [name, size] of units.slice(first, first + 2)) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) parts.push(`${n}${name}`);
  }
  return parts.join(' ');
}

/** ", about 1m 30s to go", nothing while unknown. */
export function toGo(eta: number | undefined): string {
  return eta === undefined ? '' : `, about ${duration(eta)} to go`;
}
