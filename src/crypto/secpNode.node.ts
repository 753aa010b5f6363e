import { loadNativeSchnorr } from './schnorrNative.node.ts';
import type { SecpProvider } from './secp.ts';
import { loadNativeEcdsa } from './secpNative.node.ts';
import { wasmSecpProvider } from './secpWasm.node.ts';

export interface NodeSecp {
  readonly provider: SecpProvider;
  /** Why ECDSA does not run natively; for the log of the node. Absent when it does. */
  readonly slowBecause?: string;
}

/** The fastest provider of this machine: native verification with WASM Schnorr signing, or WASM for all with the reason. */
export function nodeSecpProvider(): NodeSecp {
  try {
    return { provider: { ...wasmSecpProvider, ...loadNativeEcdsa(), ...loadNativeSchnorr(), name: 'native+wasm' } };
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    return { provider: wasmSecpProvider, slowBecause: `no native secp256k1 build: ${reason}` };
  }
}
