import { ZERO_HASH } from '../../primitives/hash.ts';
import { COINBASE_SCRIPT_MAX } from '../../primitives/limits.ts';
import { NULL_INDEX } from '../../primitives/outpoint.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx, type TxOut } from '../../primitives/tx.ts';
import { WITNESS_RESERVED_VALUE, witnessCommitmentScript } from '../../primitives/witnessCommitment.ts';
import { pushData, pushNumber } from '../../script/push.ts';
import { assert } from '../../util/assert.ts';
import { concatBytes } from '../../util/bytes.ts';
import { Writer } from '../../util/codec.ts';
import { coinbaseLockTime } from './cleanup.ts';

/** The largest sequence number that leaves the lock time in force. */
const SEQUENCE_LOCKED = SEQUENCE_FINAL - 1;

export interface CoinbaseSpec {
  readonly height: number;
  /** Satoshi: subsidy and fees. */
  readonly value: bigint;
  readonly scriptPubKey: Uint8Array;
  /** Makes the coinbase, and so the merkle root, different: 0 … 2^64 - 1. */
  readonly extraNonce: bigint;
  /** Free bytes after the extra nonce, at most 80. */
  readonly tag?: Uint8Array;
  /** Transactions after the coinbase. */
  readonly txs: readonly Tx[];
  /** Whether segwit holds at the height: then the witnesses are committed to. */
  readonly segwit: boolean;
  /** Whether BIP54 holds: then the coinbase is locked until its height. */
  readonly bip54: boolean;
}

/** Height (BIP34), extra nonce as an 8-byte push, so that even one-byte heights make two bytes, and the tag. */
function coinbaseScript(spec: CoinbaseSpec): Uint8Array {
  const parts = [pushNumber(spec.height), pushData(new Writer(16).u64(spec.extraNonce).finish())];
  if (spec.tag !== undefined && spec.tag.length > 0) parts.push(pushData(spec.tag));
  const script = concatBytes(...parts);
  assert(script.length <= COINBASE_SCRIPT_MAX, `a coinbase script of ${script.length} bytes is too long`);
  return script;
}

/** The coinbase of a new block: pays `value` to the script, and commits to the witnesses of `txs` (BIP34, BIP54, BIP141). */
export function buildCoinbase(spec: CoinbaseSpec): Tx {
  const outputs: TxOut[] = [{ value: spec.value, scriptPubKey: spec.scriptPubKey }];
  const make = (): Tx =>
    new Tx({
      version: 2,
      inputs: [
        {
          prevout: { txid: ZERO_HASH, index: NULL_INDEX },
          scriptSig: coinbaseScript(spec),
          sequence: spec.bip54 ? SEQUENCE_LOCKED : SEQUENCE_FINAL,
          witness: spec.segwit ? [WITNESS_RESERVED_VALUE] : NO_WITNESS,
        },
      ],
      outputs: [...outputs],
      lockTime: spec.bip54 ? coinbaseLockTime(spec.height) : 0,
    });
  if (spec.segwit) {
    // The coinbase counts as zero in the witness root, so any will do to compute it.
    const commitment = witnessCommitmentScript([make(), ...spec.txs], WITNESS_RESERVED_VALUE);
    outputs.push({ value: 0n, scriptPubKey: commitment });
  }
  return make();
}
