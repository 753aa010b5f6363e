import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnknownFormatError } from '../../src/store/errors.ts';
import { openLevelKv } from '../../src/store/kvLevel.node.ts';
import { canMigrate } from '../../src/store/migrate.node.ts';
import { openDatadir } from '../../src/store/openDatadir.node.ts';
import { openFullStore } from '../../src/store/openStores.node.ts';
import { FORMAT_VERSION, PREFIX, rangeOf, txKey } from '../../src/store/schema.ts';
import { fromHex } from '../../src/util/hex.ts';
import { mine, regtest } from '../chain/regtestMiner.ts';
import { acceptAll, coinsOf, openChain } from '../chain/setup.ts';
import format1 from './format1.json' with { type: 'json' };

/** A data directory as format 1 wrote it: six blocks, one of them on a branch that lost, and the index. */
async function writeFormat1(dir: string): Promise<void> {
  await mkdir(join(dir, 'blocks'), { recursive: true });
  await writeFile(join(dir, 'format.json'), JSON.stringify(format1.format));
  for (const [name, content] of Object.entries(format1.files))
    await writeFile(join(dir, 'blocks', name), fromHex(content));
  const kv = await openLevelKv(join(dir, 'chain'));
  const records = Object.entries(format1.records);
  await kv.batch(
    records.map(([key, value]) => ({ type: 'put', key: fromHex(key), value: fromHex(value) }) as const),
    { sync: true },
  );
  await kv.close();
}

describe('store: formats', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cairn-format-'));
    await writeFormat1(dir);
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const indexEntries = async (): Promise<number> => {
    const kv = await openLevelKv(join(dir, 'chain'));
    let count = 0;
    for (const prefix of [PREFIX.TX, PREFIX.TXINDEX_STATE, PREFIX.INDEX_LOW])
      for await (const _ of kv.iterate(rangeOf(prefix))) count++;
    await kv.close();
    return count;
  };
  const formatNow = async (): Promise<unknown> =>
    (JSON.parse(await readFile(join(dir, 'format.json'), 'utf8')) as { format: unknown }).format;

  it('a directory of format 1 is brought to this one, with its chain and coins, and told', async () => {
    assert.ok((await indexEntries()) > 5);
    const told: string[] = [];
    const migrating = { tell: (message: string): void => void told.push(message) };
    const store = await openFullStore({ dir, network: regtest, migrating });
    const { chain } = await openChain(undefined, { store });
    assert.equal(chain.tip().header.id, format1.tip);
    assert.equal(chain.tip().height, 5);
    assert.equal((await coinsOf(store)).length, 5);
    for (let height = 0; height <= 5; height++) assert.ok(await chain.readBlock(chain.atHeight(height) as never));
    await chain.invalidateBlock(chain.atHeight(4) as never);
    assert.equal(chain.tip().height, 4);
    assert.deepEqual(await acceptAll(chain, [mine(chain.tip())]), ['connected']);
    await chain.close();
    await store.close();
    assert.match(told[0] ?? '', /from format 1 to 2: the transaction index/);
    assert.equal(await formatNow(), FORMAT_VERSION);
    assert.equal(await indexEntries(), 0);
    // Once is enough.
    told.length = 0;
    await (await openFullStore({ dir, network: regtest, migrating })).close();
    assert.deepEqual(told, []);
  });

  it('a crash between the work and the new number leaves a directory that is brought to it again', async () => {
    const migrating = { tell: (): void => {} };
    await (await openDatadir(dir, regtest, migrating)).close();
    await writeFile(join(dir, 'format.json'), JSON.stringify(format1.format));
    await (await openDatadir(dir, regtest, migrating)).close();
    assert.equal(await formatNow(), FORMAT_VERSION);
  });

  it('put off, it is done when asked for; asked to stop, it is left to the next start', async () => {
    const kv = await openLevelKv(join(dir, 'chain'));
    const ops = Array.from({ length: 25_000 }, (_, i) => {
      const key = txKey(new Uint8Array(new BigUint64Array([BigInt(i), 0n, 0n, 0n]).buffer));
      return { type: 'put', key, value: new Uint8Array(32) } as const;
    });
    await kv.batch(ops, { sync: true });
    await kv.close();
    const held = await openDatadir(dir, regtest, 'later');
    assert.equal(await formatNow(), 1);
    const stop = AbortSignal.abort(new Error('asked to stop'));
    await assert.rejects(held.migrate({ stop, tell: () => {} }), /asked to stop/);
    assert.equal(await formatNow(), 1);
    assert.ok((await indexEntries()) > 10_000);
    await held.close();
    const again = await openDatadir(dir, regtest, 'later');
    await again.migrate({ tell: () => {} });
    await again.close();
    assert.equal(await formatNow(), FORMAT_VERSION);
    assert.equal(await indexEntries(), 0);
  });

  it('who changes nothing refuses an older format and says what to do', async () => {
    await assert.rejects(
      openDatadir(dir, regtest),
      (error: unknown) =>
        error instanceof UnknownFormatError && error.exitCode === 78 && /Start the node once/.test(error.message),
    );
    assert.equal(await formatNow(), 1);
  });

  it('formats of the future, of the time before the first, and none are unknown', async () => {
    for (const format of [FORMAT_VERSION + 1, 0, '1', null, undefined, 1.5]) {
      assert.equal(canMigrate(format, FORMAT_VERSION), false);
      await writeFile(join(dir, 'format.json'), JSON.stringify({ ...format1.format, format }));
      await assert.rejects(
        openDatadir(dir, regtest, { tell: () => {} }),
        (error: unknown) => error instanceof UnknownFormatError && /Use the version that wrote it/.test(error.message),
      );
    }
  });
});
