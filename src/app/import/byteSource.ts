/** Bytes that can be read at any offset. */
export interface ByteSource {
  /** Named in messages. */
  readonly path: string;
  readonly size: number;
  /** A copy of up to `size` bytes from `at`: fewer only at the end. */
  read(at: number, size: number): Promise<Uint8Array>;
}

/** Length of the key in xor.dat. */
export const XOR_KEY_SIZE = 8;

/** The source with `key` XORed over it, byte i with key[i mod 8]: how Bitcoin Core obfuscates its block files since version 28. */
export function deobfuscated(source: ByteSource, key: Uint8Array): ByteSource {
  return {
    path: source.path,
    size: source.size,
    async read(at, size) {
      const bytes = await source.read(at, size);
      for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) ^ (key[(at + i) % XOR_KEY_SIZE] as number);
      return bytes;
    },
  };
}
