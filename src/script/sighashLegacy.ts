import { hash256 } from '../crypto/hash.ts';
import type { Hash256 } from '../primitives/hash.ts';
import { writeOutPoint } from '../primitives/outpoint.ts';
import { type Tx, type TxIn, type TxOut, writeTxOut } from '../primitives/tx.ts';
import { EMPTY } from '../util/bytes.ts';
import { Writer } from '../util/codec.ts';
import { ScriptCursor } from './cursor.ts';
import { OP } from './opcodes.ts';
import { ecdsaCoverage } from './sigEncoding.ts';

/** What legacy SIGHASH_SINGLE signs when there is no output of the input's index: the number one, little-endian. */
const HASH_ONE: Hash256 = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
/** An output blanked by SIGHASH_SINGLE: value −1, empty script. */
const BLANK_OUTPUT: TxOut = { value: -1n, scriptPubKey: EMPTY };
/** An input without script: outpoint 36, script length 1, sequence 4. */
const BLANK_INPUT_SIZE = 41;

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

/** What SharedParts are written in: there is one at a time. */
const inputsWriter = new Writer(1024);
const unsequencedWriter = new Writer(1024);
const outputsWriter = new Writer(1024);

function blankInputs(w: Writer, tx: Tx, sequenced: boolean): Uint8Array {
  w.restart();
  for (const input of tx.inputs) {
    writeOutPoint(w, input.prevout);
    w.u8(0).u32(sequenced ? input.sequence : 0);
  }
  return w.written();
}

/** Serialized once for each transaction: what is the same in the messages of all its inputs. The next transaction overwrites it. */
class SharedParts {
  readonly tx: Tx;
  #inputs: Uint8Array | undefined;
  #unsequenced: Uint8Array | undefined;
  #outputs: Uint8Array | undefined;

  constructor(tx: Tx) {
    this.tx = tx;
  }

  /** All inputs with empty scripts. */
  get inputs(): Uint8Array {
    this.#inputs ??= blankInputs(inputsWriter, this.tx, true);
    return this.#inputs;
  }

  /** The inputs with sequence zero, as SIGHASH_NONE and SIGHASH_SINGLE sign the others'. */
  get unsequenced(): Uint8Array {
    this.#unsequenced ??= blankInputs(unsequencedWriter, this.tx, false);
    return this.#unsequenced;
  }

  get outputs(): Uint8Array {
    if (this.#outputs === undefined) {
      const w = outputsWriter.restart();
      for (const output of this.tx.outputs) writeTxOut(w, output);
      this.#outputs = w.written();
    }
    return this.#outputs;
  }
}

/** Of the transaction signed or verified last. */
let latest: SharedParts | undefined;

function sharedParts(tx: Tx): SharedParts {
  if (latest?.tx !== tx) latest = new SharedParts(tx);
  return latest;
}

function writeInputs(w: Writer, tx: Tx, index: number, scriptCode: Uint8Array, hashType: number): void {
  const { single, none, anyoneCanPay } = ecdsaCoverage(hashType);
  let before: Uint8Array = EMPTY;
  let after: Uint8Array = EMPTY;
  if (!anyoneCanPay) {
    const shared = sharedParts(tx);
    const blank = single || none ? shared.unsequenced : shared.inputs;
    before = blank.subarray(0, BLANK_INPUT_SIZE * index);
    after = blank.subarray(BLANK_INPUT_SIZE * (index + 1));
  }
  const input = tx.inputs[index] as TxIn;
  w.compactSize(anyoneCanPay ? 1 : tx.inputs.length).put(before);
  writeOutPoint(w, input.prevout);
  writeScriptCode(w, scriptCode);
  w.u32(input.sequence).put(after);
}

function writeOutputs(w: Writer, tx: Tx, index: number, hashType: number): void {
  const { single, none } = ecdsaCoverage(hashType);
  if (none) w.compactSize(0);
  else if (single) {
    w.compactSize(index + 1);
    for (let i = 0; i < index; i++) writeTxOut(w, BLANK_OUTPUT);
    writeTxOut(w, tx.outputs[index] as TxOut);
  } else w.compactSize(tx.outputs.length).put(sharedParts(tx).outputs);
}

/** Hashed and forgotten, message after message. */
const message = new Writer(1024);

/**
 * The hash that a signature of a legacy input signs (Bitcoin Core's SignatureHash, SigVersion::BASE). `scriptCode` is the
 * executed script from the last executed OP_CODESEPARATOR on, without the signature; `hashType` any 32-bit number.
 * The message grows with the transaction, so its cost is inherent; only copying it, not serializing it, is paid per input.
 */
export function legacySigHash(tx: Tx, index: number, scriptCode: Uint8Array, hashType: number): Hash256 {
  const { single } = ecdsaCoverage(hashType);
  if (single && index >= tx.outputs.length) return HASH_ONE;
  const w = message.restart().u32(tx.version);
  writeInputs(w, tx, index, scriptCode, hashType);
  writeOutputs(w, tx, index, hashType);
  return hash256(w.u32(tx.lockTime).i32(hashType).written());
}
