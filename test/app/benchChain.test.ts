import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../src/crypto/hash.ts';
import { CoinSetStats } from '../../src/ledger/coinSetStats.ts';
import { encodeSnapshotHead, SnapshotWriter } from '../../src/ledger/coinSnapshot.ts';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import type { Block } from '../../src/primitives/block.ts';
import { encodeBlock } from '../../src/primitives/block.ts';
import { displayHash } from '../../src/primitives/hash.ts';
import { scriptHashOf, witnessProgramOf } from '../../src/primitives/outputScript.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { toHex } from '../../src/util/hex.ts';
import { readBlocks, writeBlocks } from '../bench/chain/blockFile.ts';
import { connectAll, openChain } from '../bench/chain/openChain.ts';
import type { OwnerKind } from '../bench/chain/owners.ts';
import { regtest } from '../bench/chain/workload.ts';
import { ChainGenerator } from '../bench/generator.ts';

/** Coins, a side branch, payments. */
function make(seed: number, owners: OwnerKind): { main: Block[]; side: Block[] } {
  const generator = new ChainGenerator(regtest(), seed, owners);
  const main = [...generator.fund(1000)];
  const side = [...generator.bury(3)];
  main.push(...generator.pay(2, 60, 80));
  return { main, side };
}

/** Of the coins after `make(1, 'mix').main`, as Bitcoin Core 31.99 printed them: gettxoutsetinfo, SHA-256 of dumptxoutset's file. */
const CORE = {
  tip: '564d7344ac4028712ef880ab9983623644e54dbea6167788f5da1f36e7567f6a',
  sums: { coins: 1208, transactions: 248, bogoSize: 94_700, totalAmount: 519_998_826_314n },
  hash_serialized_3: 'ee5750fca04c4be59a68b64268e3d0f7aae6ea3253338adff51833c5dcf2d17d',
  muhash: 'e830fc938fdde355fa67edc86774d411b6e3a558e550b7da3da0c45c5ede9871',
  file: '6a0a6df44c33d885ac977eb81f382bd03457bea8e2e411955f844dd5e5b6253d',
};

/** How an output can be told from others: witness version and length, or the length of its script. */
function kindOf(script: Uint8Array): string {
  const program = witnessProgramOf(script);
  if (program !== undefined) return `v${program.version} ${program.program.length}`;
  return scriptHashOf(script) === undefined ? `${script.length}` : 'p2sh';
}

describe('app: the chains that benchmarks import', function () {
  this.timeout(30_000);
  let dir: string;
  before(() => {
    usePlatformCrypto();
    dir = mkdtempSync(join(tmpdir(), 'cairn-test-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it('the same seed makes the same bytes, another makes others', () => {
    const bytes = (seed: number): Uint8Array[] => make(seed, 'mix').main.map(encodeBlock);
    assert.deepEqual(bytes(1), bytes(1));
    assert.notDeepEqual(bytes(1), bytes(2));
  });

  it('a mix holds every kind of output, and every rule takes the chain', async () => {
    const { main, side } = make(1, 'mix');
    const paid = new Set(
      main.slice(-2).flatMap(({ txs }) => txs.flatMap(({ outputs }) => outputs.map((o) => kindOf(o.scriptPubKey)))),
    );
    for (const kind of ['v0 20', 'v0 32', 'v1 32', 'p2sh', '25', '105']) assert(paid.has(kind), kind);
    const opened = await openChain(regtest(), join(dir, 'chain'));
    await connectAll(opened.chain, main.map(encodeBlock));
    assert.equal(opened.chain.tip().height, main.length);
    for (const block of side) assert((await opened.chain.acceptBlock(block, { requested: true })).ok);
    await opened.close();
  });

  it('a mix has the coins that Bitcoin Core has: both hashes, every sum, and the bytes of a snapshot', async () => {
    const { chain, close } = await openChain(regtest(), join(dir, 'coins'));
    await connectAll(chain, make(1, 'mix').main.map(encodeBlock));
    const { tip, coins } = await chain.coinsAtTip();
    assert.equal(tip.header.id, CORE.tip);
    const [serialized, mu, writer] = [
      new CoinSetStats('hash_serialized_3'),
      new CoinSetStats('muhash'),
      new SnapshotWriter(),
    ];
    for await (const coin of coins) for (const to of [serialized, mu, writer]) to.add(coin);
    const { hash, ...sums } = serialized.finish();
    assert.deepEqual(sums, CORE.sums);
    assert.equal(displayHash(hash as Uint8Array), CORE.hash_serialized_3);
    assert.equal(displayHash(mu.finish().hash as Uint8Array), CORE.muhash);
    const head = encodeSnapshotHead(regtest().magic, { baseHash: tip.header.hash, coins: BigInt(sums.coins) });
    assert.equal(toHex(sha256(concatBytes(head, writer.take(true)))), CORE.file);
    await close();
  });

  it('blocks that bury start where the next step does', () => {
    const { main, side } = make(1, 'p2wpkh');
    assert.deepEqual(side[0]?.header.prevHash, main.at(-3)?.header.hash);
    assert.deepEqual(main.at(-2)?.header.prevHash, main.at(-3)?.header.hash);
  });

  it("files are Bitcoin's: magic, length, block; what is told of them is what they hold", () => {
    const { main } = make(1, 'p2wpkh');
    const path = join(dir, 'blocks');
    const load = writeBlocks(path, regtest().magic, main);
    const file = readFileSync(path);
    assert.deepEqual(file.subarray(0, 4).toString('hex'), 'fabfb5da');
    assert.equal(load.bytes, file.length);
    assert.equal(load.blocks, main.length);
    assert.equal(load.tip, main.at(-1)?.header.id);
    const inputs = main.flatMap(({ txs }) => txs.slice(1).flatMap((tx) => tx.inputs));
    assert.equal(load.inputs, inputs.length);
    assert.deepEqual(
      Array.from(readBlocks(path), (view) => view.slice()),
      main.map(encodeBlock),
    );
  });
});
