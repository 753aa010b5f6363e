import { sha256 } from '../../crypto/hash.ts';

/**
 * Fingerprint of a set whose members come in any order: the sum of their hashes modulo 2^256. Tells damage, not malice:
 * whoever chooses members can make two sets alike.
 */
export class SetFingerprint {
  readonly #sums = new Float64Array(8);
  #count = 0;

  add(member: Uint8Array): void {
    const hash = sha256(member);
    const view = new DataView(hash.buffer, hash.byteOffset, 32);
    // Below 2^53 for the first 2^21 members; carried on before that.
    for (let i = 0; i < 8; i++) this.#sums[i] = (this.#sums[i] as number) + view.getUint32(i * 4, true);
    if (++this.#count % 0x10_0000 === 0) this.#carry();
  }

  get count(): number {
    return this.#count;
  }

  equals(other: SetFingerprint): boolean {
    this.#carry();
    other.#carry();
    return this.#count === other.#count && this.#sums.every((sum, i) => sum === other.#sums[i]);
  }

  #carry(): void {
    let carry = 0;
    for (let i = 0; i < 8; i++) {
      const sum = (this.#sums[i] as number) + carry;
      this.#sums[i] = sum % 0x1_0000_0000;
      carry = Math.floor(sum / 0x1_0000_0000);
    }
  }
}
