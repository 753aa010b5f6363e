import type { PoolEntry } from '../../mempool/pool.ts';
import type { TxPool } from '../../mempool/txPool.ts';
import { passed } from '../../primitives/rules.ts';
import type { Announcer } from '../../relay/announce.ts';
import type { MempoolBackend, PoolEntryInfo, TransactionBackend } from '../../rpc/backend.ts';
import type { Lifetime } from '../../util/lifetime.ts';

const rateLimit = (maxFeeRate: bigint): { maxFeeRate?: bigint } => (maxFeeRate === 0n ? {} : { maxFeeRate });

/** The pool as RPC sees it. */
export function mempoolBackend(pool: TxPool, announcer: Announcer, lifetime: Lifetime): MempoolBackend {
  let changes = 1;
  const count = (): void => {
    changes++;
  };
  lifetime.add(pool.events.on('added', count));
  lifetime.add(pool.events.on('removed', count));
  const own = (entry: PoolEntryInfo): PoolEntry => pool.get(entry.tx.txid) ?? ({ ...entry, sigopCost: 0 } as PoolEntry);
  return {
    get: (txid) => pool.get(txid),
    spender: (outpoint) => pool.spender(outpoint),
    entries: () => pool.entries(),
    ancestors: (entry) => pool.ancestors(own(entry)),
    descendants: (entry) => pool.descendants(own(entry)),
    get size() {
      return pool.size;
    },
    get vbytes() {
      return pool.vbytes;
    },
    get memory() {
      return pool.memory;
    },
    maxMemory: pool.maxMemory,
    minRelayFeeRate: pool.minRelayFeeRate,
    get minFeeRate() {
      return pool.minFeeRate;
    },
    policy: {
      incrementalFeeRate: pool.settings.incrementalFeeRate,
      fullRbf: false,
      permitBareMultisig: true,
      maxDataCarrierBytes: pool.settings.maxDataCarrierBytes,
      maxClusterCount: pool.settings.maxPackageCount,
      maxClusterVbytes: pool.settings.maxPackageVsize,
    },
    changes: () => changes,
    isUnbroadcast(txid) {
      const entry = pool.get(txid);
      return entry !== undefined && announcer.isUnbroadcast(entry.tx.wtxid);
    },
    test: (tx, maxFeeRate) => pool.admit(tx, { testOnly: true, ...rateLimit(maxFeeRate) }),
  };
}

/** Transactions from RPC: admitted to the pool, from which they are announced. */
export function poolSubmission(pool: TxPool, announcer: Announcer): TransactionBackend {
  return {
    async submitTx(tx, maxFeeRate) {
      const known = pool.getByWtxid(tx.wtxid);
      if (known !== undefined) {
        announcer.again(tx.wtxid);
        return passed(known);
      }
      return await pool.admit(tx, rateLimit(maxFeeRate));
    },
  };
}
