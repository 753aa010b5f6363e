import { createRequire } from 'node:module';
import { taggedHasher } from './hash.ts';
import { isScalar } from './laxDer.ts';
import { undefinedWhenRefused } from './refused.ts';
import type { SchnorrProvider } from './secp.ts';
import { nobleSecpProvider } from './secpNoble.ts';

type Bindings = typeof import('secp256k1');

/** What lib/index.js of the package throws when libsecp256k1 finds no result. Anything else is our failure. */
const NOT_RECOVERED = 'Public key could not be recover';
const PUBLIC_KEY_REFUSED = 'Public Key could not be parsed';
const TWEAK_REFUSED = 'The tweak was out of range or the resulted private key is invalid';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** Compressed form of the point with even y. */
const EVEN = 2;

const challenge = taggedHasher('BIP0340/challenge');

/** Bytes that native calls read and write; with a buffer of their own from the start, which each call would make otherwise. */
function workspace(length: number): { readonly bytes: Uint8Array; readonly view: DataView } {
  const buffer = new ArrayBuffer(length);
  return { bytes: new Uint8Array(buffer), view: new DataView(buffer) };
}

const number = workspace(32);
const compact = workspace(64);
const message = workspace(32);
const key = workspace(33);
const point33 = workspace(33);

function toBigInt(bytes32: Uint8Array): bigint {
  number.bytes.set(bytes32);
  let n = 0n;
  for (let at = 0; at < 32; at += 8) n = (n << 64n) | number.view.getBigUint64(at);
  return n;
}

function putBigInt(n: bigint, out: DataView, at: number): void {
  for (let i = 0; i < 4; i++) out.setBigUint64(at + 8 * i, BigInt.asUintN(64, n >> BigInt(192 - 64 * i)));
}

/** The point with this x and even y, compressed. The same array for all calls. */
function lifted(xOnly32: Uint8Array): Uint8Array {
  key.bytes[0] = EVEN;
  key.bytes.set(xOnly32, 1);
  return key.bytes;
}

/** Is `point`, compressed, the one with x = r and even y? */
function isEvenPoint(point: Uint8Array, r: Uint8Array): boolean {
  if (point[0] !== EVEN) return false;
  for (let i = 0; i < 32; i++) if (point[1 + i] !== r[i]) return false;
  return true;
}

/**
 * BIP340 verification and BIP341's tweak with the native addon, which knows neither: it is a third of the cost of WASM.
 * R = s·G − e·P is what the recovery of an ECDSA key computes, r⁻¹·(s′·P − m·G), for r = x of P, s′ = −e·r, m = −s·r.
 */
export function loadNativeSchnorr(): Pick<SchnorrProvider, 'verifySchnorr' | 'isXOnlyPublicKey' | 'tweakAddXOnly'> {
  const native = createRequire(import.meta.url)('secp256k1/bindings.js') as Bindings;
  return {
    verifySchnorr(signature64, msg, xOnly32) {
      if (signature64.length !== 64 || xOnly32.length !== 32) return false;
      const r = signature64.subarray(0, 32);
      const s = signature64.subarray(32);
      // r is compared with a coordinate below, so it needs no bound of its own.
      if (!isScalar(s)) return false;
      const e = toBigInt(challenge(r, xOnly32, msg)) % ORDER;
      const x = toBigInt(xOnly32);
      // An ECDSA signature holds r below the order and not zero, and no zero s: all of it out of reach of chance.
      if (x >= ORDER || x === 0n || e === 0n) return nobleSecpProvider.verifySchnorr(signature64, msg, xOnly32);
      compact.bytes.set(xOnly32);
      putBigInt(ORDER - ((e * x) % ORDER), compact.view, 32);
      putBigInt((ORDER - ((toBigInt(s) * x) % ORDER)) % ORDER, message.view, 0);
      // Recovery id 0: the point with x = r and even y. Refused when there is none, or when R is infinite.
      const point = undefinedWhenRefused(NOT_RECOVERED, () =>
        native.ecdsaRecover(compact.bytes, 0, message.bytes, true, point33.bytes),
      );
      return point !== undefined && isEvenPoint(point, r);
    },
    isXOnlyPublicKey: (xOnly32) => xOnly32.length === 32 && native.publicKeyVerify(lifted(xOnly32)),
    tweakAddXOnly(xOnly32, tweak32) {
      if (xOnly32.length !== 32 || !isScalar(tweak32)) return undefined;
      message.bytes.set(tweak32);
      const tweaked = undefinedWhenRefused(TWEAK_REFUSED, () =>
        undefinedWhenRefused(PUBLIC_KEY_REFUSED, () =>
          native.publicKeyTweakAdd(lifted(xOnly32), message.bytes, true, point33.bytes),
        ),
      );
      return tweaked === undefined ? undefined : { xOnly: tweaked.slice(1), parity: tweaked[0] === EVEN ? 0 : 1 };
    },
  };
}
