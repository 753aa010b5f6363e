/** Amounts in satoshi as bigint. */

export const COIN = 100_000_000n;

/** Largest amount that may ever occur: a sanity bound of the rules, not the supply (Bitcoin Core MAX_MONEY). */
export const MAX_MONEY = 21_000_000n * COIN;

/** True for 0 … MAX_MONEY. */
export function isMoney(value: bigint): boolean {
  return value >= 0n && value <= MAX_MONEY;
}

/** Satoshi for `vsize` virtual bytes at `rate` satoshi per 1000 vbytes, rounded up (Bitcoin Core CFeeRate::GetFee). */
export function feeAt(rate: bigint, vsize: number): bigint {
  return (rate * BigInt(vsize) + 999n) / 1000n;
}

/** Eight decimals, as Bitcoin's RPC prints amounts: 1000n → "0.00001000". Negative amounts keep their sign. */
export function formatCoins(value: bigint): string {
  const abs = value < 0n ? -value : value;
  return `${value < 0n ? '-' : ''}${abs / COIN}.${(abs % COIN).toString().padStart(8, '0')}`;
}

/** Satoshi of a decimal string with at most eight decimals, or undefined when it is not one. */
export function parseCoins(text: string): bigint | undefined {
  const m = /^(-?)(\d{1,12})(?:\.(\d{1,8}))?$/.exec(text);
  if (m === null) return undefined;
  const value = BigInt(m[2] as string) * COIN + BigInt((m[3] ?? '').padEnd(8, '0'));
  return m[1] === '-' ? -value : value;
}
