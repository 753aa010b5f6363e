import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Block, encodeBlock } from '../../src/primitives/block.ts';
import { openFullStore } from '../../src/store/openStores.node.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain } from './setup.ts';

const CHILD = fileURLToPath(new URL('./connectForever.node.ts', import.meta.url));
const ROUNDS = 8;

/** 150 blocks with spends, a branch from 120 that loses, and one from 100 that wins. */
function makeBlocks(): Block[] {
  const base = mineChain({ header: regtest.genesis.header, height: 0 }, 101);
  const out = [...base];
  let at = placeOf(base[100] as Block, 101);
  for (let i = 0; i < 40; i++) {
    const pay = spend([{ tx: coinbaseOf(base[i] as Block), index: 0 }], [{ value: 1000n, scriptPubKey: ANYONE }]);
    const block = mine(at, { txs: i < at.height - 100 ? [pay] : [] });
    out.push(block);
    at = placeOf(block, at.height + 1);
  }
  out.push(...mineChain(placeOf(out[119] as Block, 120), 10));
  out.push(...mineChain(placeOf(out[99] as Block, 100), 60));
  return out;
}

function encodeAll(blocks: readonly Block[]): Uint8Array {
  return Buffer.concat(
    blocks.map((block) => {
      const bytes = encodeBlock(block);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
}

describe('chain: kill -9 while blocks connect', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cairn-kill-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('every restart goes on where the last tip was told, and ends with the coins of a node never killed', async function () {
    this.timeout(60_000);
    const blocks = makeBlocks();
    const file = join(dir, 'blocks');
    await writeFile(file, encodeAll(blocks));
    const datadir = join(dir, 'data');
    let lastHeight = 0;
    let finished = false;
    for (let round = 0; round < ROUNDS && !finished; round++) {
      const child = spawn(process.execPath, [CHILD, datadir, file], { stdio: ['pipe', 'pipe', 'inherit'] });
      const exit = once(child, 'exit');
      let told = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const [word, height] = line.split(' ');
        if (word === 'open') {
          // Nothing told is lost. (A reorganisation may have been under way: its start is no deeper than the fork at 100.)
          assert.ok(Number(height) >= Math.min(lastHeight, 100), `opened at ${height}, told ${lastHeight}`);
          continue;
        }
        finished = word === 'done';
        if (word === 'tip') {
          lastHeight = Number(height);
          told++;
        }
        // Each round is killed later: among the base, the spends, the branches.
        if (finished || told >= 25 * (round + 1)) child.kill('SIGKILL');
      }
      const [, signal] = (await exit) as [number | null, string | null];
      assert.equal(signal, 'SIGKILL', 'the child did not end by itself');
    }
    const twin = await openChain();
    await twin.chain.acceptHeaders(blocks);
    for (const block of blocks) await twin.chain.acceptBlock(block, { requested: true });
    const store = await openFullStore({ dir: datadir, network: regtest });
    try {
      const { chain } = await openChain(undefined, { store });
      for (const block of blocks) await chain.acceptBlock(block, { requested: true });
      assert.equal(chain.tip().header.id, twin.chain.tip().header.id);
      assert.equal(chain.tip().height, 160);
      assert.deepEqual(await coinsOf(store), await coinsOf(twin.store));
      assert.deepEqual(await acceptAll(chain, [mine(chain.tip())]), ['connected']);
    } finally {
      await store.close();
    }
  });
});
