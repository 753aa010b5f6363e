import { hash256, sha256 } from '../crypto/hash.ts';
import { type Hash256, ZERO_HASH } from '../primitives/hash.ts';
import { writeOutPoint } from '../primitives/outpoint.ts';
import type { Tx, TxIn } from '../primitives/tx.ts';
import { Writer } from '../util/codec.ts';
import { ecdsaCoverage } from './sigEncoding.ts';
import { txHashes } from './txHashes.ts';

/** Hashed and forgotten, message after message. */
const message = new Writer(256);

/**
 * The hash that a signature of a segwit version 0 input signs (BIP143). `scriptCode` is the executed script from the last
 * executed OP_CODESEPARATOR on, `value` the amount of the spent output, `hashType` any 32-bit number.
 */
export function witnessV0SigHash(
  tx: Tx,
  index: number,
  scriptCode: Uint8Array,
  value: bigint,
  hashType: number,
): Hash256 {
  const { single, none, anyoneCanPay } = ecdsaCoverage(hashType);
  const shared = txHashes(tx);
  let outputs = ZERO_HASH;
  if (!single && !none) outputs = shared.witnessV0.outputs;
  else if (single && index < tx.outputs.length) outputs = sha256(shared.output(index));

  const input = tx.inputs[index] as TxIn;
  const prevouts = anyoneCanPay ? ZERO_HASH : shared.witnessV0.prevouts;
  const sequences = anyoneCanPay || single || none ? ZERO_HASH : shared.witnessV0.sequences;
  const w = message.restart().u32(tx.version).put(prevouts).put(sequences);
  writeOutPoint(w, input.prevout);
  w.varBytes(scriptCode).i64(value).u32(input.sequence).put(outputs).u32(tx.lockTime).i32(hashType);
  return hash256(w.written());
}
