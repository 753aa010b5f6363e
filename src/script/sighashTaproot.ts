import { sha256, taggedHasher } from '../crypto/hash.ts';
import type { Hash256 } from '../primitives/hash.ts';
import { writeOutPoint } from '../primitives/outpoint.ts';
import { writeTxOut } from '../primitives/tx.ts';
import { Writer } from '../util/codec.ts';
import { SIGHASH } from './sigEncoding.ts';
import { inputOf, type Spend, spentOutput } from './spend.ts';
import { txHashes } from './txHashes.ts';

/** BIP342's addition to the message, for signatures inside a script. */
export interface TapscriptExtension {
  readonly leafHash: Hash256;
  /** Position, counted in opcodes, of the last executed OP_CODESEPARATOR; 0xffffffff when there was none. */
  readonly codeSeparator: number;
}

/** The annex as it is signed: SHA256 of its CompactSize length and itself. */
export function annexHash(annex: Uint8Array): Hash256 {
  return sha256(new Writer(annex.length + 5).varBytes(annex).finish());
}

const sigHash = taggedHasher('TapSighash');
const EPOCH = 0;
const KEY_VERSION = 0;

/** DEFAULT, ALL, NONE, SINGLE, the latter three also with ANYONECANPAY (BIP341); other bytes are no hash type. */
export function isTaprootHashType(hashType: number): boolean {
  const base = hashType & ~SIGHASH.ANYONECANPAY;
  return base <= SIGHASH.SINGLE && hashType !== SIGHASH.ANYONECANPAY;
}

/**
 * The message of a taproot signature (BIP341 "Common signature message", with BIP342's extension for scripts), epoch byte
 * first. undefined for a hash type that does not exist, and for SINGLE without an output of the input's index.
 */
export function taprootSigMessage(
  spend: Spend,
  hashType: number,
  annex: Hash256 | undefined,
  script: TapscriptExtension | undefined,
): Uint8Array | undefined {
  return writeSigMessage(new Writer(288), spend, hashType, annex, script)?.finish();
}

function writeSigMessage(
  w: Writer,
  spend: Spend,
  hashType: number,
  annex: Hash256 | undefined,
  script: TapscriptExtension | undefined,
): Writer | undefined {
  if (!isTaprootHashType(hashType)) return undefined;
  const { tx, index, spent } = spend;
  const anyoneCanPay = (hashType & SIGHASH.ANYONECANPAY) !== 0;
  const outputType = hashType & SIGHASH.SINGLE;
  if (outputType === SIGHASH.SINGLE && index >= tx.outputs.length) return undefined;

  const shared = txHashes(tx);
  w.u8(EPOCH).u8(hashType).u32(tx.version).u32(tx.lockTime);
  if (!anyoneCanPay) {
    const { amounts, scripts } = shared.spent(spent);
    w.put(shared.prevouts).put(amounts).put(scripts).put(shared.sequences);
  }
  if (outputType === SIGHASH.DEFAULT || outputType === SIGHASH.ALL) w.put(shared.outputs);
  w.u8((script === undefined ? 0 : 2) + (annex === undefined ? 0 : 1));
  if (anyoneCanPay) {
    const input = inputOf(spend);
    writeOutPoint(w, input.prevout);
    writeTxOut(w, spentOutput(spend));
    w.u32(input.sequence);
  } else w.u32(index);
  if (annex !== undefined) w.put(annex);
  if (outputType === SIGHASH.SINGLE) w.put(shared.output(index));
  if (script !== undefined) w.put(script.leafHash).u8(KEY_VERSION).u32(script.codeSeparator);
  return w;
}

/** Hashed and forgotten, message after message. */
const message = new Writer(288);

/** The hash that a taproot signature signs; undefined where taprootSigMessage is. */
export function taprootSigHash(
  spend: Spend,
  hashType: number,
  annex: Hash256 | undefined,
  script: TapscriptExtension | undefined,
): Hash256 | undefined {
  const written = writeSigMessage(message.restart(), spend, hashType, annex, script);
  return written === undefined ? undefined : sigHash(written.written());
}
