import type { ChainManager } from '../../chain/chainManager.ts';
import type { TxPool } from '../../mempool/txPool.ts';
import type { Network } from '../../net/network.ts';
import type { KvChainStore } from '../../store/chainStore.node.ts';
import type { SyncProgress } from '../../sync/progress.ts';
import type { Lifetime } from '../../util/lifetime.ts';
import type { Clock } from '../../util/ports.ts';
import type { DiskGuard } from '../disk/diskGuard.ts';
import type { InitialDownload } from '../initialDownload.ts';
import type { OpsSource } from './opsSource.ts';

export interface FullOpsParts {
  readonly chain: ChainManager;
  readonly pool: TxPool;
  readonly net: Network;
  readonly store: Pick<KvChainStore, 'sizeOnDisk' | 'cacheSize'>;
  readonly progress: SyncProgress;
  readonly initial: InitialDownload;
  readonly guard: DiskGuard;
  readonly clock: Clock;
  readonly lifetime: Lifetime;
}

/** Health and metrics of a full node. */
export function fullOps(p: FullOpsParts): OpsSource {
  const { chain, pool, net, progress, guard, clock } = p;
  let disconnected = 0;
  p.lifetime.add(
    chain.events.on('disconnected', () => {
      disconnected++;
    }),
  );
  return {
    readiness() {
      if (chain.halted !== undefined) return { ready: false, reason: 'stopping', detail: chain.halted.message };
      if (p.lifetime.closed) return { ready: false, reason: 'stopping', detail: 'the node is stopping' };
      if (guard.paused !== undefined) return { ready: false, reason: 'disk-full', detail: guard.paused };
      if (p.initial.active()) {
        const { blocks, headers } = progress.info();
        return { ready: false, reason: 'syncing', detail: `block ${blocks} of ${headers}` };
      }
      return { ready: true };
    },
    async health() {
      const { phase, blocks, headers, stalledReason } = progress.info();
      return {
        ...{ phase, blocks, headers, peers: net.peers().length, mempool: pool.size },
        stalled: stalledReason ?? null,
        diskFreeBytes: guard.freeBytes ?? null,
      };
    },
    async metrics() {
      const peers = net.peers();
      const { bytesSent, bytesReceived } = net.totals();
      const tip = chain.tip();
      const coins = p.store.cacheSize();
      return {
        cairn_height: tip.height,
        cairn_headers: chain.bestHeader().height,
        cairn_peers: peers.length,
        cairn_peers_inbound: peers.filter((peer) => peer.inbound).length,
        cairn_mempool_txs: pool.size,
        cairn_mempool_bytes: pool.vbytes,
        cairn_last_block_age_seconds: Math.max(0, Math.floor(clock.nowMs() / 1000) - tip.header.time),
        cairn_disk_bytes: await p.store.sizeOnDisk(),
        cairn_coin_cache_bytes: coins.bytes,
        cairn_coin_cache_entries: coins.entries,
        cairn_coin_cache_dirty: coins.dirty,
        ...(guard.freeBytes === undefined ? {} : { cairn_disk_free_bytes: guard.freeBytes }),
        cairn_disk_paused: guard.paused === undefined ? 0 : 1,
        cairn_network_received_bytes_total: bytesReceived,
        cairn_network_sent_bytes_total: bytesSent,
        cairn_reorganisations_total: disconnected,
      };
    },
  };
}
