/** Whether the node can do its work now. */
export type Readiness =
  | { readonly ready: true }
  | {
      readonly ready: false;
      readonly reason: 'warming-up' | 'syncing' | 'disk-full' | 'stopping';
      readonly detail: string;
    };

/** What one sample of a gauge or counter is. Names end as Prometheus wants: _total for counters, the unit for the rest. */
export interface MetricInfo {
  readonly help: string;
  readonly type: 'gauge' | 'counter';
}

/** Every metric of the node, by name. Those of the process (cairn_process_…, cairn_nodejs_…) come on their own. */
export const METRICS = {
  cairn_height: { help: 'Height of the active chain', type: 'gauge' },
  cairn_headers: { help: 'Height of the best valid header', type: 'gauge' },
  cairn_peers: { help: 'Connected peers', type: 'gauge' },
  cairn_peers_inbound: { help: 'Connected peers that dialled us', type: 'gauge' },
  cairn_mempool_txs: { help: 'Unconfirmed transactions', type: 'gauge' },
  cairn_mempool_bytes: { help: 'Virtual bytes of unconfirmed transactions', type: 'gauge' },
  cairn_last_block_age_seconds: { help: 'Seconds since the time of the best block', type: 'gauge' },
  cairn_disk_bytes: { help: 'Bytes of the data directory', type: 'gauge' },
  cairn_coin_cache_bytes: { help: 'Memory of cached coins, dbcache at most but for one block', type: 'gauge' },
  cairn_coin_cache_entries: { help: 'Cached coins, spent ones that the database still has among them', type: 'gauge' },
  cairn_coin_cache_dirty: { help: 'Cached coins that the database does not have yet', type: 'gauge' },
  cairn_disk_free_bytes: { help: 'Bytes free where the data directory lies', type: 'gauge' },
  cairn_disk_paused: { help: '1 while no blocks are taken because the disk is nearly full', type: 'gauge' },
  cairn_network_received_bytes_total: { help: 'Bytes received from peers', type: 'counter' },
  cairn_network_sent_bytes_total: { help: 'Bytes sent to peers', type: 'counter' },
  cairn_reorganisations_total: { help: 'Blocks disconnected from the active chain', type: 'counter' },
} as const satisfies Record<string, MetricInfo>;

export type MetricName = keyof typeof METRICS;

/** What the health listener asks the node; every call is cheap. */
export interface OpsSource {
  readiness(): Readiness;
  /** Members of /health: JSON values. */
  health(): Promise<Readonly<Record<string, unknown>>>;
  /** Current values; a role leaves out what it has not. */
  metrics(): Promise<Partial<Readonly<Record<MetricName, number>>>>;
}
