import { displayHash, type Hash256, hashKey } from '../../primitives/hash.ts';
import { buildPartialMerkleTree } from '../../primitives/partialMerkle.ts';
import { Tx } from '../../primitives/tx.ts';
import type { BlocksBackend, HeaderInfo, HeadersBackend, ProofBackend } from '../../rpc/backend.ts';

/** Outputs looked at to find an unspent one of a transaction when there is no index. */
const PROBED_OUTPUTS = 100;

/** The active block that holds the transaction: by the index, else by its unspent outputs. */
async function blockOf(headers: HeadersBackend, blocks: BlocksBackend, txid: Hash256): Promise<HeaderInfo | undefined> {
  if (blocks.txIndex) return blocks.findTx(txid);
  const outpoints = Array.from({ length: PROBED_OUTPUTS }, (_, index) => ({ txid, index }));
  const coin = (await blocks.coins(outpoints)).find((found) => found !== undefined);
  return coin === undefined ? undefined : headers.atHeight(coin.height);
}

/** Proofs made of the node's own blocks. */
export function blockProofs(headers: HeadersBackend, blocks: BlocksBackend): ProofBackend {
  return {
    async prove(txids, hash) {
      const first = txids[0] as Hash256;
      const entry = hash === undefined ? await blockOf(headers, blocks, first) : headers.entry(hash);
      if (entry === undefined) return { ok: false, reason: hash === undefined ? 'not-in-block' : 'block-unknown' };
      const block = entry.hasBody ? await blocks.readBlock(entry.header.hash) : undefined;
      if (block === undefined) return { ok: false, reason: 'body-missing' };
      Tx.hashTxids(block.txs);
      const wanted = new Set(txids.map(hashKey));
      const held = block.txs.filter((tx) => wanted.has(hashKey(tx.txid))).length;
      if (held !== wanted.size) {
        return { ok: false, reason: 'not-all-in-block', detail: displayHash(entry.header.hash) };
      }
      const tree = buildPartialMerkleTree(
        block.txs.map((tx) => tx.txid),
        (txid) => wanted.has(hashKey(txid)),
      );
      return { ok: true, proof: { header: entry.header, tree } };
    },
  };
}
