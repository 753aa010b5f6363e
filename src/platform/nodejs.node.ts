import { randomBytes, randomInt } from 'node:crypto';
import { setHashProvider } from '../crypto/hash.ts';
import { nodeHashProvider } from '../crypto/hashNative.node.ts';
import { wasmHashProvider } from '../crypto/hashWasm.ts';
import { setSecpProvider } from '../crypto/secp.ts';
import { nodeSecpProvider } from '../crypto/secpNode.node.ts';
import type { Platform } from './platform.ts';

/** Node: real clock, unref'd timers, node:crypto. */
export const nodejs: Platform = {
  name: 'nodejs',
  clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
  timers: {
    after(ms, fn) {
      const timer = setTimeout(fn, ms).unref();
      return () => clearTimeout(timer);
    },
    every(ms, fn) {
      const timer = setInterval(fn, ms).unref();
      return () => clearInterval(timer);
    },
  },
  random: {
    bytes: (n) => new Uint8Array(randomBytes(n)),
    unit: () => randomInt(0, 2 ** 48 - 1) / 2 ** 48,
  },
};

/** What usePlatformCrypto chose, for the log of the node. */
export interface PlatformCrypto {
  readonly hash: string;
  readonly secp: string;
  /** A sentence when signatures are verified slower than they could be. */
  readonly warning?: string;
}

/**
 * Bytes up to which WebAssembly is at least as fast as node:crypto, whose calls cost a quarter of a microsecond before the
 * first byte and then a quarter of WebAssembly's time per byte: measured on an AMD EPYC (Zen 5) with SHA instructions, Node
 * 24 (docs/decisions.md).
 */
const WASM_LIMITS = { sha256: 55, hash256: 183, hash160: 520, batch: 600 };

/** Installs the fastest providers that work here. Call once, first thing in main and in every worker. */
export function usePlatformCrypto(): PlatformCrypto {
  const hash =
    wasmHashProvider(nodeHashProvider, { limits: WASM_LIMITS }) ??
    wasmHashProvider(nodeHashProvider, { simd: false, limits: WASM_LIMITS }) ??
    nodeHashProvider;
  setHashProvider(hash);
  const { provider, slowBecause } = nodeSecpProvider();
  setSecpProvider(provider);
  const chosen = { hash: hash.name, secp: provider.name };
  return slowBecause === undefined ? chosen : { ...chosen, warning: slowBecause };
}
