import { hash256 } from '../crypto/hash.ts';
import { type Hash256, ZERO_HASH } from '../primitives/hash.ts';
import { writeOutPoint } from '../primitives/outpoint.ts';
import { type Tx, type TxIn, type TxOut, writeTxOut } from '../primitives/tx.ts';
import { EMPTY } from '../util/bytes.ts';
import { Writer } from '../util/codec.ts';
import { ScriptCursor } from './cursor.ts';
import { OP } from './opcodes.ts';
import { SIGHASH } from './sigEncoding.ts';

/** What legacy SIGHASH_SINGLE signs when there is no output of the input's index: the number one, little-endian. */
const HASH_ONE: Hash256 = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
/** An output blanked by SIGHASH_SINGLE: value −1, empty script. */
const BLANK_OUTPUT: TxOut = { value: -1n, scriptPubKey: EMPTY };

const baseType = (hashType: number): number => hashType & 0x1f;

/**
 * Writes the script that is signed, without its OP_CODESEPARATORs. The length counts the whole script, while a push that
 * runs past the end cuts the bytes off where reading stopped: Bitcoin Core's serializer does so.
 */
function writeScriptCode(w: Writer, script: Uint8Array): void {
  const cuts: number[] = [];
  const cursor = new ScriptCursor(script);
  while (cursor.next()) if (cursor.opcode === OP.OP_CODESEPARATOR) cuts.push(cursor.offset);
  w.compactSize(script.length - cuts.length);
  let from = 0;
  for (const cut of cuts) {
    w.put(script.subarray(from, cut - 1));
    from = cut;
  }
  w.put(script.subarray(from, cursor.offset));
}

/**
 * The hash that a signature of a legacy input signs (Bitcoin Core's SignatureHash, SigVersion::BASE). `scriptCode` is the
 * executed script from the last executed OP_CODESEPARATOR on, without the signature; `hashType` any 32-bit number.
 */
export function legacySigHash(tx: Tx, index: number, scriptCode: Uint8Array, hashType: number): Hash256 {
  const single = baseType(hashType) === SIGHASH.SINGLE;
  const none = baseType(hashType) === SIGHASH.NONE;
  if (single && index >= tx.outputs.length) return HASH_ONE;

  const w = new Writer(64 + tx.inputs.length * 41 + scriptCode.length + tx.outputs.length * 40);
  const writeInput = (input: TxIn, i: number): void => {
    writeOutPoint(w, input.prevout);
    if (i === index) writeScriptCode(w, scriptCode);
    else w.compactSize(0);
    w.u32(i !== index && (single || none) ? 0 : input.sequence);
  };
  w.u32(tx.version);
  if ((hashType & SIGHASH.ANYONECANPAY) !== 0) {
    w.compactSize(1);
    writeInput(tx.inputs[index] as TxIn, index);
  } else {
    w.compactSize(tx.inputs.length);
    tx.inputs.forEach(writeInput);
  }
  const outputs = none ? 0 : single ? index + 1 : tx.outputs.length;
  w.compactSize(outputs);
  for (let i = 0; i < outputs; i++) writeTxOut(w, single && i !== index ? BLANK_OUTPUT : (tx.outputs[i] as TxOut));
  return hash256(w.u32(tx.lockTime).i32(hashType).finish());
}

/** The parts of a BIP143 hash that all inputs of a transaction share. */
interface Midstate {
  readonly prevouts: Hash256;
  readonly sequences: Hash256;
  readonly outputs: Hash256;
}

/** Transactions are immutable, so the shared parts are hashed once for each. */
const midstates = new WeakMap<Tx, Midstate>();

function midstateOf(tx: Tx): Midstate {
  let midstate = midstates.get(tx);
  if (midstate === undefined) {
    const prevouts = new Writer(36 * tx.inputs.length);
    const sequences = new Writer(4 * tx.inputs.length);
    const outputs = new Writer(40 * tx.outputs.length);
    for (const input of tx.inputs) {
      writeOutPoint(prevouts, input.prevout);
      sequences.u32(input.sequence);
    }
    for (const output of tx.outputs) writeTxOut(outputs, output);
    midstate = {
      prevouts: hash256(prevouts.finish()),
      sequences: hash256(sequences.finish()),
      outputs: hash256(outputs.finish()),
    };
    midstates.set(tx, midstate);
  }
  return midstate;
}

/** The hash that a signature of a segwit version 0 input signs (BIP143). `value` is the amount of the spent output. */
export function witnessV0SigHash(
  tx: Tx,
  index: number,
  scriptCode: Uint8Array,
  value: bigint,
  hashType: number,
): Hash256 {
  const input = tx.inputs[index] as TxIn;
  const midstate = midstateOf(tx);
  const anyoneCanPay = (hashType & SIGHASH.ANYONECANPAY) !== 0;
  const single = baseType(hashType) === SIGHASH.SINGLE;
  const none = baseType(hashType) === SIGHASH.NONE;

  let outputs = ZERO_HASH;
  if (!single && !none) outputs = midstate.outputs;
  else if (single && index < tx.outputs.length) {
    const w = new Writer(40);
    writeTxOut(w, tx.outputs[index] as TxOut);
    outputs = hash256(w.finish());
  }
  const w = new Writer(160 + scriptCode.length).u32(tx.version);
  w.put(anyoneCanPay ? ZERO_HASH : midstate.prevouts);
  w.put(anyoneCanPay || single || none ? ZERO_HASH : midstate.sequences);
  writeOutPoint(w, input.prevout);
  w.varBytes(scriptCode).i64(value).u32(input.sequence).put(outputs).u32(tx.lockTime).i32(hashType);
  return hash256(w.finish());
}
