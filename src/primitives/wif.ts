import { secp } from '../crypto/secp.ts';
import { concatBytes } from '../util/bytes.ts';
import type { AddressPrefixes } from './address.ts';
import { decodeBase58Check, encodeBase58Check } from './base58.ts';

const KEY_LENGTH = 32;

/** A private key as wallets exchange it. */
export interface WifKey {
  readonly privateKey: Uint8Array;
  /** Whether its public key is used in the 33-byte form. */
  readonly compressed: boolean;
}

/** Wallet import format: base58check of prefix ‖ key ‖ 01 when compressed. */
export function encodeWif({ privateKey, compressed }: WifKey, prefixes: Pick<AddressPrefixes, 'wif'>): string {
  const suffix = compressed ? Uint8Array.of(1) : new Uint8Array(0);
  return encodeBase58Check(concatBytes(Uint8Array.of(prefixes.wif), privateKey, suffix));
}

/** The key, or undefined when text, prefix, length or the key itself (1 … order − 1) is invalid. */
export function decodeWif(text: string, prefixes: Pick<AddressPrefixes, 'wif'>): WifKey | undefined {
  const data = decodeBase58Check(text, 1 + KEY_LENGTH + 1);
  if (data === undefined || data[0] !== prefixes.wif) return undefined;
  const compressed = data.length === 1 + KEY_LENGTH + 1 && data[1 + KEY_LENGTH] === 1;
  if (!compressed && data.length !== 1 + KEY_LENGTH) return undefined;
  const privateKey = data.slice(1, 1 + KEY_LENGTH);
  return secp().isPrivateKey(privateKey) ? { privateKey, compressed } : undefined;
}
