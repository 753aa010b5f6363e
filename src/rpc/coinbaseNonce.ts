import { Block } from '../primitives/block.ts';
import { Tx, type TxIn } from '../primitives/tx.ts';
import { WITNESS_RESERVED_VALUE, witnessCommitmentIndex } from '../primitives/witnessCommitment.ts';

/**
 * Miners may leave out the coinbase's witness nonce: a block that commits to witnesses and has none gets 32 zero bytes, as
 * Bitcoin Core's submitblock does (UpdateUncommittedBlockStructures). Any other block is returned as it is.
 */
export function withWitnessNonce(block: Block): Block {
  const [coinbase, ...rest] = block.txs;
  if (coinbase === undefined || !coinbase.isCoinbase || coinbase.hasWitness) return block;
  if (witnessCommitmentIndex(coinbase) < 0) return block;
  const { version, outputs, lockTime } = coinbase;
  const input: TxIn = { ...(coinbase.inputs[0] as TxIn), witness: [WITNESS_RESERVED_VALUE] };
  return new Block(block.header, [new Tx({ version, inputs: [input], outputs, lockTime }), ...rest], block.seal);
}
