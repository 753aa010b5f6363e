import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ChainTxCounts } from '../../src/app/backend/chainTx.ts';
import { coinSetBackend } from '../../src/app/backend/coinSet.node.ts';
import { CoinWalks } from '../../src/app/coinset/coinWalks.ts';
import type { ChainManager } from '../../src/chain/chainManager.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { displayHash } from '../../src/primitives/hash.ts';
import type { CoinSetBackend } from '../../src/rpc/backend.ts';
import { toHex } from '../../src/util/hex.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { mineChain, placeOf, regtest } from '../chain/regtestMiner.ts';
import { acceptAll, openChain } from '../chain/setup.ts';
import { coreRegtestBlocks } from '../support/coreRegtest.ts';

interface Node {
  readonly chain: ChainManager;
  readonly datadir: string;
  readonly coinSet: CoinSetBackend;
  readonly lifetime: Lifetime;
}

/** A chain of Bitcoin Core's first `blocks` test blocks; `onPause` runs whenever a walk lets others run. */
async function nodeWith(blocks: number, onPause: () => unknown = () => {}): Promise<Node> {
  const { chain } = await openChain();
  const datadir = await mkdtemp(join(tmpdir(), 'cairn-coinset-'));
  folders.push(datadir);
  await acceptAll(chain, coreRegtestBlocks(blocks, true));
  const lifetime = new Lifetime();
  const walks = new CoinWalks(
    async () => {
      await onPause();
      await nextTurn();
    },
    lifetime,
    60,
  );
  return {
    chain,
    datadir,
    coinSet: coinSetBackend({
      ...{ chain, walks, magic: regtest.magic, datadir, assumed: [], poolBusy: () => false },
      past: { start: async () => {}, tip: () => undefined, cacheBytes: 0 },
      ...{ clock: { monotonicMs: () => 0 }, log: silentLogger, lackFor: async () => undefined },
      chainTxs: new ChainTxCounts(chain),
      tipCacheBytes: 450,
    }),
    lifetime,
  };
}

const folders: string[] = [];

describe('coin set of a node', () => {
  after(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  it("has Bitcoin Core's numbers and hash for a chain that Core makes", async () => {
    const { coinSet } = await nodeWith(100);
    const info = await coinSet.summarize('hash_serialized_3', () => false);
    assert.ok(info !== undefined);
    assert.equal(info.tip.height, 100);
    assert.equal(info.tip.header.id, '6885775faa46290bedfa071f22d0598c93f1d7e01f24607c4dedd69b9baa4a8f');
    assert.equal(
      displayHash(info.hash as Uint8Array),
      'd4453995f4f20db7bb3a604afd10d7128e8ee11159cde56d5b2fd7f55be7c74c',
    );
    assert.equal(info.coins, 100);
    assert.equal(info.transactions, 100);
    assert.equal(info.bogoSize, 100 * (50 + 25));
    assert.equal(info.totalAmount, 100n * 5_000_000_000n);
    // Key of 37 bytes; heights below 64 are one byte, the amount one, a P2PKH script 21.
    assert.equal(info.diskSize, 63 * (37 + 1 + 1 + 21) + 37 * (37 + 2 + 1 + 21));
    const none = await coinSet.summarize('none', () => false);
    assert.deepEqual({ ...none, hash: info.hash }, info);
  });

  it('is given up when nobody waits for it any more', async () => {
    let pauses = 0;
    const { coinSet } = await nodeWith(149, () => pauses++);
    assert.notEqual(await coinSet.summarize('none', () => false), undefined);
    assert.equal(pauses, 2, 'a walk of 149 coins lets others run twice');
    assert.equal(await coinSet.summarize('none', () => true), undefined);
  });

  it('is given up when the node stops, which waits for that', async () => {
    let stopped: Promise<void> | undefined;
    const node = await nodeWith(149, () => {
      stopped ??= node.lifetime.close();
    });
    const order: string[] = [];
    const summary = node.coinSet.summarize('muhash', () => false).then((info) => order.push(`summary ${info}`));
    await summary;
    assert.deepEqual(order, ['summary undefined']);
    await stopped;
    assert.equal(await node.coinSet.summarize('muhash', () => false), undefined);
  });

  const CORE_FILE = 'd9506d541437f5e2892d6b6ea173f55233de11601650c157a27d8f2b9d08cb6f';
  const hashOfFile = async (path: string): Promise<string> => toHex(sha256(await readFile(path)));

  it("is dumped to the file that Bitcoin Core writes, with Core's answer", async () => {
    const { coinSet, chain, datadir } = await nodeWith(100);
    const dump = await coinSet.dump('all.dat');
    assert.ok(dump.ok);
    const { base, hash, ...rest } = dump.value;
    assert.equal(base, chain.tip());
    assert.deepEqual(rest, { path: join(datadir, 'all.dat'), coins: 100, chainTx: 101 });
    assert.equal(displayHash(hash), 'd4453995f4f20db7bb3a604afd10d7128e8ee11159cde56d5b2fd7f55be7c74c');
    assert.equal(await hashOfFile(dump.value.path), CORE_FILE);
    assert.deepEqual(await readdir(datadir), ['all.dat'], 'no draft is left');
  });

  it('of an earlier block is dumped while later blocks are connected, and no tip moves', async () => {
    let more: Promise<unknown> | undefined;
    const node = await nodeWith(140, () => {
      more ??= acceptAll(node.chain, mineChain(placeOf(coreRegtestBlocks(140, true)[139] as never, 140), 3));
      return more;
    });
    const base = node.chain.atHeight(100);
    const dump = await node.coinSet.dump(join(node.datadir, 'old.dat'), base);
    assert.ok(dump.ok);
    assert.equal(await hashOfFile(dump.value.path), CORE_FILE);
    assert.equal(dump.value.chainTx, 101);
    assert.equal(node.chain.tip().height, 143);
  });

  it('is not dumped over a file, into a folder that is not there, twice at once or for a block off the chain', async () => {
    const { coinSet, chain, datadir } = await nodeWith(5);
    const reasonOf = async (path: string, base?: ReturnType<ChainManager['tip']>): Promise<string> => {
      const outcome = await coinSet.dump(path, base);
      return outcome.ok ? 'ok' : outcome.reason;
    };
    await writeFile(join(datadir, 'taken'), 'precious');
    assert.equal(await reasonOf('taken'), 'exists');
    assert.equal(await readFile(join(datadir, 'taken'), 'utf8'), 'precious');
    assert.equal(await reasonOf('no/such/folder'), 'cannot-open');
    assert.deepEqual(await Promise.all([reasonOf('one'), reasonOf('one')]), ['ok', 'cannot-open']);
    const stale = chain.tip();
    await chain.invalidateBlock(stale);
    assert.equal(await reasonOf('stale', stale), 'not-active');
    assert.deepEqual((await readdir(datadir)).sort(), ['one', 'taken']);
  });

  it('leaves no file when the node stops while it is dumped', async () => {
    const node = await nodeWith(149, () => void node.lifetime.close());
    assert.deepEqual(await node.coinSet.dump('all.dat'), {
      ok: false,
      reason: 'stopping',
      path: join(node.datadir, 'all.dat'),
    });
    assert.deepEqual(await readdir(node.datadir), []);
  });

  it('replaces a draft that a crash left behind', async () => {
    const { coinSet, datadir } = await nodeWith(100);
    await writeFile(join(datadir, 'all.dat.incomplete'), new Uint8Array(20_000));
    const dump = await coinSet.dump('all.dat');
    assert.ok(dump.ok);
    assert.equal(await hashOfFile(dump.value.path), CORE_FILE);
  });
});
