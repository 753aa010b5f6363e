import { Tx, type TxOut } from '../../../src/primitives/tx.ts';
import { legacySigHash } from '../../../src/script/sighashLegacy.ts';
import { taprootSigHash } from '../../../src/script/sighashTaproot.ts';
import { witnessV0SigHash } from '../../../src/script/sighashWitnessV0.ts';

/** A transaction of as many inputs as outputs, never hashed before. */
export interface Wide {
  readonly tx: Tx;
  readonly spent: readonly TxOut[];
}

/** The script code of P2PKH has this many bytes. */
const CODE = new Uint8Array(25).fill(0x76);

export function wide(inputs: number): Wide {
  const spent = Array.from({ length: inputs }, (_, i) => ({
    value: BigInt(i),
    scriptPubKey: new Uint8Array(34).fill(1),
  }));
  const tx = new Tx({
    version: 2,
    lockTime: 0,
    inputs: spent.map((_, index) => ({
      prevout: { txid: new Uint8Array(32).fill(7), index },
      scriptSig: new Uint8Array(0),
      sequence: index,
      witness: [],
    })),
    outputs: spent,
  });
  return { tx, spent };
}

/** The three ways to hash what one input signs. */
export const SIGHASHES: ReadonlyMap<string, (made: Wide, index: number) => unknown> = new Map([
  ['legacy', ({ tx }: Wide, index: number) => legacySigHash(tx, index, CODE, 1)],
  ['segwit-v0', ({ tx }: Wide, index: number) => witnessV0SigHash(tx, index, CODE, 1n, 1)],
  ['taproot', ({ tx, spent }: Wide, index: number) => taprootSigHash({ tx, index, spent }, 0, undefined, undefined)],
]);
