import type { ChainManager } from '../../chain/chainManager.ts';
import type { CoinChange } from '../../ledger/coin.ts';
import { CoinSetStats } from '../../ledger/coinSetStats.ts';
import type { CoinSetBackend } from '../../rpc/backend.ts';
import { encodeCoin } from '../../store/coinCodec.ts';
import type { CoinWalks } from '../coinset/coinWalks.ts';

/** Bytes of a coin's key in the database: prefix and outpoint. */
const COIN_KEY_BYTES = 37;

export interface CoinSetParts {
  readonly chain: ChainManager;
  readonly walks: CoinWalks;
}

/** The coins of a full node as a whole. */
export function coinSetBackend({ chain, walks }: CoinSetParts): CoinSetBackend {
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
  };
}
