import assert from 'node:assert/strict';
import type { ChainManager } from '../../src/chain/chainManager.ts';
import { PastValidation } from '../../src/chain/pastValidation.ts';
import type { ChainStore } from '../../src/chain/ports.ts';
import type { CoinChange } from '../../src/ledger/coin.ts';
import { CoinSetStats } from '../../src/ledger/coinSetStats.ts';
import type { Block } from '../../src/primitives/block.ts';
import { passed } from '../../src/primitives/rules.ts';
import { KvPastCoins } from '../../src/store/pastCoins.ts';
import type { Kv } from '../../src/util/ports.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, type TestChain } from './setup.ts';

export const genesis = { header: regtest.genesis.header, height: 0 };
export const BASE = 104;
/** Blocks that a node has connected before it loads the snapshot. */
export const OWN = 3;

/** Transactions up to the base. */
export const CHAIN_TX = 108;

/** Blocks 1 … 110, whose later ones spend coins of before; the coins after the base and at the end. */
export interface Story {
  readonly blocks: readonly Block[];
  readonly coins: readonly CoinChange[];
  readonly hash: Uint8Array;
  readonly last: readonly string[];
}

export async function collect(coins: AsyncIterable<CoinChange>): Promise<CoinChange[]> {
  const out: CoinChange[] = [];
  for await (const change of coins) out.push(change);
  return out;
}

export function hashOf(coins: readonly CoinChange[]): Uint8Array {
  const stats = new CoinSetStats('hash_serialized_3');
  for (const change of coins) stats.add(change);
  return stats.finish().hash as Uint8Array;
}

export async function tellStory(): Promise<Story> {
  const twin = await openChain();
  const blocks = mineChain(genesis, 101);
  const pay = (from: number): Block => {
    const at = blocks.length;
    const tx = spend([{ tx: coinbaseOf(blocks[from] as Block), index: 0 }], [{ value: 1000n, scriptPubKey: ANYONE }]);
    return mine(placeOf(blocks[at - 1] as Block, at), { txs: [tx] });
  };
  for (let from = 0; from < 9; from++) blocks.push(pay(from));
  await acceptAll(twin.chain, blocks.slice(0, BASE));
  const coins = await collect(twin.store.allCoins());
  await acceptAll(twin.chain, blocks.slice(BASE));
  return { blocks, coins, hash: hashOf(coins), last: await coinsOf(twin.store) };
}

async function* given(coins: readonly CoinChange[]): AsyncGenerator<CoinChange> {
  yield* coins;
}

/** A node that has all headers and the first blocks. */
export async function newNode({ blocks }: Story, disk = new MemoryDisk()): Promise<TestChain> {
  const node = await openChain(disk);
  await acceptAll(node.chain, blocks.slice(0, OWN));
  await node.chain.acceptHeaders(blocks);
  return node;
}

export const baseOf = (chain: ChainManager, { blocks }: Story) =>
  chain.entry((blocks[BASE - 1] as Block).header.hash) as NonNullable<ReturnType<ChainManager['entry']>>;

export const load = (
  { chain }: TestChain,
  story: Story,
  coins = story.coins,
  hash = story.hash,
  chainTx = CHAIN_TX,
): Promise<string | undefined> =>
  chain.snapshot.load(baseOf(chain, story), { coinsHash: hash, chainTx, coins: given(coins) });

/** Scripts that validations have run so far. */
export const scripts = { run: 0 };

/** A small cache: it is flushed after every dozen coins, three to a batch. */
export const SMALL_CACHE = { cacheBytes: 2048, flushSlice: 3 };

export interface PastOptions {
  readonly kv?: Kv;
  readonly large?: boolean;
  /** Bodies above this height are not given. */
  readonly upTo?: number;
}

/** The coins on `disk` as the next run finds them; undefined when they cannot be used. */
export function openCoins(
  store: Pick<ChainStore, 'sync'>,
  disk: MemoryDisk,
  { kv = disk.kv, large = false }: PastOptions = {},
): Promise<KvPastCoins | undefined> {
  return KvPastCoins.open({
    ...{ kv, path: 'past', salt: new Uint8Array(16) },
    ...(large ? { cacheBytes: 1_000_000 } : SMALL_CACHE),
    syncChain: () => store.sync(),
    pause: async () => {},
    remove: async () => {},
  });
}

/** The validation on the coins of `disk`; undefined when they must begin again. */
export async function openPast(
  { chain, store }: TestChain,
  disk: MemoryDisk,
  options: PastOptions = {},
): Promise<PastValidation | undefined> {
  const coins = await openCoins(store, disk, options);
  assert.ok(coins !== undefined, 'coins were flushed');
  return PastValidation.open({
    network: regtest,
    snapshot: chain.snapshot,
    coins,
    scripts: {
      check: async (jobs) => {
        scripts.run += jobs.length;
        return passed(undefined);
      },
    },
    entry: (hash) => chain.entry(hash),
    readBlock: async (entry) => (entry.height > (options.upTo ?? BASE) ? undefined : await chain.readBlock(entry)),
    files: store,
    pause: async () => {},
  });
}

/** As openPast, where nothing was lost. */
export async function validate(node: TestChain, disk: MemoryDisk, options?: PastOptions): Promise<PastValidation> {
  const opened = await openPast(node, disk, options);
  assert.ok(opened !== undefined, 'nothing was lost');
  return opened;
}

/** The coin with one satoshi more. */
export function bent({ coin }: CoinChange): CoinChange['coin'] {
  return { ...coin, out: { ...coin.out, value: coin.out.value + 1n } };
}
