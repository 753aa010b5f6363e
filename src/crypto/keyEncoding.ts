/** Shape of an encoded public key by its first byte: 33 bytes for 02/03, 65 for 04/06/07, 0 for anything else. */
export function publicKeyLength(firstByte: number | undefined): number {
  if (firstByte === 2 || firstByte === 3) return 33;
  if (firstByte === 4 || firstByte === 6 || firstByte === 7) return 65;
  return 0;
}

/** True when first byte and length agree (Bitcoin Core's CPubKey::ValidSize); says nothing about the curve. */
export function hasPublicKeyShape(key: Uint8Array): boolean {
  return key.length > 0 && publicKeyLength(key[0]) === key.length;
}

/**
 * The key without the hybrid form that only Bitcoin's oldest rules know (06/07: uncompressed with the parity of y in the
 * first byte): 06/07 becomes 04. undefined when shape or parity are wrong.
 */
export function withoutHybrid(key: Uint8Array): Uint8Array | undefined {
  if (!hasPublicKeyShape(key)) return undefined;
  const first = key[0] as number;
  if (first !== 6 && first !== 7) return key;
  if (((key[64] as number) & 1) !== (first & 1)) return undefined;
  const plain = key.slice();
  plain[0] = 4;
  return plain;
}
