import type { HashProvider } from './hash.ts';
import { merkleByLevels } from './hashBatches.ts';
import { HashKernel, MAX_NODES } from './wasm/hashKernel.ts';
import { MAX_MESSAGE } from './wasm/layout.ts';

/** Longest messages, in bytes, for which WebAssembly beats the provider of large messages. At most MAX_MESSAGE. */
export interface WasmLimits {
  /** One message per call. */
  readonly sha256: number;
  readonly hash256: number;
  readonly hash160: number;
  /** Four messages at a time. */
  readonly batch: number;
}

const NO_LIMITS: WasmLimits = { sha256: MAX_MESSAGE, hash256: MAX_MESSAGE, hash160: MAX_MESSAGE, batch: MAX_MESSAGE };

/**
 * SHA-256 and RIPEMD-160 in WebAssembly made by this code, and `large` for messages above the limits. With `simd` batches
 * are hashed four messages at a time. Undefined where the host lacks what is needed.
 */
export function wasmHashProvider(
  large: HashProvider,
  { simd = true, limits = NO_LIMITS }: { simd?: boolean; limits?: WasmLimits } = {},
): HashProvider | undefined {
  const kernel = HashKernel.make(simd);
  if (kernel === undefined) return undefined;
  const most = (limit: number): number => Math.min(limit, MAX_MESSAGE);
  const [once, twice] = [most(limits.sha256), most(limits.hash256)];
  const [key, batch] = [most(limits.hash160), most(limits.batch)];

  const hash256 = (data: Uint8Array): Uint8Array => (data.length <= twice ? kernel.hash256(data) : large.hash256(data));
  const hash256Pairs = (nodes: Uint8Array): Uint8Array => kernel.hash256Pairs(nodes);
  const hash256Each = (messages: readonly Uint8Array[]): Uint8Array[] => {
    if (!kernel.simd || messages.length < 2) return messages.map(hash256);
    const small = messages.filter((message) => message.length <= batch);
    const digests = kernel.hash256Each(small);
    if (small.length === messages.length) return digests;
    let next = 0;
    return messages.map((message) => (message.length <= batch ? (digests[next++] as Uint8Array) : hash256(message)));
  };
  return {
    name: `${kernel.simd ? 'wasm-simd' : 'wasm'}, ${large.name}`,
    sha256: (data) => (data.length <= once ? kernel.sha256(data) : large.sha256(data)),
    hash256,
    hash160: (data) => (data.length <= key ? kernel.hash160(data) : large.hash160(data)),
    sha256Stream: () => large.sha256Stream(),
    hash256Pairs,
    hash256Each,
    hash256Tree: (leaves) =>
      leaves.length <= MAX_NODES ? kernel.hash256Tree(leaves) : merkleByLevels(leaves, hash256Pairs),
  };
}
