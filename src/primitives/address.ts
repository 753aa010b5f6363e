import { bech32, bech32m } from '@scure/base';
import { concatBytes } from '../util/bytes.ts';
import { decodeBase58, decodeBase58Check, encodeBase58Check } from './base58.ts';
import { locateBech32Errors } from './bech32Errors.ts';
import {
  payToPubKeyHash,
  payToScriptHash,
  payToWitness,
  pubKeyHashOf,
  scriptHashOf,
  type WitnessProgram,
  type WitnessType,
  witnessProgramOf,
  witnessType,
} from './outputScript.ts';

/** Address and key prefixes of a network. */
export interface AddressPrefixes {
  readonly pubKeyHash: number;
  readonly scriptHash: number;
  readonly wif: number;
  readonly bech32: string;
  readonly bip32Public: number;
  readonly bip32Private: number;
  readonly bip44CoinType: number;
}

export type AddressType = 'pubkeyhash' | 'scripthash' | WitnessType;

/** What an address stands for. */
export interface Destination {
  readonly scriptPubKey: Uint8Array;
  /** Spelled as the `type` of Bitcoin Core's RPC. */
  readonly type: AddressType;
  /** Segwit addresses only. */
  readonly witness?: WitnessProgram;
}

export type DecodedAddress =
  | { readonly ok: true; readonly value: Destination }
  | {
      readonly ok: false;
      /** Bitcoin Core's validateaddress words. */
      readonly error: string;
      /** Positions of the probable typing errors (bech32 only). */
      readonly errorLocations: readonly number[];
    };

const HASH_LENGTH = 20;
/** BIP173. */
const MAX_BECH32_LENGTH = 90;
const MAX_PROGRAM_LENGTH = 40;

function refused(error: string, errorLocations: readonly number[] = []): DecodedAddress {
  return { ok: false, error, errorLocations };
}

function decodeBase58Address(text: string, prefixes: AddressPrefixes): DecodedAddress {
  const data = decodeBase58Check(text, 1 + HASH_LENGTH);
  if (data === undefined) {
    return decodeBase58(text) === undefined
      ? refused('Invalid or unsupported Segwit (Bech32) or Base58 encoding.')
      : refused('Invalid checksum or length of Base58 address (P2PKH or P2SH)');
  }
  const known = data[0] === prefixes.pubKeyHash || data[0] === prefixes.scriptHash;
  if (!known) return refused('Invalid or unsupported Base58-encoded address.');
  if (data.length !== 1 + HASH_LENGTH) return refused('Invalid length for Base58 address (P2PKH or P2SH)');
  const hash = data.subarray(1);
  return data[0] === prefixes.pubKeyHash
    ? { ok: true, value: { scriptPubKey: payToPubKeyHash(hash), type: 'pubkeyhash' } }
    : { ok: true, value: { scriptPubKey: payToScriptHash(hash), type: 'scripthash' } };
}

/** BIP173 and BIP350. */
function decodeSegwitAddress(text: string, hrp: string): DecodedAddress {
  const plain = bech32.decodeUnsafe(text, MAX_BECH32_LENGTH);
  const decoded = plain ?? bech32m.decodeUnsafe(text, MAX_BECH32_LENGTH);
  if (decoded === undefined) {
    const { error, locations } = locateBech32Errors(text);
    return refused(error, locations);
  }
  const [version, ...words] = decoded.words;
  if (version === undefined) return refused('Empty Bech32 data section');
  if (decoded.prefix !== hrp)
    return refused(
      `Invalid or unsupported prefix for Segwit (Bech32) address (expected ${hrp}, got ${decoded.prefix}).`,
    );
  if (version === 0 && plain === undefined) return refused('Version 0 witness address must use Bech32 checksum');
  if (version !== 0 && plain !== undefined) return refused('Version 1+ witness address must use Bech32m checksum');

  const program = bech32.fromWordsUnsafe(words);
  if (program === undefined) return refused('Invalid padding in Bech32 data section');
  const size = `${program.length} ${program.length === 1 ? 'byte' : 'bytes'}`;
  if (version > 16) return refused('Invalid Bech32 address witness version');
  const witness = { version, program };
  const type = witnessType(witness);
  if (type === undefined) return refused(`Invalid Bech32 v0 address program size (${size}), per BIP141`);
  if (program.length < 2 || program.length > MAX_PROGRAM_LENGTH)
    return refused(`Invalid Bech32 address program size (${size})`);
  return { ok: true, value: { scriptPubKey: payToWitness(witness), type, witness } };
}

/**
 * Reads an address of the network with these prefixes: base58 (P2PKH, P2SH), bech32 (segwit version 0) or bech32m
 * (versions 1 to 16). Text that starts with the network's bech32 prefix is judged as bech32, all else as base58.
 */
export function decodeAddress(text: string, prefixes: AddressPrefixes): DecodedAddress {
  const looksSegwit = text.slice(0, prefixes.bech32.length).toLowerCase() === prefixes.bech32;
  return looksSegwit ? decodeSegwitAddress(text, prefixes.bech32) : decodeBase58Address(text, prefixes);
}

/** The address of an output script, or undefined when it has none (bare keys, multisig, data, nonstandard scripts). */
export function encodeAddress(scriptPubKey: Uint8Array, prefixes: AddressPrefixes): string | undefined {
  const keyHash = pubKeyHashOf(scriptPubKey);
  if (keyHash !== undefined) return encodeBase58Check(concatBytes(Uint8Array.of(prefixes.pubKeyHash), keyHash));
  const scriptHash = scriptHashOf(scriptPubKey);
  if (scriptHash !== undefined) return encodeBase58Check(concatBytes(Uint8Array.of(prefixes.scriptHash), scriptHash));
  const witness = witnessProgramOf(scriptPubKey);
  if (witness === undefined || witnessType(witness) === undefined) return undefined;
  const code = witness.version === 0 ? bech32 : bech32m;
  return code.encode(prefixes.bech32, [witness.version, ...code.toWords(witness.program)], MAX_BECH32_LENGTH);
}
