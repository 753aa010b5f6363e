import type { Mempool } from '../mempool/pool.ts';
import type { PeerPorts } from '../wire/messages/ask.ts';
import { readGossipTx } from '../wire/messages/gossip.ts';
import type { Heard } from './heard.ts';
import { isMissing, type OrphanTxs } from './orphanTxs.ts';
import type { GossipHandler } from './ports.ts';
import type { RejectedTxs } from './rejectedTxs.ts';
import { verdictOf } from './verdict.ts';

export interface OnTxDeps {
  readonly mempool: Mempool;
  readonly net: Pick<PeerPorts, 'penalize'>;
  readonly heard: Heard;
  readonly rejected: RejectedTxs;
  readonly orphans: OrphanTxs;
}

/** Topic `tx`: admits a transaction to the pool; one whose parents are on their way waits for them. */
export function onTx(deps: OnTxDeps): GossipHandler {
  const { mempool, net, heard, rejected, orphans } = deps;
  return async (from, data) => {
    const read = readGossipTx(data);
    if (!read.ok) return verdictOf(net, from, read);
    const tx = read.value;
    heard.addTx(tx.wtxid);
    // It was fetched or submitted here before gossip brought it: gossip must still pass it on.
    if (mempool.getByWtxid(tx.wtxid) !== undefined) return 'accept';
    const before = rejected.get(tx.wtxid);
    if (before !== undefined) return verdictOf(net, from, before);
    let verdict = await mempool.admit(tx);
    if (!verdict.ok && isMissing(verdict)) {
      const later = await orphans.wait(tx, from);
      if (later === undefined) return 'ignore';
      verdict = later;
    }
    if (verdict.ok) return 'accept';
    if (verdict.rule === 'txn-already-in-mempool') return 'accept';
    rejected.add(tx.wtxid, verdict);
    return verdictOf(net, from, verdict);
  };
}
