import { DUST_RELAY_FEE_RATE } from '../script/standard.ts';

/** What the owner of a node may set about its pool. Policy, never consensus. */
export interface PoolSettings {
  /** Bytes of memory (estimate) above which the worst packages are evicted (Bitcoin Core -maxmempool: 300 MB). */
  readonly maxMemory: number;
  /** Milliseconds after which a transaction is dropped (Core -mempoolexpiry: 336 h). */
  readonly expiryMs: number;
  /** Satoshi per 1000 vbytes below which nothing is taken (Core ≥ 30 DEFAULT_MIN_RELAY_TX_FEE: 100). */
  readonly minRelayFeeRate: bigint;
  /** Step by which eviction raises the floor, satoshi per 1000 vbytes (Core ≥ 30 DEFAULT_INCREMENTAL_RELAY_FEE: 100). */
  readonly incrementalFeeRate: bigint;
  /** Rate at which an output must be worth spending, satoshi per 1000 vbytes (Core DUST_RELAY_TX_FEE: 3000). */
  readonly dustFeeRate: bigint;
  /** Most transactions in a package of unconfirmed ancestors or descendants, the transaction included (Core: 25). */
  readonly maxPackageCount: number;
  /** Most virtual bytes of such a package (Core: 101 kvB). */
  readonly maxPackageVsize: number;
  /** Bytes of all data-carrier outputs of a transaction together (Core ≥ 30 MAX_OP_RETURN_RELAY: 100,000). */
  readonly maxDataCarrierBytes: number;
  /** False takes transactions that are valid but not standard (Core -acceptnonstdtxn). */
  readonly requireStandard: boolean;
}

export const DEFAULT_POOL_SETTINGS: PoolSettings = {
  maxMemory: 300_000_000,
  expiryMs: 336 * 3600 * 1000,
  minRelayFeeRate: 100n,
  incrementalFeeRate: 100n,
  dustFeeRate: DUST_RELAY_FEE_RATE,
  maxPackageCount: 25,
  maxPackageVsize: 101_000,
  maxDataCarrierBytes: 100_000,
  requireStandard: true,
};
