import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import type { Block } from '../../src/primitives/block.ts';
import { encodeBlock } from '../../src/primitives/block.ts';
import { scriptHashOf, witnessProgramOf } from '../../src/primitives/outputScript.ts';
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
