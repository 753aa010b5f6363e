import { Block } from '../primitives/block.ts';
import { Tx, type TxIn } from '../primitives/tx.ts';

/** OP_RETURN, push of 36 bytes, aa21a9ed: the start of a witness commitment (BIP141). */
const COMMITMENT = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

/**
 * Miners may leave out the coinbase's witness nonce: a block that commits to witnesses and has none gets 32 zero bytes, as
 * Bitcoin Core's submitblock does (UpdateUncommittedBlockStructures). Any other block is returned as it is.
 */
export function withWitnessNonce(block: Block): Block {
  const [coinbase, ...rest] = block.txs;
  if (coinbase === undefined || !coinbase.isCoinbase || coinbase.hasWitness) return block;
  const commits = coinbase.outputs.some(({ scriptPubKey: script }) => {
    return script.length >= 38 && COMMITMENT.every((byte, at) => script[at] === byte);
  });
  if (!commits) return block;
  const { version, outputs, lockTime } = coinbase;
  const input: TxIn = { ...(coinbase.inputs[0] as TxIn), witness: [new Uint8Array(32)] };
  return new Block(block.header, [new Tx({ version, inputs: [input], outputs, lockTime }), ...rest], block.seal);
}
