import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CoinChange } from '../../src/chain/ports.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { nodejs } from '../../src/platform/nodejs.node.ts';
import type { Block } from '../../src/primitives/block.ts';
import { DatadirLockedError, StoreError, UnknownFormatError, WrongNetworkError } from '../../src/store/errors.ts';
import { openFullStore, openHeaderStore } from '../../src/store/openStores.node.ts';
import { mineChain, regtest } from '../chain/regtestMiner.ts';
import { acceptAll, coinsOf, openChain } from '../chain/setup.ts';
import { until } from '../support/wait.ts';

const HOLDER = fileURLToPath(new URL('./holdDatadir.node.ts', import.meta.url));

describe('store: data directory', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cairn-store-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('keeps the chain over close and open, with LevelDB and real files', async () => {
    const store = await openFullStore({ dir, network: regtest });
    const { chain } = await openChain(undefined, { store });
    await acceptAll(chain, mineChain(chain.genesis, 12));
    const coins = await coinsOf(store);
    await chain.close();
    await store.close();
    const again = await openFullStore({ dir, network: regtest });
    try {
      const reopened = await openChain(undefined, { store: again });
      assert.equal(reopened.chain.tip().header.id, chain.tip().header.id);
      assert.deepEqual(await coinsOf(again), coins);
      assert.equal(await again.coinCount(), 12);
      assert.ok((await again.sizeOnDisk()) > 12 * 200);
      assert.ok((await reopened.chain.readBlock(reopened.chain.tip())) !== undefined);
    } finally {
      await again.close();
    }
  });

  it('coins are flushed ahead of the end, in the background, while others are committed', async function () {
    this.timeout(30_000);
    const behind = { clock: nodejs.clock, timers: nodejs.timers, fail: (error: unknown) => assert.fail(String(error)) };
    const store = await openFullStore({ dir, network: regtest, behind });
    const { chain } = await openChain(undefined, { store });
    const [block] = mineChain(chain.genesis, 1) as [Block];
    await acceptAll(chain, [block]);
    const out = { value: 1n, scriptPubKey: new Uint8Array(22) };
    const made = (from: number, to: number): CoinChange[] =>
      Array.from({ length: to - from }, (_, i) => ({
        outpoint: { txid: sha256(Buffer.from(`coin ${from + i}`)), index: 0 },
        coin: { out, height: 1, coinbase: false },
      }));
    const tip = block.header.hash;
    await store.commit({ headers: [], coins: { spent: [], added: made(0, 55_000) }, tip });
    await store.flushSoon();
    const later = store.commit({ headers: [], coins: { spent: made(0, 10), added: made(55_000, 55_020) }, tip });
    await later;
    assert.ok(store.cacheSize().dirty > 50_000, 'the commit did not wait for the flush');
    await until('the flush', 20_000, async () => store.cacheSize().dirty < 100);
    await chain.close();
    await store.close();
    const again = await openFullStore({ dir, network: regtest });
    assert.equal(await again.coinCount(), 55_000 + 20 - 10 + 1);
    const [spent, kept] = await again.coins([...made(9, 10), ...made(10, 11)].map(({ outpoint }) => outpoint));
    assert.deepEqual([spent, kept?.out], [undefined, out]);
    await again.close();
  });

  it('a second opener is refused, in this process and in another, and may come after a kill -9', async function () {
    this.timeout(20_000);
    const child = spawn(process.execPath, [HOLDER, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await ready(child);
      await assert.rejects(
        openFullStore({ dir, network: regtest }),
        (error: unknown) => error instanceof DatadirLockedError && error.exitCode === 75 && error.message.includes(dir),
      );
      // Also a light node may not have it.
      await assert.rejects(openHeaderStore({ dir, network: regtest }), DatadirLockedError);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const store = await openFullStore({ dir, network: regtest });
    await assert.rejects(openFullStore({ dir, network: regtest }), DatadirLockedError);
    await store.close();
  });

  it('belongs to one network', async () => {
    await (await openFullStore({ dir, network: regtest })).close();
    const other = { ...regtest, name: 'other', chainId: new Uint8Array(32).fill(1) };
    for (const open of [openHeaderStore, openFullStore])
      await assert.rejects(
        open({ dir, network: other }),
        (error: unknown) => error instanceof WrongNetworkError && error.exitCode === 78 && /regtest/.test(error.found),
      );
    // The refusal let go of the lock.
    await (await openHeaderStore({ dir, network: regtest })).close();
  });

  it('an unknown format version is refused with a hint', async () => {
    await (await openFullStore({ dir, network: regtest })).close();
    const path = join(dir, 'format.json');
    const format = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    assert.deepEqual(Object.keys(format), ['format', 'network', 'chainId']);
    await writeFile(path, JSON.stringify({ ...format, format: 99 }));
    await assert.rejects(
      openFullStore({ dir, network: regtest }),
      (error: unknown) => error instanceof UnknownFormatError && /99.*--datadir/.test(error.message),
    );
    for (const junk of ['{"form', 'null', '']) {
      await writeFile(path, junk);
      await assert.rejects(
        openFullStore({ dir, network: regtest }),
        (error: unknown) => error instanceof StoreError && error.kind === 'corrupt' && error.path === path,
      );
    }
  });

  it('says where a directory cannot be made', async () => {
    const file = join(dir, 'file');
    await writeFile(file, '');
    await assert.rejects(
      openFullStore({ dir: join(file, 'below'), network: regtest }),
      (error: unknown) => error instanceof StoreError && error.path.startsWith(file) && error.hint.length > 0,
    );
  });
});

/** Resolves when the child wrote its first line. */
async function ready(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('the child ended early');
  });
  ended.catch(() => undefined);
  await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), ended]);
}
