import { createRequire } from 'node:module';
import { hasPublicKeyShape } from './keyEncoding.ts';
import { isScalar, verifiableSignature } from './laxDer.ts';
import { undefinedWhenRefused } from './refused.ts';
import type { SecpProvider } from './secp.ts';
import { nobleSecpProvider } from './secpNoble.ts';

type Wasm = typeof import('tiny-secp256k1');

/** What the package throws when libsecp256k1 refuses to parse a key. */
const KEY_REFUSED = 'Expected Point';

let loaded: Wasm | undefined;

/** Compiling the module takes some 20 ms, so it waits for the first call that needs it; the CommonJS build loads synchronously. */
function wasm(): Wasm {
  loaded ??= createRequire(import.meta.url)('tiny-secp256k1') as Wasm;
  return loaded;
}

const isPublicKey = (key: Uint8Array): boolean => hasPublicKeyShape(key) && wasm().isPoint(key);
const isXOnly = (key: Uint8Array): boolean => key.length === 32 && wasm().isXOnlyPoint(key);

/** libsecp256k1 compiled to WebAssembly (tiny-secp256k1). */
export const wasmSecpProvider: SecpProvider = {
  name: 'wasm',
  verifyEcdsa(signature, msg32, publicKey) {
    const compact = verifiableSignature(signature);
    if (compact === undefined || msg32.length !== 32 || !hasPublicKeyShape(publicKey)) return false;
    return undefinedWhenRefused(KEY_REFUSED, () => wasm().verify(msg32, publicKey, compact)) ?? false;
  },
  isPublicKey,
  isPrivateKey: (privateKey) => wasm().isPrivate(privateKey),
  publicKeyOf(privateKey, compressed) {
    if (!wasm().isPrivate(privateKey)) return undefined;
    return wasm().pointFromScalar(privateKey, compressed) ?? undefined;
  },
  convertPublicKey: (key, compressed) => (isPublicKey(key) ? wasm().pointCompress(key, compressed) : undefined),
  signCompact(msg32, privateKey, extra32) {
    if (msg32.length !== 32 || !wasm().isPrivate(privateKey)) return undefined;
    if (extra32 === undefined) return wasm().sign(msg32, privateKey);
    return extra32.length === 32 ? wasm().sign(msg32, privateKey, extra32) : undefined;
  },
  tweakAddPrivate(privateKey, tweak32) {
    if (!wasm().isPrivate(privateKey) || !isScalar(tweak32)) return undefined;
    return wasm().privateAdd(privateKey, tweak32) ?? undefined;
  },
  verifySchnorr(signature64, msg, xOnly32) {
    if (signature64.length !== 64 || xOnly32.length !== 32) return false;
    if (!isScalar(signature64.subarray(32))) return false;
    // BIP340 bounds r by the field, the package by the (smaller) group order; and it takes messages of 32 bytes alone.
    if (!isScalar(signature64.subarray(0, 32)) || msg.length !== 32)
      return nobleSecpProvider.verifySchnorr(signature64, msg, xOnly32);
    return undefinedWhenRefused(KEY_REFUSED, () => wasm().verifySchnorr(msg, xOnly32, signature64)) ?? false;
  },
  signSchnorr(msg, privateKey, aux32) {
    if (aux32.length !== 32 || !wasm().isPrivate(privateKey)) return undefined;
    return msg.length === 32
      ? wasm().signSchnorr(msg, privateKey, aux32)
      : nobleSecpProvider.signSchnorr(msg, privateKey, aux32);
  },
  isXOnlyPublicKey: isXOnly,
  tweakAddXOnly(xOnly32, tweak32) {
    if (!isXOnly(xOnly32) || !isScalar(tweak32)) return undefined;
    const sum = wasm().xOnlyPointAddTweak(xOnly32, tweak32);
    return sum === null ? undefined : { xOnly: sum.xOnlyPubkey, parity: sum.parity };
  },
};
