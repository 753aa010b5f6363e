import { createRequire } from 'node:module';
import { hasPublicKeyShape } from './keyEncoding.ts';
import { isScalar, verifiableSignature } from './laxDer.ts';
import { undefinedWhenRefused } from './refused.ts';
import type { EcdsaProvider } from './secp.ts';

type Bindings = typeof import('secp256k1');

/** What lib/index.js of the package throws when libsecp256k1 refuses to parse a key. Anything else is our failure. */
const PUBLIC_KEY_REFUSED = 'Public Key could not be parsed';
const TWEAK_REFUSED = 'The tweak was out of range or the resulted private key is invalid';

/**
 * libsecp256k1 as a native addon. Loads the package's bindings and never its entry point, which would fall back silently
 * to a slow JavaScript library with other rules. Throws when there is no build for this platform.
 */
export function loadNativeEcdsa(): EcdsaProvider {
  const native = createRequire(import.meta.url)('secp256k1/bindings.js') as Bindings;
  const isPrivateKey = (key: Uint8Array): boolean => key.length === 32 && native.privateKeyVerify(key);
  // A hash fresh from the hasher has no buffer of its own yet; making one for the native call would take longer than a copy.
  const message = new Uint8Array(new ArrayBuffer(32));
  return {
    verifyEcdsa(signature, msg32, publicKey) {
      const compact = verifiableSignature(signature);
      if (compact === undefined || msg32.length !== 32 || !hasPublicKeyShape(publicKey)) return false;
      message.set(msg32);
      return undefinedWhenRefused(PUBLIC_KEY_REFUSED, () => native.ecdsaVerify(compact, message, publicKey)) ?? false;
    },
    isPublicKey: (publicKey) => hasPublicKeyShape(publicKey) && native.publicKeyVerify(publicKey),
    isPrivateKey,
    publicKeyOf: (key, compressed) => (isPrivateKey(key) ? native.publicKeyCreate(key, compressed) : undefined),
    convertPublicKey(publicKey, compressed) {
      if (!hasPublicKeyShape(publicKey)) return undefined;
      return undefinedWhenRefused(PUBLIC_KEY_REFUSED, () => native.publicKeyConvert(publicKey, compressed));
    },
    signCompact(msg32, privateKey, extra32) {
      if (msg32.length !== 32 || !isPrivateKey(privateKey)) return undefined;
      if (extra32 === undefined) return native.ecdsaSign(msg32, privateKey).signature;
      return extra32.length === 32 ? native.ecdsaSign(msg32, privateKey, { data: extra32 }).signature : undefined;
    },
    tweakAddPrivate(privateKey, tweak32) {
      if (!isPrivateKey(privateKey) || !isScalar(tweak32)) return undefined;
      return undefinedWhenRefused(TWEAK_REFUSED, () => native.privateKeyTweakAdd(privateKey.slice(), tweak32));
    },
  };
}
