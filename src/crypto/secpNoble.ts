import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { withoutHybrid } from './keyEncoding.ts';
import { isScalar, verifiableSignature } from './laxDer.ts';
import type { SecpProvider } from './secp.ts';

const { Point } = secp256k1;
const { Fn } = Point;

/** Runs a library call that throws on bad data only; its throw is the verdict "no". */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

const point = (key: Uint8Array) => {
  const plain = withoutHybrid(key);
  return plain === undefined ? undefined : attempt(() => Point.fromBytes(plain));
};

const lift = (xOnly: Uint8Array) =>
  xOnly.length === 32 ? attempt(() => schnorr.utils.lift_x(Point.Fp.fromBytes(xOnly))) : undefined;

/** Pure JavaScript (@noble/curves): browsers, and the reference for the others. */
export const nobleSecpProvider: SecpProvider = {
  name: 'noble',
  verifyEcdsa(signature, msg32, publicKey) {
    const compact = verifiableSignature(signature);
    const key = withoutHybrid(publicKey);
    if (compact === undefined || key === undefined || msg32.length !== 32) return false;
    return attempt(() => secp256k1.verify(compact, msg32, key, { prehash: false, lowS: false })) ?? false;
  },
  isPublicKey: (publicKey) => point(publicKey) !== undefined,
  isPrivateKey: (privateKey) => privateKey.length === 32 && secp256k1.utils.isValidSecretKey(privateKey),
  publicKeyOf: (privateKey, compressed) => attempt(() => secp256k1.getPublicKey(privateKey, compressed)),
  convertPublicKey: (publicKey, compressed) => point(publicKey)?.toBytes(compressed),
  signCompact(msg32, privateKey, extra32) {
    if (msg32.length !== 32 || (extra32 !== undefined && extra32.length !== 32)) return undefined;
    const entropy = extra32 === undefined ? {} : { extraEntropy: extra32 };
    return attempt(() => secp256k1.sign(msg32, privateKey, { prehash: false, lowS: true, ...entropy }));
  },
  tweakAddPrivate(privateKey, tweak32) {
    if (!nobleSecpProvider.isPrivateKey(privateKey) || !isScalar(tweak32)) return undefined;
    const sum = Fn.add(Fn.fromBytes(privateKey), Fn.fromBytes(tweak32));
    return sum === 0n ? undefined : Fn.toBytes(sum);
  },
  verifySchnorr(signature64, msg, xOnly32) {
    if (signature64.length !== 64 || xOnly32.length !== 32) return false;
    return attempt(() => schnorr.verify(signature64, msg, xOnly32)) ?? false;
  },
  signSchnorr(msg, privateKey, aux32) {
    if (aux32.length !== 32) return undefined;
    return attempt(() => schnorr.sign(msg, privateKey, aux32));
  },
  isXOnlyPublicKey: (xOnly32) => lift(xOnly32) !== undefined,
  tweakAddXOnly(xOnly32, tweak32) {
    const key = lift(xOnly32);
    if (key === undefined || !isScalar(tweak32)) return undefined;
    const tweak = Fn.fromBytes(tweak32);
    const sum = tweak === 0n ? key : key.add(Point.BASE.multiply(tweak));
    if (sum.is0()) return undefined;
    const bytes = sum.toBytes(true);
    return { xOnly: bytes.slice(1), parity: bytes[0] === 3 ? 1 : 0 };
  },
};
