import type { Mempool } from '../../mempool/pool.ts';
import { effectOf } from '../../primitives/rules.ts';
import type { Tx } from '../../primitives/tx.ts';
import type { PeerPorts } from '../../wire/messages/ask.ts';
import { encodeMempool, MAX_MEMPOOL_IDS } from '../../wire/messages/mempool.ts';
import {
  decodeSendTxRequest,
  encodeSendTxResult,
  SENDTX_CODES,
  type SendTxResult,
} from '../../wire/messages/sendTx.ts';
import { decodeTxsRequest, encodeTxs } from '../../wire/messages/txs.ts';
import type { PeerKey } from '../../wire/peer.ts';

/** Type 10: wtxids of the pool in order of admission, so that parents come before children. */
export function serveMempool(mempool: Mempool): Uint8Array {
  const entries = [...mempool.entries()].sort((a, b) => a.sequence - b.sequence).slice(0, MAX_MEMPOOL_IDS);
  return encodeMempool(entries.map((entry) => entry.tx.wtxid));
}

/** Type 11: transactions by wtxid or txid; those we do not have are left out. */
export function serveTxs(mempool: Mempool, payload: Uint8Array): Uint8Array {
  const found: Tx[] = [];
  for (const id of decodeTxsRequest(payload)) {
    const entry = mempool.getByWtxid(id) ?? mempool.get(id);
    if (entry !== undefined) found.push(entry.tx);
  }
  return encodeTxs(found);
}

/**
 * Type 0B: a light node's transaction. A light node cannot judge it, so a bad one is not held against it as against a peer
 * that relays; many of them are ('refused-sendtx').
 */
export async function serveSendTx(
  mempool: Mempool,
  net: Pick<PeerPorts, 'penalize'>,
  from: PeerKey,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const tx = decodeSendTxRequest(payload);
  const verdict = await mempool.admit(tx);
  let result: SendTxResult = { code: SENDTX_CODES.ACCEPTED, reason: '' };
  if (!verdict.ok) {
    const known = verdict.rule === 'txn-already-in-mempool' || verdict.rule === 'txn-already-known';
    const code = known ? SENDTX_CODES.KNOWN : SENDTX_CODES.REJECTED;
    result = { code, reason: known ? verdict.rule : `${verdict.rule}: ${verdict.detail}` };
    if (effectOf(verdict.rule).penalty > 0) {
      net.penalize(from, 'refused-sendtx', `SENDTX ${tx.id}: ${verdict.rule}: ${verdict.detail}`);
    }
  }
  return encodeSendTxResult(result);
}
