import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finding, findingLine } from '../../src/app/db/findings.ts';
import { type Verified, verifyStore } from '../../src/app/db/verifyStore.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { TxIndex } from '../../src/index/txIndex.ts';
import type { Block } from '../../src/primitives/block.ts';
import { nodeBlockFs } from '../../src/store/blockFsNode.node.ts';
import { encodeCoin } from '../../src/store/coinCodec.ts';
import { openLevelKv, openSummedKv } from '../../src/store/kvLevel.node.ts';
import { MemoryKv } from '../../src/store/kvMemory.ts';
import { nodeFolder } from '../../src/store/level/folderNode.node.ts';
import { readVersion } from '../../src/store/level/manifest.ts';
import { openFullStore } from '../../src/store/openStores.node.ts';
import {
  COIN_COUNT_KEY,
  coinKey,
  PREFIX,
  REBUILD_KEY,
  rangeOf,
  SNAPSHOT_KEY,
  TIP_KEY,
  txKey,
} from '../../src/store/schema.ts';
import { encodeSnapshot } from '../../src/store/snapshotRecord.ts';
import { openTxIndexStore, txIndexFolder } from '../../src/store/txIndexStore.node.ts';
import { Writer } from '../../src/util/codec.ts';
import { toHex } from '../../src/util/hex.ts';
import type { Kv, KvOp } from '../../src/util/ports.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from '../chain/regtestMiner.ts';
import { acceptAll, openChain } from '../chain/setup.ts';

const COIN = 100_000_000n;

describe('app: db verify', function () {
  this.timeout(30_000);
  let dir: string;
  let base: Block[];
  let spending: Block;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cairn-verify-test-'));
    const store = await openFullStore({ dir, network: regtest });
    const { chain } = await openChain(undefined, { store });
    base = mineChain(chain.genesis, 101);
    const at = placeOf(base[100] as Block, 101);
    const outputs = [1n, 2n, 3n].map((n) => ({ value: n * COIN, scriptPubKey: ANYONE }));
    const pay = spend([{ tx: coinbaseOf(base[0] as Block), index: 0 }], outputs);
    const again = spend([{ tx: pay, index: 1 }], [{ value: COIN, scriptPubKey: ANYONE }]);
    spending = mine(at, { txs: [pay, again] });
    await acceptAll(chain, [...base, spending, mine(placeOf(spending, 102)), mine(at)]);
    const index = await openTxIndexStore(dir, false);
    const follower = new TxIndex({ chain, store: index, log: silentLogger, pause: async () => {} });
    follower.start();
    while (!follower.info().synced) await new Promise((resolve) => setImmediate(resolve));
    await follower.close();
    await index.close();
    await chain.close();
    await store.close();
    // Opened once more, so that the database has tables and not only a log.
    await (await openFullStore({ dir, network: regtest })).close();
  });
  after(() => rm(dir, { recursive: true, force: true }));

  async function verify(coins = false): Promise<{ findings: Finding[]; lines: string[]; verified: Verified }> {
    const findings: Finding[] = [];
    const verified = await verifyStore({
      ...{ network: regtest, judge: judgeFor(regtest), nowMs: 1_700_000_000_000 },
      database: nodeFolder(join(dir, 'chain')),
      blocks: nodeBlockFs(join(dir, 'blocks')),
      txindex: nodeFolder(txIndexFolder(dir)),
      found: (finding) => findings.push(finding),
      progress: () => {},
      stopped: () => false,
      ...(coins ? { scratch: new MemoryKv() } : {}),
    });
    return { findings, lines: findings.map(findingLine), verified };
  }

  /** Runs `work` with the file changed, then puts it back. */
  async function withBytes(path: string, change: (bytes: Buffer) => Buffer | undefined, work: () => Promise<void>) {
    const before = await readFile(path);
    const changed = change(Buffer.from(before));
    if (changed === undefined) await rm(path);
    else await writeFile(path, changed);
    try {
      await work();
    } finally {
      await writeFile(path, before);
    }
  }

  /** Runs `work` with records of the database changed by LevelDB itself, so that all its checksums are right. */
  async function withRecords(ops: KvOp[], work: () => Promise<void>, folder = join(dir, 'chain')): Promise<void> {
    const open = folder === join(dir, 'chain') ? openSummedKv : openLevelKv;
    let kv: Kv = await open(folder);
    const before = await kv.getMany(ops.map((op) => op.key));
    await kv.batch(ops, { sync: true });
    await kv.close();
    try {
      await work();
    } finally {
      kv = await open(folder);
      const undo = ops.map(({ key }, i): KvOp => {
        const value = before[i];
        return value === undefined ? { type: 'del', key } : { type: 'put', key, value };
      });
      await kv.batch(undo, { sync: true });
      await kv.close();
    }
  }

  const snapshot = async (): Promise<string[]> => {
    const out: string[] = [];
    for (const folder of ['chain', 'blocks'])
      for (const name of (await readdir(join(dir, folder))).sort())
        out.push(`${name} ${toHex(await readFile(join(dir, folder, name)))}`);
    return out;
  };

  it('takes a chain on a snapshot of coins for what it is', async () => {
    const record = (block: Uint8Array, state: 'unvalidated' | 'refuted'): KvOp => {
      const value = encodeSnapshot({ base: block, coinsHash: new Uint8Array(32), chainTx: 1, state });
      return { type: 'put', key: SNAPSHOT_KEY, value };
    };
    const { hash } = (base[99] as Block).header;
    await withRecords([record(hash, 'unvalidated')], async () => {
      const { lines, verified } = await verify(true);
      assert.deepEqual(lines, []);
      assert.equal(verified.replayed, false, 'nothing to compute the coins from');
      assert.ok(
        verified.notes.includes('the coins come from a snapshot at height 100: the blocks below are not validated'),
      );
    });
    await withRecords([record(hash, 'refuted')], async () =>
      assert.match((await verify()).lines.join(), /the snapshot at height 100 is refuted/),
    );
    await withRecords([record(new Uint8Array(32), 'unvalidated')], async () =>
      assert.match((await verify()).lines.join(), /the snapshot's block 0{64} is not below the tip/),
    );
    await withRecords([{ type: 'put', key: SNAPSHOT_KEY, value: Uint8Array.of(9) }], async () =>
      assert.match((await verify()).lines.join(), /the record of the snapshot: /),
    );
  });

  it('finds nothing wrong with a good store, and changes nothing', async () => {
    const before = await snapshot();
    const { findings, verified } = await verify(true);
    assert.deepEqual(findings, []);
    assert.deepEqual(verified, {
      ...{ headers: 105, bodies: 104, undo: 103, coins: 105, transactions: 106, tip: 103, replayed: true, notes: [] },
    });
    assert.deepEqual(await snapshot(), before);
  });

  it('every flipped bit in a block or undo file is named with file, offset and block', async () => {
    for (const [name, part] of [
      ['blk00000.dat', 'blocks'],
      ['rev00000.dat', 'undo'],
    ] as const) {
      const path = join(dir, 'blocks', name);
      const { length } = await readFile(path);
      for (let i = 0; i < 40; i++) {
        const bit = Math.floor((i * (length * 8 - 1)) / 39);
        const flip = (bytes: Buffer): Buffer => {
          bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
          return bytes;
        };
        await withBytes(path, flip, async () => {
          const { findings, lines } = await verify();
          const [hit] = findings.filter((one) => one.part === part);
          assert.ok(hit !== undefined && hit.path === path, `${name} bit ${bit}: ${lines.join('\n')}`);
          assert.ok(hit.block !== undefined && (hit.offset ?? Number.NaN) <= bit >> 3, lines.join('\n'));
        });
      }
    }
  });

  it('a flipped bit in any file of the database is named, with what stood there', async () => {
    const version = await readVersion(nodeFolder(join(dir, 'chain')), []);
    const inUse = new Set(version?.tables.map(({ number }) => number));
    assert.ok(inUse.size > 0);
    for (const name of await readdir(join(dir, 'chain'))) {
      if (!/\.ldb$|\.log$|^MANIFEST|^CURRENT$/.test(name)) continue;
      // A table that a compaction replaced may be there still: nobody reads it.
      if (name.endsWith('.ldb') && !inUse.has(Number.parseInt(name, 10))) continue;
      const path = join(dir, 'chain', name);
      const { length } = await readFile(path);
      for (let i = 0; i < 10 && length > 0; i++) {
        const at = Math.floor((i * (length - 1)) / 9);
        const flip = (bytes: Buffer): Buffer => {
          bytes[at] = (bytes[at] as number) ^ 0x10;
          return bytes;
        };
        await withBytes(path, flip, async () => {
          const { findings, lines, verified } = await verify();
          const hit = findings.find((one) => one.part === 'database');
          assert.ok(hit !== undefined, `${name} at ${at}`);
          if (name !== 'CURRENT') assert.equal(hit.path, path, lines.join('\n'));
          if (name.endsWith('.ldb') && i < 5) assert.match(hit.detail, /it held records (of|from) /);
          assert.ok(verified.notes.some((note) => /not compared/.test(note)));
        });
      }
    }
  });

  it('files that are missing or cut off are named', async () => {
    const body = join(dir, 'blocks', 'blk00000.dat');
    await withBytes(
      body,
      () => undefined,
      async () => {
        const { lines } = await verify();
        assert.ok(
          lines.some((line) => /blk00000\.dat: offset \d+: block 50 .*file is missing/.test(line)),
          lines[0],
        );
      },
    );
    const undo = join(dir, 'blocks', 'rev00000.dat');
    const cut = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length - 3);
    await withBytes(undo, cut, async () => {
      const { lines } = await verify();
      assert.ok(lines.some((line) => /rev00000\.dat: .*file ends at \d+, the database knows/.test(line)));
      assert.ok(
        lines.some((line) => /rev00000\.dat: .*block 10[234] .*cut off/.test(line)),
        lines.join('\n'),
      );
    });
  });

  it('bytes behind the committed end are a note, not a finding', async () => {
    const longer = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(77)]);
    await withBytes(join(dir, 'blocks', 'blk00000.dat'), longer, async () => {
      const { findings, verified } = await verify();
      assert.deepEqual(findings, []);
      assert.match(verified.notes.join(), /77 bytes behind the committed end of the block files/);
    });
  });

  it('coins that contradict the blocks are named one by one', async () => {
    const spentKey = coinKey({ txid: coinbaseOf(base[0] as Block).txid, index: 0 });
    const goneKey = coinKey({ txid: coinbaseOf(base[5] as Block).txid, index: 0 });
    const otherTxid = coinbaseOf(base[6] as Block).txid;
    const other = { out: { value: 1n, scriptPubKey: ANYONE }, height: 7, coinbase: true };
    const ops: KvOp[] = [
      { type: 'put', key: spentKey, value: encodeCoin(other) },
      { type: 'del', key: goneKey },
      { type: 'put', key: coinKey({ txid: otherTxid, index: 0 }), value: encodeCoin(other) },
    ];
    await withRecords(ops, async () => {
      // The number is right, each coin can be decoded: only the blocks tell.
      assert.deepEqual((await verify()).findings, []);
      const { lines } = await verify(true);
      assert.equal(lines.length, 3, lines.join('\n'));
      for (const pattern of [/never made it, or spent it/, /is missing/, /differs from what the blocks say/])
        assert.ok(
          lines.some((line) => pattern.test(line)),
          lines.join('\n'),
        );
    });
    await withRecords([{ type: 'put', key: goneKey, value: Uint8Array.of(1) }], async () => {
      assert.match((await verify()).lines.join(), /coin .*needs/);
    });
    await withRecords([{ type: 'put', key: COIN_COUNT_KEY, value: new Writer(8).u64(3n).finish() }], async () => {
      assert.match((await verify()).lines.join(), /there are 105 coins, the database counts 3/);
    });
  });

  it('records whose checksums are wrong are named one by one, though the tables are right', async () => {
    const folder = join(dir, 'chain');
    const kv = await openLevelKv(folder);
    const before: KvOp[] = [];
    for (const prefix of [PREFIX.TIP, PREFIX.HEADER, PREFIX.COIN])
      for await (const [key, value] of kv.iterate({ ...rangeOf(prefix), limit: 1 }))
        before.push({ type: 'put', key, value });
    const wrong = before.map((op): KvOp => {
      const value = (op as { value: Uint8Array }).value.slice();
      // The last byte of the checksum: what the record says is right.
      value[value.length - 1] = (value.at(-1) as number) ^ 1;
      return { ...op, type: 'put', value };
    });
    await kv.batch(wrong, { sync: true });
    await kv.close();
    try {
      const { lines, verified } = await verify(true);
      assert.equal(lines.length, 3, lines.join());
      for (const name of ['tip: .*the tip: ', 'headers: .*header [0-9a-f]{64} at height 0: ', 'coins: .*coin '])
        assert.ok(
          lines.some((line) => new RegExp(`^${name}.*checksum is wrong$`).test(line)),
          lines.join(),
        );
      assert.equal(verified.coins, 105, 'all else is looked at, too');
    } finally {
      const again = await openLevelKv(folder);
      await again.batch(before, { sync: true });
      await again.close();
    }
  });

  it('an index that contradicts the blocks is named', async () => {
    const [a, b] = [base[3] as Block, base[4] as Block];
    const [x, y] = [coinbaseOf(a), coinbaseOf(b)];
    const extra = new Uint8Array(32).fill(5);
    await withRecords(
      [
        { type: 'del', key: txKey(x.txid) },
        { type: 'put', key: txKey(y.txid), value: a.header.hash },
        { type: 'put', key: txKey(extra), value: extra },
      ],
      async () => {
        const { lines, verified } = await verify();
        assert.equal(lines.length, 2, lines.join('\n'));
        assert.ok(lines.some((line) => line.includes(`transaction ${x.id}: not in the index`)));
        assert.ok(lines.some((line) => line.includes(`transaction ${y.id}: the index names another block`)));
        assert.match(verified.notes.join(), /1 entries of the transaction index name blocks that are not on the chain/);
      },
      txIndexFolder(dir),
    );
  });

  it('a flipped bit in the database of the index is named, and nothing else is said to be damaged', async () => {
    const folder = txIndexFolder(dir);
    for (const name of (await readdir(folder)).filter((file) => /\.log$|\.ldb$/.test(file))) {
      const flip = (bytes: Buffer): Buffer => {
        if (bytes.length > 0) bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
        return bytes;
      };
      const { length } = await readFile(join(folder, name));
      await withBytes(join(folder, name), flip, async () => {
        const { findings } = await verify();
        assert.deepEqual(
          findings.map(({ part, path }) => [part, path]),
          length > 0 ? [['txindex', join(folder, name)]] : [],
        );
      });
    }
  });

  it('a tip that is no header, and a tip whose coins are another block’s, are told', async () => {
    await withRecords([{ type: 'put', key: TIP_KEY, value: new Uint8Array(32).fill(1) }], async () => {
      assert.match((await verify()).lines.join(), /the tip 0101.* is not among the headers/);
    });
    await withRecords([{ type: 'put', key: TIP_KEY, value: spending.header.hash }], async () => {
      const { lines } = await verify(true);
      assert.ok(
        lines.some((line) => /made at height 103, the coins are those of height 102/.test(line)),
        lines.join('\n'),
      );
    });
  });

  it('a rebuild that was interrupted is no damage', async () => {
    await withRecords(
      [
        { type: 'put', key: REBUILD_KEY, value: Uint8Array.of(3) },
        { type: 'del', key: TIP_KEY },
      ],
      async () => {
        const { findings, verified } = await verify();
        assert.deepEqual(findings, []);
        assert.match(verified.notes.join(), /a rebuild was interrupted/);
      },
    );
  });

  it('stops when asked', async () => {
    let asked = 0;
    const verified = await verifyStore({
      ...{ network: regtest, judge: judgeFor(regtest), nowMs: 1_700_000_000_000 },
      database: nodeFolder(join(dir, 'chain')),
      blocks: nodeBlockFs(join(dir, 'blocks')),
      found: () => assert.fail('nothing is wrong'),
      progress: () => {},
      stopped: () => ++asked > 20,
    });
    assert.ok(verified.headers < 105);
  });
});
