import { concatBytes, equalBytes } from '../util/bytes.ts';

/**
 * The output scripts that addresses stand for, made and recognised byte by byte. Everything that needs to read a script
 * opcode by opcode is in the script room.
 */

const OP_0 = 0x00;
const OP_1 = 0x51;
const OP_16 = 0x60;
export const OP_RETURN = 0x6a;

/** Consensus: longer scripts cannot run, except tapscripts (Bitcoin Core MAX_SCRIPT_SIZE). Bytes. */
export const MAX_SCRIPT_SIZE = 10_000;

/**
 * True when no input can ever spend the script: it starts with OP_RETURN or is too long to run. Such outputs never enter
 * the coin set (Bitcoin Core CScript::IsUnspendable).
 */
export function isUnspendable(scriptPubKey: Uint8Array): boolean {
  return scriptPubKey[0] === OP_RETURN || scriptPubKey.length > MAX_SCRIPT_SIZE;
}

/** A segwit output: OP_n and one push of 2 to 40 bytes (BIP141). */
export interface WitnessProgram {
  /** 0 … 16. */
  readonly version: number;
  /** 2 … 40 bytes; a view on the script. */
  readonly program: Uint8Array;
}

/** The program of a pay-to-anchor output (version 1). */
const ANCHOR_PROGRAM: Uint8Array = Uint8Array.of(0x4e, 0x73);

/** OP_DUP OP_HASH160 ⟨20 bytes⟩ OP_EQUALVERIFY OP_CHECKSIG */
export function payToPubKeyHash(hash: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x76, 0xa9, 0x14), hash, Uint8Array.of(0x88, 0xac));
}

/** OP_HASH160 ⟨20 bytes⟩ OP_EQUAL (BIP16) */
export function payToScriptHash(hash: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0xa9, 0x14), hash, Uint8Array.of(0x87));
}

/** OP_n ⟨program⟩ (BIP141) */
export function payToWitness({ version, program }: WitnessProgram): Uint8Array {
  return concatBytes(Uint8Array.of(version === 0 ? OP_0 : OP_1 + version - 1, program.length), program);
}

/** The key hash of a P2PKH script, as a view. */
export function pubKeyHashOf(script: Uint8Array): Uint8Array | undefined {
  const matches =
    script.length === 25 &&
    script[0] === 0x76 &&
    script[1] === 0xa9 &&
    script[2] === 0x14 &&
    script[23] === 0x88 &&
    script[24] === 0xac;
  return matches ? script.subarray(3, 23) : undefined;
}

/** True for a P2SH script (BIP16). */
export function isPayToScriptHash(script: Uint8Array): boolean {
  return script.length === 23 && script[0] === 0xa9 && script[1] === 0x14 && script[22] === 0x87;
}

/** The script hash of a P2SH script, as a view. */
export function scriptHashOf(script: Uint8Array): Uint8Array | undefined {
  return isPayToScriptHash(script) ? script.subarray(2, 22) : undefined;
}

/** Bytes of a segwit output script before its program: OP_n and the push. */
export const WITNESS_PREFIX_SIZE = 2;

/** The witness version of a segwit output script, 0 … 16. */
export function witnessVersionOf(script: Uint8Array): number | undefined {
  if (script.length < 4 || script.length > 42) return undefined;
  const op = script[0] as number;
  if (op !== OP_0 && (op < OP_1 || op > OP_16)) return undefined;
  if ((script[1] as number) + WITNESS_PREFIX_SIZE !== script.length) return undefined;
  return op === OP_0 ? 0 : op - OP_1 + 1;
}

/** The witness program of a segwit output script. */
export function witnessProgramOf(script: Uint8Array): WitnessProgram | undefined {
  const version = witnessVersionOf(script);
  return version === undefined ? undefined : { version, program: script.subarray(WITNESS_PREFIX_SIZE) };
}

export type WitnessType =
  | 'witness_v0_keyhash'
  | 'witness_v0_scripthash'
  | 'witness_v1_taproot'
  | 'anchor'
  | 'witness_unknown';

/** Bitcoin Core's name for the kind of witness program; undefined for version 0 with a length BIP141 does not define. */
export function witnessType({ version, program }: WitnessProgram): WitnessType | undefined {
  if (version === 0) {
    if (program.length === 20) return 'witness_v0_keyhash';
    return program.length === 32 ? 'witness_v0_scripthash' : undefined;
  }
  if (version === 1 && program.length === 32) return 'witness_v1_taproot';
  return version === 1 && equalBytes(program, ANCHOR_PROGRAM) ? 'anchor' : 'witness_unknown';
}
