import { sha256 } from '../crypto/hash.ts';
import type { Hash256 } from '../primitives/hash.ts';
import { writeOutPoint } from '../primitives/outpoint.ts';
import { type Tx, type TxOut, writeTxOut } from '../primitives/tx.ts';
import { Writer } from '../util/codec.ts';

/** Hashed and forgotten, list after list. */
const scratch = new Writer(1024);

/** Hashes over all spent outputs (BIP341). */
export interface SpentHashes {
  readonly amounts: Hash256;
  readonly scripts: Hash256;
}

/** What BIP143 hashes twice. */
export interface WitnessV0Hashes {
  readonly prevouts: Hash256;
  readonly sequences: Hash256;
  readonly outputs: Hash256;
}

/**
 * The parts of signature hashes that the inputs of one transaction share, each made once, when first asked for: signing or
 * verifying n inputs hashes n constant-size messages. Single SHA-256 as in BIP341, unless said otherwise.
 */
export class TxHashes {
  readonly tx: Tx;
  #prevouts: Hash256 | undefined;
  #sequences: Hash256 | undefined;
  #outputs: Hash256 | undefined;
  #oneOutput: { readonly index: number; readonly hash: Hash256 } | undefined;
  #witnessV0: WitnessV0Hashes | undefined;
  #spent: readonly TxOut[] | undefined;
  #spentHashes: SpentHashes | undefined;

  constructor(tx: Tx) {
    this.tx = tx;
  }

  /** Of the outpoints of all inputs. */
  get prevouts(): Hash256 {
    if (this.#prevouts === undefined) {
      const w = scratch.restart();
      for (const input of this.tx.inputs) writeOutPoint(w, input.prevout);
      this.#prevouts = sha256(w.written());
    }
    return this.#prevouts;
  }

  /** Of the sequence numbers of all inputs. */
  get sequences(): Hash256 {
    if (this.#sequences === undefined) {
      const w = scratch.restart();
      for (const input of this.tx.inputs) w.u32(input.sequence);
      this.#sequences = sha256(w.written());
    }
    return this.#sequences;
  }

  /** Of all outputs. */
  get outputs(): Hash256 {
    if (this.#outputs === undefined) {
      const w = scratch.restart();
      for (const output of this.tx.outputs) writeTxOut(w, output);
      this.#outputs = sha256(w.written());
    }
    return this.#outputs;
  }

  /** Of the output that SIGHASH_SINGLE signs; kept, because one script can ask for it again and again. */
  output(index: number): Hash256 {
    if (this.#oneOutput?.index !== index) {
      const w = scratch.restart();
      writeTxOut(w, this.tx.outputs[index] as TxOut);
      this.#oneOutput = { index, hash: sha256(w.written()) };
    }
    return (this.#oneOutput as { hash: Hash256 }).hash;
  }

  /** The first three hashed once more (BIP143). */
  get witnessV0(): WitnessV0Hashes {
    this.#witnessV0 ??= {
      prevouts: sha256(this.prevouts),
      sequences: sha256(this.sequences),
      outputs: sha256(this.outputs),
    };
    return this.#witnessV0;
  }

  /** Of the amounts and scripts of `spent`; made again when it is not the array of the last call. */
  spent(spent: readonly TxOut[]): SpentHashes {
    if (this.#spentHashes === undefined || this.#spent !== spent) {
      scratch.restart();
      for (const { value } of spent) scratch.i64(value);
      const amounts = sha256(scratch.written());
      scratch.restart();
      for (const { scriptPubKey } of spent) scratch.varBytes(scriptPubKey);
      this.#spent = spent;
      this.#spentHashes = { amounts, scripts: sha256(scratch.written()) };
    }
    return this.#spentHashes;
  }
}

let latest: TxHashes | undefined;

/**
 * The shared hashes of `tx`. Only those of the transaction asked for last are kept: inputs are checked transaction by
 * transaction, and the pool's many transactions must not each hold on to them.
 */
export function txHashes(tx: Tx): TxHashes {
  if (latest?.tx !== tx) latest = new TxHashes(tx);
  return latest;
}
