import { resolve } from 'node:path';
import type { ChainManager } from '../../chain/chainManager.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import type { CoinChange } from '../../ledger/coin.ts';
import { CoinSetStats } from '../../ledger/coinSetStats.ts';
import type { CoinSetBackend } from '../../rpc/backend.ts';
import { encodeCoin } from '../../store/coinCodec.ts';
import { type DumpParts, dumpCoins } from '../coinset/dumpCoins.node.ts';

/** Bytes of a coin's key in the database: prefix and outpoint. */
const COIN_KEY_BYTES = 37;

export interface CoinSetParts extends DumpParts {
  readonly chain: ChainManager;
  /** Relative paths start there. */
  readonly datadir: string;
}

/** Transactions up to the entry, all included. */
function chainTxOf(entry: HeaderEntry): number {
  let count = 0;
  for (let at: HeaderEntry | undefined = entry; at !== undefined; at = at.parent) count += at.txCount;
  return count;
}

/** The coins of a full node as a whole. */
export function coinSetBackend(parts: CoinSetParts): CoinSetBackend {
  const { chain, walks, datadir } = parts;
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
      return { ok: true, value: { ...outcome.value, path, chainTx: chainTxOf(outcome.value.base) } };
    },
  };
}
