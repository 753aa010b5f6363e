import { randomBytes, randomInt } from 'node:crypto';
import { setHashProvider } from '../crypto/hash.ts';
import { nodeHashProvider } from '../crypto/hashNative.node.ts';
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

/** Installs the fastest providers that work here. Call once, first thing in main. */
export function usePlatformCrypto(): void {
  setHashProvider(nodeHashProvider);
}
