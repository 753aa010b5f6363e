import type { ChainManager } from '../../chain/chainManager.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import type { ChainStore } from '../../chain/ports.ts';
import { sha256 } from '../../crypto/hash.ts';
import type { TxIndex } from '../../index/txIndex.ts';
import { writeCoinElement } from '../../ledger/coinSetStats.ts';
import type { Hash256 } from '../../primitives/hash.ts';
import { passed } from '../../primitives/rules.ts';
import type { BlocksBackend } from '../../rpc/backend.ts';
import { Writer } from '../../util/codec.ts';
import type { CoinWalks } from '../coinset/coinWalks.ts';
import { noDiskSpace } from '../disk/noDiskSpace.ts';
import type { PruneMode } from '../pruner.ts';

/**
 * A fingerprint of the coins at the tip, for comparing nodes: SHA-256 chained over every coin in key order
 * (outpoint ‖ height·2 + coinbase ‖ output). Two nodes with the same tip have the same one. Walks all coins.
 */
async function ledgerHash(
  chain: ChainManager,
  walks: CoinWalks,
): Promise<{ tip: HeaderEntry; hash: Hash256; coins: number }> {
  const { tip, coins: walk } = await chain.coinsAtTip();
  let hash: Hash256 = sha256(tip.header.hash);
  let coins = 0;
  const whole = await walks.each(walk, (change) => {
    const w = new Writer(128).put(hash);
    writeCoinElement(w, change);
    hash = sha256(w.finish());
    coins++;
  });
  if (!whole) throw new Error('the node is stopping');
  return { tip, hash, coins };
}

/** Blocks and coins of a full node. */
export function blocksBackend(parts: {
  readonly chain: ChainManager;
  readonly store: ChainStore;
  readonly walks: CoinWalks;
  readonly txIndex: TxIndex | undefined;
  readonly pruneMode: PruneMode;
}): BlocksBackend {
  const { chain, store, walks, txIndex, pruneMode } = parts;
  return {
    async readBlock(hash) {
      const entry = chain.entry(hash);
      return entry === undefined ? undefined : await chain.readBlock(entry);
    },
    async spentCoins(hash) {
      const entry = chain.entry(hash);
      return entry === undefined ? undefined : await chain.spentCoins(entry);
    },
    coins: (outpoints) => chain.coins(outpoints),
    txIndex: txIndex !== undefined,
    indexes: () => (txIndex === undefined ? [] : [{ name: 'txindex', ...txIndex.info() }]),
    findTx: (txid) => chain.findTx(txid),
    sizeOnDisk: () => store.sizeOnDisk(),
    async submitBlock(block) {
      const verdict = await chain.acceptBlock(block, { requested: true });
      if (verdict.ok) return passed({ result: verdict.value.result });
      if (verdict.rule === 'no-disk-space') throw noDiskSpace(verdict);
      return verdict;
    },
    pruning:
      pruneMode.kind === 'off'
        ? undefined
        : {
            targetBytes: pruneMode.kind === 'automatic' ? pruneMode.bytes : undefined,
            lowest: () => chain.prunedBelow() ?? 0,
            prune: async (upTo) => void (await chain.prune({ upTo })),
          },
    ledgerHash: () => walks.run(() => ledgerHash(chain, walks)),
  };
}
