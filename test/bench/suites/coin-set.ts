import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CoinWalks } from '../../../src/app/coinset/coinWalks.ts';
import { dumpCoins } from '../../../src/app/coinset/dumpCoins.node.ts';
import { loadCoins } from '../../../src/app/coinset/loadCoins.node.ts';
import { beginWalk } from '../../../src/chain/coinWalk.ts';
import type { HeaderEntry } from '../../../src/chain/entry.ts';
import type { CoinChange } from '../../../src/ledger/coin.ts';
import { COIN_SET_HASHES, CoinSetStats } from '../../../src/ledger/coinSetStats.ts';
import type { Network } from '../../../src/params/network.ts';
import { builtInNetwork } from '../../../src/params/networks.ts';
import { nodejs, usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { displayHash } from '../../../src/primitives/hash.ts';
import { openFullStore } from '../../../src/store/openStores.node.ts';
import { Lifetime } from '../../../src/util/lifetime.ts';
import { silentLogger } from '../../../src/util/ports.ts';
import { type Bench, busy, perSecond, type Span, type Suite, timed } from '../harness.ts';

const HEIGHT = 1000;

/** `count` P2WPKH coins, two of a transaction, in key order; the same every time. */
async function* coinsOf(count: number): AsyncGenerator<CoinChange> {
  const step = Math.floor(0xffffffff / count);
  for (let i = 0; i < count; i++) {
    const tx = i >> 1;
    const txid = new Uint8Array(32).fill(tx * 37);
    const view = new DataView(txid.buffer);
    view.setUint32(0, tx * step);
    view.setUint32(4, Math.imul(tx, 0x9e3779b1));
    const scriptPubKey = new Uint8Array(22);
    scriptPubKey.set([0x00, 0x14]);
    scriptPubKey.set(txid.subarray(4, 24), 2);
    const value = 1000n + BigInt(Math.imul(i, 0x85ebca6b) >>> 0);
    yield {
      outpoint: { txid, index: i & 1 },
      coin: { height: i % HEIGHT, coinbase: false, out: { value, scriptPubKey } },
    };
  }
}

async function measure(bench: Bench): Promise<void> {
  usePlatformCrypto();
  const count = bench.quick ? 100_000 : 1_000_000;
  const network = builtInNetwork('regtest') as Network;
  const dir = bench.tempDir();
  const lifetime = new Lifetime();
  const walks = new CoinWalks(() => nextTurn(), lifetime);
  const store = await openFullStore({ dir: join(dir, 'node'), network });
  lifetime.add(() => store.close());
  const snapshot = { base: network.chainId, coinsHash: network.chainId, chainTx: 1, state: 'unvalidated' as const };
  await store.replaceCoins(snapshot, coinsOf(count));

  const facts = { coins: count };
  let hash = '';
  for (const name of COIN_SET_HASHES) {
    const spans: Span[] = [];
    const stalls: number[] = [];
    for (let run = 0; run < bench.runs; run++) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const stats = new CoinSetStats(name);
      spans.push(await timed(async () => walks.each(await beginWalk(store.allCoins()), (change) => stats.add(change))));
      delay.disable();
      stalls.push(delay.max / 1e6);
      const found = stats.finish().hash;
      if (name === 'hash_serialized_3' && found !== undefined) hash = displayHash(found);
    }
    bench.report(name, 'coins/s', perSecond(count, spans), { ...facts, ...busy(spans) });
    bench.report(`${name}.stall`, 'ms', stalls, facts);
  }

  const base = { header: { hash: network.chainId, id: displayHash(network.chainId) }, height: HEIGHT } as HeaderEntry;
  const coinsAtTip = async () => ({ tip: base, coins: await beginWalk(store.allCoins()) });
  const path = join(dir, 'coins.dat');
  const chain = { coinsAtTip } as Parameters<typeof dumpCoins>[0]['chain'];
  const dumps: Span[] = [];
  const loads: Span[] = [];
  for (let run = 0; run < bench.runs; run++) {
    rmSync(path, { force: true });
    dumps.push(await timed(() => dumpCoins({ chain, walks, magic: network.magic }, path)));
    const target = await openFullStore({ dir: join(dir, `loaded${run}`), network });
    const loading = {
      entry: () => base,
      snapshot: {
        refusal: () => undefined,
        load: async (_: HeaderEntry, { coins }: { readonly coins: AsyncIterable<CoinChange> }) => {
          await target.replaceCoins(snapshot, coins);
        },
      },
    } as unknown as Parameters<typeof loadCoins>[0]['chain'];
    const assumed = [{ height: HEIGHT, block: displayHash(network.chainId), hash, chainTx: 1 }];
    const parts = {
      chain: loading,
      walks,
      magic: network.magic,
      assumed,
      poolBusy: () => false,
      clock: nodejs.clock,
      log: silentLogger,
      lackFor: async () => undefined,
    };
    loads.push(
      await timed(async () => {
        const outcome = await loadCoins(parts, path);
        if (!outcome.ok) throw new Error(outcome.detail);
      }),
    );
    await target.close();
  }
  bench.report('dump', 'coins/s', perSecond(count, dumps), { ...facts, ...busy(dumps) });
  bench.report('load', 'coins/s', perSecond(count, loads), { ...facts, ...busy(loads) });
  await lifetime.close();
}

export const suite: Suite = {
  name: 'coin-set',
  about: 'walks over all coins: counting, both hashes, writing and loading a snapshot',
  run: measure,
};
