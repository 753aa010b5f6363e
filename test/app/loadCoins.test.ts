import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoinWalks } from '../../src/app/coinset/coinWalks.ts';
import { type LoadOutcome, loadCoins } from '../../src/app/coinset/loadCoins.node.ts';
import { SnapshotCutError } from '../../src/chain/snapshotBase.ts';
import { CoinSetStats } from '../../src/ledger/coinSetStats.ts';
import { encodeSnapshotHead, SNAPSHOT_HEAD_BYTES, SnapshotWriter } from '../../src/ledger/coinSnapshot.ts';
import type { AssumedCoins } from '../../src/params/network.ts';
import { displayHash } from '../../src/primitives/hash.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { regtest } from '../chain/regtestMiner.ts';
import { acceptAll, coinsOf, openChain, type TestChain } from '../chain/setup.ts';
import { coreRegtestBlocks, coreRegtestCoins } from '../support/coreRegtest.ts';

describe('loading a snapshot of coins', () => {
  const blocks = coreRegtestBlocks(100, true);
  const base = blocks[99] as (typeof blocks)[number];
  const coins = coreRegtestCoins(blocks);
  const writer = new SnapshotWriter();
  for (const coin of coins) writer.add(coin);
  const body = writer.take(true);
  const file = concatBytes(encodeSnapshotHead(regtest.magic, { baseHash: base.header.hash, coins: 100n }), body);
  const assumed: AssumedCoins = {
    height: 100,
    block: base.header.id,
    // Bitcoin Core's functional test names it.
    hash: 'd4453995f4f20db7bb3a604afd10d7128e8ee11159cde56d5b2fd7f55be7c74c',
    chainTx: 101,
  };
  let folder: string;
  let files = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-load-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const quiet = { clock: { monotonicMs: () => 0 }, log: silentLogger, lackFor: async () => undefined };

  interface Options {
    readonly bytes?: Uint8Array;
    readonly assumed?: readonly AssumedCoins[];
    readonly poolBusy?: () => boolean;
    readonly headers?: boolean;
    readonly lifetime?: Lifetime;
    readonly walks?: CoinWalks;
    readonly lackFor?: (coins: number) => Promise<string | undefined>;
  }

  /** A new node with all headers and the first three blocks tries to load the file. */
  async function loading(options: Options = {}): Promise<{ node: TestChain; outcome: LoadOutcome; path: string }> {
    const node = await openChain();
    await acceptAll(node.chain, blocks.slice(0, 3));
    if (options.headers !== false) await node.chain.acceptHeaders(blocks);
    const path = join(folder, `${files++}.dat`);
    await writeFile(path, options.bytes ?? file);
    const walks = options.walks ?? new CoinWalks(async () => {}, options.lifetime ?? new Lifetime());
    const outcome = await loadCoins(
      {
        ...{ chain: node.chain, walks, magic: regtest.magic },
        assumed: options.assumed ?? [assumed],
        poolBusy: options.poolBusy ?? (() => false),
        ...quiet,
        ...(options.lackFor && { lackFor: options.lackFor }),
      },
      path,
    );
    return { node, outcome, path };
  }

  /** It must be refused, and the node be as before. */
  async function refuses(options: Options, reason: string, detail: RegExp): Promise<void> {
    const { node, outcome } = await loading(options);
    assert.ok(!outcome.ok, 'refused');
    assert.equal(outcome.reason, reason);
    assert.match(outcome.detail, detail);
    assert.equal(node.chain.halted, undefined);
    assert.equal(node.chain.tip().height, 3);
    assert.equal((await coinsOf(node.store)).length, 3);
    assert.equal(await node.store.snapshot(), undefined);
  }

  it('puts the node on the base block with the coins of the file', async () => {
    const { node, outcome } = await loading();
    assert.ok(outcome.ok);
    assert.equal(outcome.value.coins, 100);
    assert.equal(outcome.value.base, node.chain.tip());
    assert.equal(node.chain.tip().header.id, base.header.id);
    const twin = await openChain();
    await acceptAll(twin.chain, blocks);
    assert.deepEqual(await coinsOf(node.store), await coinsOf(twin.store));
    assert.equal(node.chain.snapshot.chainTx, 101);
  });

  it('needs somebody who vouches for the hash of its coins', async () => {
    await refuses({ assumed: [] }, 'refused', /not recognized \(hash: 6885775f/);
    const other = { ...assumed, block: '11'.repeat(32), height: 7 };
    await refuses({ assumed: [other] }, 'refused', /The following snapshot heights are available: 7\.$/);
    const hash = `0${assumed.hash.slice(1)}`;
    const expected = new RegExp(`Bad snapshot content hash: expected ${hash}, got ${assumed.hash}`);
    await refuses({ assumed: [{ ...assumed, hash }] }, 'refused', expected);
    await refuses({ assumed: [{ ...assumed, height: 99 }] }, 'refused', /is at height 100, not 99/);
  });

  it('needs the header of its block, and a pool without transactions', async () => {
    await refuses({ headers: false }, 'refused', /The base block header \(6885775f.*must appear in the headers chain/);
    await refuses({ poolBusy: () => true }, 'refused', /mempool not empty/);
    let asked = 0;
    await refuses({ poolBusy: () => asked++ > 0 }, 'refused', /mempool not empty/);
    assert.equal(asked, 2, 'asked again when the file had been read');
  });

  it('changes nothing when any byte of the file is another', async () => {
    for (let at = SNAPSHOT_HEAD_BYTES - 8; at < file.length; at += 37) {
      const bytes = file.map((byte, i) => (i === at ? byte ^ 0x04 : byte));
      await refuses({ bytes }, 'refused', /bad snapshot after|Bad snapshot content hash/);
    }
    await refuses({ bytes: file.slice(0, -1) }, 'refused', /bad snapshot after 99 coins/);
    await refuses({ bytes: concatBytes(file, file) }, 'refused', /bytes are left over/);
  }).timeout(20_000);

  it('tells what is no snapshot of this network', async () => {
    await refuses({ bytes: new Uint8Array(0) }, 'malformed', /does not begin/);
    await refuses({ bytes: file.map((byte, i) => (i === 7 ? 0 : byte)) }, 'malformed', /another network/);
    await refuses({ bytes: file.slice(0, 50) }, 'malformed', /number of coins/);
    const walks = new CoinWalks(async () => {}, new Lifetime());
    const { chain } = await openChain();
    const parts = { chain, walks, magic: regtest.magic, assumed: [assumed], poolBusy: () => false, ...quiet };
    const outcome = await loadCoins(parts, join(folder, 'nowhere'));
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'cannot-open');
  });

  it('begins nothing that the disk has no room for', async () => {
    const lackFor = async (coins: number): Promise<string> => `no room for ${coins} coins`;
    await refuses({ lackFor }, 'refused', /^no-disk-space: no room for 100 coins$/);
  });

  it('ends when the node stops', async () => {
    const lifetime = new Lifetime();
    await lifetime.close();
    await refuses({ lifetime }, 'stopping', /^stopped by order; nothing was changed$/);
  });

  it('says what becomes of the coins when the node stops while they are replaced', async () => {
    let looks = 0;
    const walks = {
      run: (job: () => Promise<unknown>) => job(),
      // Twice while the file is read for its hash, then when it is read again.
      get stopping() {
        return ++looks > 2;
      },
    } as unknown as CoinWalks;
    const { node, outcome } = await loading({ walks });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'stopping');
    assert.match(outcome.detail, /ended in the middle: stopped by order\. The next start drops what was loaded/);
    assert.ok(node.chain.halted?.cause instanceof SnapshotCutError);
    assert.equal((await node.store.snapshot())?.state, 'loading');
  });

  it('demands the hash again of what is loaded: a file that changed meanwhile halts the chain', async () => {
    // Read once to see that it is good, then written over before it is read to be loaded.
    let asked = 0;
    const path = (): string => join(folder, `${files - 1}.dat`);
    const { writeFileSync } = await import('node:fs');
    const stats = new CoinSetStats('hash_serialized_3');
    for (const coin of coins) stats.add(coin);
    assert.equal(displayHash(stats.finish().hash as Uint8Array), assumed.hash);
    const bent = file.map((byte, i) => (i === file.length - 1 ? byte ^ 1 : byte));
    const change = (): boolean => {
      if (++asked === 2) writeFileSync(path(), bent);
      return false;
    };
    const { node, outcome } = await loading({ poolBusy: change });
    assert.ok(!outcome.ok);
    assert.match(outcome.detail, /Bad snapshot content hash/);
    assert.notEqual(node.chain.halted, undefined);
  });
});
