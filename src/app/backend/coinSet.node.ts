import { resolve } from 'node:path';
import type { ChainManager } from '../../chain/chainManager.ts';
import type { CoinChange } from '../../ledger/coin.ts';
import { CoinSetStats } from '../../ledger/coinSetStats.ts';
import type { CoinSetBackend } from '../../rpc/backend.ts';
import { encodeCoin } from '../../store/coinCodec.ts';
import { assert } from '../../util/assert.ts';
import { type DumpParts, dumpCoins } from '../coinset/dumpCoins.node.ts';
import { type LoadParts, loadCoins } from '../coinset/loadCoins.node.ts';
import type { PastSync } from '../coinset/pastSync.node.ts';
import type { ChainTxCounts } from './chainTx.ts';

/** Block cache of a LevelDB that was opened without options. */
const LEVELDB_CACHE_BYTES = 8 << 20;
/** Bytes of a coin's key in the database: prefix and outpoint. */
const COIN_KEY_BYTES = 37;

export interface CoinSetParts extends DumpParts, Omit<LoadParts, 'chain'> {
  readonly chain: ChainManager;
  /** Validates the blocks below a loaded snapshot. */
  readonly past: Pick<PastSync, 'start' | 'tip' | 'cacheBytes'>;
  readonly chainTxs: ChainTxCounts;
  /** Memory for coins before the database. */
  readonly tipCacheBytes: number;
  /** Relative paths start there. */
  readonly datadir: string;
}

/** The coins of a full node as a whole. */
export function coinSetBackend(parts: CoinSetParts): CoinSetBackend {
  const { chain, chainTxs, walks, datadir, past, tipCacheBytes } = parts;
  const writing = new Set<string>();
  return {
    summarize: (hash, gone) =>
      walks.run(async () => {
        const { tip, coins } = await chain.coinsAtTip();
        const stats = new CoinSetStats(hash);
        let diskSize = 0;
        const take = (change: CoinChange): void => {
          stats.add(change);
          diskSize += COIN_KEY_BYTES + encodeCoin(change.coin).length;
        };
        return (await walks.each(coins, take, gone)) ? { tip, ...stats.finish(), diskSize } : undefined;
      }),
    async dump(given, base) {
      const path = resolve(datadir, given);
      const entry = base === undefined ? undefined : chain.entry(base.header.hash);
      // Two of them must not write one draft.
      if (writing.has(path)) return { ok: false, reason: 'cannot-open', path };
      writing.add(path);
      const outcome = await dumpCoins(parts, path, entry).finally(() => writing.delete(path));
      if (!outcome.ok) return { ...outcome, path };
      const chainTx = chainTxs.upTo(outcome.value.base);
      assert(chainTx !== undefined, 'coins are dumped of blocks whose ancestors are connected, or vouched for');
      return { ok: true, value: { ...outcome.value, path, chainTx } };
    },
    async load(given) {
      const path = resolve(datadir, given);
      const outcome = await loadCoins(parts, path);
      if (!outcome.ok) return { ...outcome, path };
      await past.start();
      return { ok: true, value: { ...outcome.value, path } };
    },
    chainStates() {
      const { base } = chain.snapshot;
      const dbCacheBytes = LEVELDB_CACHE_BYTES;
      const active = {
        ...{ tip: chain.tip(), snapshot: base?.header.hash, validated: base === undefined },
        ...{ dbCacheBytes, tipCacheBytes },
      };
      const tip = past.tip();
      if (tip === undefined) return [active];
      return [{ tip, snapshot: undefined, validated: true, dbCacheBytes, tipCacheBytes: past.cacheBytes }, active];
    },
  };
}
