import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import type { Block } from '../../src/primitives/block.ts';
import { type Load, writeBlocks } from '../bench/chain/blockFile.ts';
import { regtest } from '../bench/chain/workload.ts';
import { ChainGenerator } from '../bench/generator.ts';
import { runCairn, startCairn } from './cairnCommand.ts';
import { Cluster } from './cluster.ts';
import type { TestNode } from './nodeProcess.ts';
import { sleep, until } from './wait.ts';

/** So many coins do not fit into half of the least cache: flushes run in the background while blocks connect. */
const COINS = 60_000;
const LEAST_CACHE = ['--dbcache', '4'];
/** Blocks of payments on top, and payments in each. */
const PAYMENTS = { blocks: 300, min: 2, max: 12 };
/** From the start of a process to its end, in milliseconds: from before anything is open until about when it is done. */
const IMPORT_LIFE = [200, 1800] as const;
const DOWNLOAD_LIFE = [400, 5000] as const;

function* chain(): Generator<Block> {
  const generator = new ChainGenerator(regtest(), 4);
  yield* generator.fund(COINS);
  yield* generator.pay(PAYMENTS.blocks, PAYMENTS.min, PAYMENTS.max);
}

const anyOf = ([min, max]: readonly [number, number]): number => min + Math.random() * (max - min);

/** Tip and fingerprint of all coins; Bitcoin Core's definition. */
async function coinsOf(node: TestNode): Promise<unknown> {
  const { bestblock, txouts, hash_serialized_3 } = await node.rpc<Record<string, unknown>>('gettxoutsetinfo');
  return { bestblock, txouts, hash_serialized_3 };
}

/** Kills imports and first downloads `kills` times each, and compares what comes out with a node that was never killed. */
export function describeDownloadKills(kills: number): void {
  describe(`kill -9 at random moments, ${kills} times each, until every block is there`, function () {
    this.timeout(120_000 + kills * 30_000);
    let cluster: Cluster;
    let load: Load;
    let file: string;
    let twin: TestNode;
    let coins: unknown;
    const importInto = (dir: string): string[] => [
      ...['blocks', 'import', '--datadir', dir, '--network', 'regtest', ...LEAST_CACHE, file],
    ];
    const verify = (dir: string) => runCairn(['db', 'verify', '--datadir', dir, '--network', 'regtest']);

    before(async () => {
      usePlatformCrypto();
      cluster = new Cluster('regtest');
      file = join(cluster.dir, 'chain.dat');
      load = writeBlocks(file, regtest().magic, chain());
      twin = await cluster.add('twin', 'full');
      const { code, err } = await runCairn(importInto(twin.options.dir));
      assert.equal(code, 0, err);
      await twin.start();
      assert.equal(await twin.tip(), load.tip);
      coins = await coinsOf(twin);
    });
    after(() => cluster.end());

    it('cairn blocks import goes on where it was killed, with the same coins in the end', async () => {
      let left = kills;
      let completed = 0;
      for (let round = 0; left > 0; round++) {
        const node = await cluster.add(`import${round}`, 'full');
        const { dir } = node.options;
        for (let done = false; !done; ) {
          const { child, ended } = startCairn(importInto(dir));
          if (left > 0) {
            const outlived = await Promise.race([ended.then(() => true), sleep(anyOf(IMPORT_LIFE)).then(() => false)]);
            if (!outlived) child.kill('SIGKILL');
          }
          const { code, err } = await ended;
          done = code === 0;
          assert.ok(done || code === 'SIGKILL', `${code}: ${err}`);
          if (!done) left--;
        }
        completed++;
        await node.start();
        assert.deepEqual(await coinsOf(node), coins);
        assert.equal(await node.stop(), 0);
        const verified = await verify(dir);
        assert.equal(verified.code, 0, verified.err);
        rmSync(dir, { recursive: true });
      }
      assert.ok(completed > 0);
    });

    it('a first download goes on where the node was killed, with the same coins in the end', async () => {
      const seeds = [await twin.multiaddr()];
      let left = kills;
      for (let round = 0; left > 0; round++) {
        const node = await cluster.add(`download${round}`, 'full', { seeds, flags: LEAST_CACHE });
        const { dir } = node.options;
        let had = 0;
        const height = (): Promise<number | undefined> => node.height().catch(() => undefined);
        while (left > 0 && had < load.blocks) {
          node.spawn();
          const end = Date.now() + anyOf(DOWNLOAD_LIFE);
          while (Date.now() < end) {
            const now = await height();
            // What RPC told of before the kill is there after it.
            assert.ok(now === undefined || now >= had, `came back at ${now}, had ${had}`);
            had = now ?? had;
            await sleep(50);
          }
          assert.equal(await node.stop('SIGKILL'), 'SIGKILL', node.output.slice(-2000));
          left--;
        }
        await node.start();
        await until('the whole chain', 60_000, async () => (await node.tip()) === load.tip);
        assert.deepEqual(await coinsOf(node), coins);
        assert.equal(await node.stop(), 0);
        const verified = await verify(dir);
        assert.equal(verified.code, 0, verified.err);
        rmSync(dir, { recursive: true });
      }
    });
  });
}
