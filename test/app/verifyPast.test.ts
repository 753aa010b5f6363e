import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finding, findingLine } from '../../src/app/db/findings.ts';
import { type Verified, verifyStore } from '../../src/app/db/verifyStore.ts';
import { PastValidation } from '../../src/chain/pastValidation.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { passed } from '../../src/primitives/rules.ts';
import { nodeBlockFs } from '../../src/store/blockFsNode.node.ts';
import { encodeCoin } from '../../src/store/coinCodec.ts';
import { encodeFlushMarker } from '../../src/store/flushMarker.ts';
import { openSummedKv } from '../../src/store/kvLevel.node.ts';
import { MemoryKv } from '../../src/store/kvMemory.ts';
import { nodeFolder } from '../../src/store/level/folderNode.node.ts';
import { openFullStore, openPastCoins } from '../../src/store/openStores.node.ts';
import { COIN_COUNT_KEY, coinKey, FLUSHING_KEY, SNAPSHOT_KEY, TIP_KEY } from '../../src/store/schema.ts';
import { encodeSnapshot } from '../../src/store/snapshotRecord.ts';
import type { KvOp } from '../../src/util/ports.ts';
import { coinbaseOf, regtest } from '../chain/regtestMiner.ts';
import { acceptAll, openChain } from '../chain/setup.ts';
import { BASE, load, OWN, type Story, tellStory } from '../chain/snapshotStory.ts';

/** The past is connected up to here. */
const REACHED = 60;

describe('app: db verify of a node on a snapshot', function () {
  this.timeout(60_000);
  let dir: string;
  let story: Story;
  const chainDir = (): string => join(dir, 'chain');
  const pastDir = (): string => join(dir, 'past');

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cairn-verify-past-'));
    story = await tellStory();
    const store = await openFullStore({ dir, network: regtest });
    const node = await openChain(undefined, { store });
    const { chain } = node;
    await acceptAll(chain, story.blocks.slice(0, OWN));
    await chain.acceptHeaders(story.blocks);
    await load(node, story);
    for (const block of story.blocks.slice(OWN, REACHED)) await chain.acceptBlock(block, { requested: true });
    const coins = await openPastCoins({ dir, start: 'fresh', cacheBytes: 4096, syncChain: () => store.sync() });
    const past = await PastValidation.open({
      ...{ network: regtest, snapshot: chain.snapshot, coins, files: store },
      scripts: { check: async () => passed(undefined) },
      entry: (hash) => chain.entry(hash),
      readBlock: (entry) => chain.readBlock(entry),
      pause: async () => {},
    });
    assert.ok(past !== undefined);
    const run = past.run();
    const connected = (async () => {
      while (past.tip.height < REACHED) await new Promise((resolve) => setImmediate(resolve));
    })();
    // Whichever comes first: a run that fails is told.
    await Promise.race([run, connected]);
    past.stop();
    await run;
    await coins.close();
    await chain.close();
    await store.close();
  });
  after(() => rm(dir, { recursive: true, force: true }));

  async function verify(): Promise<{ findings: Finding[]; lines: string[]; verified: Verified }> {
    const findings: Finding[] = [];
    const verified = await verifyStore({
      ...{ network: regtest, judge: judgeFor(regtest), nowMs: 1_700_000_000_000 },
      database: nodeFolder(chainDir()),
      past: nodeFolder(pastDir()),
      blocks: nodeBlockFs(join(dir, 'blocks')),
      found: (finding) => findings.push(finding),
      progress: () => {},
      stopped: () => false,
      scratch: new MemoryKv(),
    });
    return { findings, lines: findings.map(findingLine), verified };
  }

  /** Runs `work` with records of a database changed, then puts its files back. */
  async function withRecords(path: string, ops: readonly KvOp[], work: () => Promise<void>): Promise<void> {
    const files = await Promise.all(
      (await readdir(path)).map(async (name) => [join(path, name), await readFile(join(path, name))] as const),
    );
    const kv = await openSummedKv(path);
    await kv.batch(ops, { sync: true });
    await kv.close();
    try {
      await work();
    } finally {
      await rm(path, { recursive: true });
      await (await openSummedKv(path)).close();
      for (const name of await readdir(path)) await rm(join(path, name));
      for (const [name, bytes] of files) await writeFile(name, bytes);
    }
  }
  const finds = (path: string, op: KvOp, expected: RegExp): Promise<void> =>
    withRecords(path, [op], async () => {
      const { findings, lines } = await verify();
      assert.match(lines.join('\n'), expected);
      assert.ok(findings.every(({ part }) => part === 'past'));
    });
  const notes = (path: string, op: KvOp, expected: RegExp, ...more: KvOp[]): Promise<void> =>
    withRecords(path, [op, ...more], async () => {
      const { lines, verified } = await verify();
      assert.deepEqual(lines, []);
      assert.match(verified.notes.join('\n'), expected);
      assert.equal(verified.past, undefined);
    });

  it('computes the coins below the snapshot from the blocks, and finds nothing wrong', async () => {
    const { lines, verified } = await verify();
    assert.deepEqual(lines, []);
    assert.deepEqual(verified.past, { tip: REACHED, coins: REACHED, replayed: true });
    assert.equal(verified.tip, BASE);
    assert.equal(verified.replayed, false);
  });

  it('names flipped bits in any file of past/ that counts', async () => {
    const current = (await readFile(join(pastDir(), 'CURRENT'), 'utf8')).trim();
    const names = (await readdir(pastDir())).filter((name) => /\.(ldb|log)$/.test(name) || name === current);
    let flipped = 0;
    for (const name of names) {
      const path = join(pastDir(), name);
      const good = await readFile(path);
      for (let at = 8; at < good.length; at += Math.ceil(good.length / 5)) {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] as number) ^ 4;
        await writeFile(path, bad);
        const { findings } = await verify();
        assert.ok(
          findings.some((finding) => finding.part === 'past' && finding.path.startsWith(pastDir())),
          `${name}, byte ${at}`,
        );
        assert.ok(findings.every(({ part }) => part === 'past'));
        flipped++;
      }
      await writeFile(path, good);
    }
    assert.ok(flipped >= 5);
  });

  it('names coins that are not those of the blocks, and records that contradict the chain', async () => {
    const outpoint = { txid: coinbaseOf(story.blocks[10] as Story['blocks'][number]).txid, index: 0 };
    const key = coinKey(outpoint);
    const coin = { out: { value: 1n, scriptPubKey: Uint8Array.of(0x51) }, height: 11, coinbase: true };
    await finds(pastDir(), { type: 'put', key, value: encodeCoin(coin) }, /differs from what the blocks say/);
    await finds(pastDir(), { type: 'put', key, value: Uint8Array.of(0xff) }, /coin [0-9a-f]{64}:0: /);
    await finds(pastDir(), { type: 'del', key }, /there are 59 coins, the database counts 60/);
    await finds(pastDir(), { type: 'put', key: TIP_KEY, value: new Uint8Array(32) }, /not below the snapshot's/);
    const { hash } = (story.blocks[REACHED] as Story['blocks'][number]).header;
    await finds(pastDir(), { type: 'put', key: TIP_KEY, value: hash }, /below its coins, but its status is header/);
    await finds(pastDir(), { type: 'put', key: COIN_COUNT_KEY, value: Uint8Array.of(1) }, /coin count/);
  });

  it('notes what the next start sets right', async () => {
    const { hash } = (story.blocks[REACHED - 1] as Story['blocks'][number]).header;
    const marker = encodeFlushMarker({ from: hash, to: hash, count: 60n });
    await notes(pastDir(), { type: 'put', key: FLUSHING_KEY, value: marker }, /being written when the node was killed/);
    await notes(pastDir(), { type: 'del', key: COIN_COUNT_KEY }, /written by an earlier version/);
    await notes(pastDir(), { type: 'del', key: TIP_KEY }, /not begun yet/);
    const base = (story.blocks[BASE - 1] as Story['blocks'][number]).header.hash;
    const value = encodeSnapshot({ base, coinsHash: story.hash, chainTx: 1, state: 'loading' });
    // The tip is the one from before until everything is loaded.
    const before = (story.blocks[OWN - 1] as Story['blocks'][number]).header.hash;
    const tip: KvOp = { type: 'put', key: TIP_KEY, value: before };
    await notes(chainDir(), { type: 'put', key: SNAPSHOT_KEY, value }, /being loaded when the node ended/, tip);
  });
});
