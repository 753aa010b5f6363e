import type { ChainManager } from '../../chain/chainManager.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import type { ChainStore } from '../../chain/ports.ts';
import { sha256 } from '../../crypto/hash.ts';
import type { Hash256 } from '../../primitives/hash.ts';
import { writeOutPoint } from '../../primitives/outpoint.ts';
import { passed } from '../../primitives/rules.ts';
import { writeTxOut } from '../../primitives/tx.ts';
import type { BlocksBackend } from '../../rpc/backend.ts';
import { concatBytes } from '../../util/bytes.ts';
import { Writer } from '../../util/codec.ts';

/** Coins hashed between two looks at the tip and two turns of the event loop. */
const SLICE = 1000;

/**
 * A fingerprint of the coins at the tip, for comparing nodes: SHA-256 chained over every coin in key order
 * (outpoint ‖ height·2 + coinbase ‖ output). Two nodes with the same tip have the same one. Walks all coins; when the tip
 * moves meanwhile it starts again.
 */
async function ledgerHash(
  chain: ChainManager,
  store: ChainStore,
): Promise<{ tip: HeaderEntry; hash: Hash256; coins: number }> {
  for (;;) {
    const tip = chain.tip();
    let hash: Hash256 = sha256(tip.header.hash);
    let coins = 0;
    for await (const { outpoint, coin } of store.allCoins()) {
      const w = new Writer(96);
      writeOutPoint(w, outpoint);
      w.u32(coin.height * 2 + (coin.coinbase ? 1 : 0));
      writeTxOut(w, coin.out);
      hash = sha256(concatBytes(hash, w.finish()));
      if (++coins % SLICE === 0 && chain.tip() !== tip) break;
    }
    if (chain.tip() === tip) return { tip, hash, coins };
  }
}

/** Blocks and coins of a full node. */
export function blocksBackend(chain: ChainManager, store: ChainStore, txIndex: boolean): BlocksBackend {
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
    txIndex,
    findTx: (txid) => chain.findTx(txid),
    sizeOnDisk: () => store.sizeOnDisk(),
    async submitBlock(block) {
      const verdict = await chain.acceptBlock(block, { requested: true });
      return verdict.ok ? passed({ result: verdict.value.result }) : verdict;
    },
    ledgerHash: () => ledgerHash(chain, store),
  };
}
