import { encodeDer } from './laxDer.ts';
import { nobleSecpProvider } from './secpNoble.ts';

/**
 * ECDSA and keys on secp256k1. Methods answer with a verdict (false, undefined) for every input, whatever its length or
 * content; they never throw for bad data.
 */
export interface EcdsaProvider {
  /** Is `signature` (lax DER without hash type byte, high or low S) by `publicKey` (33 or 65 bytes, hybrid allowed) on `msg32`? */
  verifyEcdsa(signature: Uint8Array, msg32: Uint8Array, publicKey: Uint8Array): boolean;
  /** A point on the curve in compressed, uncompressed or hybrid encoding. */
  isPublicKey(publicKey: Uint8Array): boolean;
  /** 32 bytes big-endian in 1 … order − 1. */
  isPrivateKey(privateKey: Uint8Array): boolean;
  /** Public key of a private key, 33 bytes compressed or 65. */
  publicKeyOf(privateKey: Uint8Array, compressed: boolean): Uint8Array | undefined;
  /** The same key in 33 bytes compressed or 65. */
  convertPublicKey(publicKey: Uint8Array, compressed: boolean): Uint8Array | undefined;
  /** r ‖ s, low S, nonce by RFC 6979 with the optional 32 bytes of extra data. */
  signCompact(msg32: Uint8Array, privateKey: Uint8Array, extra32?: Uint8Array): Uint8Array | undefined;
  /** (private key + tweak) mod order; undefined when out of range or zero (BIP32). */
  tweakAddPrivate(privateKey: Uint8Array, tweak32: Uint8Array): Uint8Array | undefined;
}

/** BIP340 and the key tweak of BIP341; verdicts as in EcdsaProvider. */
export interface SchnorrProvider {
  /** The message may have any length; transactions sign hashes of 32 bytes. */
  verifySchnorr(signature64: Uint8Array, msg: Uint8Array, xOnly32: Uint8Array): boolean;
  /** BIP340 default signing of a message of any length with 32 bytes of auxiliary randomness (zeros are allowed). */
  signSchnorr(msg: Uint8Array, privateKey: Uint8Array, aux32: Uint8Array): Uint8Array | undefined;
  /** An x coordinate on the curve. */
  isXOnlyPublicKey(xOnly32: Uint8Array): boolean;
  /** lift_x(key) + tweak · G: its x coordinate and whether its y is odd (1). */
  tweakAddXOnly(
    xOnly32: Uint8Array,
    tweak32: Uint8Array,
  ): { readonly xOnly: Uint8Array; readonly parity: 0 | 1 } | undefined;
}

/** secp256k1 behind one seam; all providers give identical answers (test/crypto). */
export interface SecpProvider extends EcdsaProvider, SchnorrProvider {
  readonly name: string;
}

let current: SecpProvider = nobleSecpProvider;

/** Chosen once at start, by `platform`; pure JavaScript until then. */
export function setSecpProvider(provider: SecpProvider): void {
  current = provider;
}

export function secp(): SecpProvider {
  return current;
}

/**
 * Strict DER signature without hash type byte, at most 71 bytes: low S, and like Bitcoin Core's wallet with the first
 * RFC 6979 nonce whose r has no sign byte (extra data: a little-endian counter from 1). undefined for an invalid key.
 */
export function signEcdsa(msg32: Uint8Array, privateKey: Uint8Array): Uint8Array | undefined {
  let compact = current.signCompact(msg32, privateKey);
  const extra = new Uint8Array(32);
  const counter = new DataView(extra.buffer);
  for (let n = 1; compact !== undefined && (compact[0] as number) >= 0x80; n++) {
    counter.setUint32(0, n, true);
    compact = current.signCompact(msg32, privateKey, extra);
  }
  return compact === undefined ? undefined : encodeDer(compact);
}
