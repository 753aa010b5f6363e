import { pbkdf2Sync } from 'node:crypto';
import { HDKey } from '@scure/bip32';
import { validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { hash160 } from '../crypto/hash.ts';
import { type AddressPrefixes, encodeAddress } from '../primitives/address.ts';
import { payToWitness } from '../primitives/outputScript.ts';
import { encodeWif } from '../primitives/wif.ts';
import { toHex } from '../util/hex.ts';
import { EXIT, ExitError } from './exit.ts';

/** A key of a development wallet: everything in text, for banners. */
export interface DevKey {
  /** m/84'/1'/0'/CHANGE/INDEX */
  readonly path: string;
  /** P2WPKH. */
  readonly address: string;
  readonly wif: string;
  readonly privateKeyHex: string;
  readonly publicKeyHex: string;
}

/** The P2WPKH address and texts of a private key. */
export function devKeyOf(
  path: string,
  privateKey: Uint8Array,
  publicKey: Uint8Array,
  prefixes: AddressPrefixes,
): DevKey {
  const script = payToWitness({ version: 0, program: hash160(publicKey) });
  return {
    path,
    address: encodeAddress(script, prefixes) as string,
    wif: encodeWif({ privateKey, compressed: true }, prefixes),
    privateKeyHex: toHex(privateKey),
    publicKeyHex: toHex(publicKey),
  };
}

/**
 * The first `count` BIP84 keys of a BIP39 mnemonic without passphrase: m/84'/coin'/0'/change/0 … Throws ExitError (64)
 * when the mnemonic is none.
 */
export function devKeys(mnemonic: string, count: number, prefixes: AddressPrefixes, change: 0 | 1 = 0): DevKey[] {
  const words = mnemonic.trim().split(/\s+/).join(' ');
  if (!validateMnemonic(words, wordlist)) {
    throw new ExitError(EXIT.usage, 'the mnemonic is not 12 to 24 English BIP39 words with a right checksum');
  }
  const branch = `m/84'/${prefixes.bip44CoinType}'/0'/${change}`;
  // BIP39 with an empty passphrase; Node's PBKDF2 takes 2 ms where JavaScript's takes 40 of a start that people watch.
  const seed = pbkdf2Sync(words, 'mnemonic', 2048, 64, 'sha512');
  const parent = HDKey.fromMasterSeed(seed).derive(branch);
  return Array.from({ length: count }, (_, i) => {
    const child = parent.deriveChild(i);
    return devKeyOf(`${branch}/${i}`, child.privateKey!, child.publicKey!, prefixes);
  });
}
