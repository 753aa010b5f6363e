import type { ChainReader } from '../../chain/chain.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import { buildPartialMerkleTree } from '../../primitives/partialMerkle.ts';
import { Tx } from '../../primitives/tx.ts';
import { equalBytes } from '../../util/bytes.ts';
import { decodeTxProofRequest, encodeTxProof, type TxProofRequest } from '../../wire/messages/txProof.ts';
import { WIRE_ERRORS, WireRefusal } from '../../wire/peer.ts';

/** Type 07: proof that a transaction is in a block of the active chain, and the transaction. */
export async function serveTxProof(chain: ChainReader, payload: Uint8Array): Promise<Uint8Array> {
  const request = decodeTxProofRequest(payload);
  const entry = await findBlock(chain, request);
  if (entry === undefined || !chain.isActive(entry)) throw new WireRefusal(WIRE_ERRORS.NOT_FOUND, 'not in a block');
  const block = await chain.readBlock(entry);
  if (block === undefined) throw new WireRefusal(WIRE_ERRORS.PRUNED, 'body was pruned');
  Tx.hashTxids(block.txs);
  const tx = block.txs.find((t) => equalBytes(t.txid, request.txid));
  if (tx === undefined) throw new WireRefusal(WIRE_ERRORS.NOT_FOUND, 'not in that block');
  const ids = block.txs.map((t) => t.txid);
  const tree = buildPartialMerkleTree(ids, (txid) => equalBytes(txid, request.txid));
  return encodeTxProof({ proof: { header: block.header, tree }, tx });
}

/** Without a block hash the transaction index answers, where there is one. */
async function findBlock(chain: ChainReader, request: TxProofRequest): Promise<HeaderEntry | undefined> {
  return request.block === undefined ? chain.findTx(request.txid) : chain.entry(request.block);
}
