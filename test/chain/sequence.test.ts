import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChainManager } from '../../src/chain/chainManager.ts';
import { inlineScriptChecker } from '../../src/chain/scriptCheckerInline.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import type { Network } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import { type Block, decodeBlock } from '../../src/primitives/block.ts';
import { reasonOf } from '../../src/primitives/rules.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import type { KvChainStore } from '../../src/store/chainStore.node.ts';
import { openFullStore } from '../../src/store/openStores.node.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { fromHex } from '../../src/util/hex.ts';
import { vectorJson, vectorText } from '../support/vectors.ts';
import { coinsOf } from './setup.ts';

/** A chain as a full node runs it: LevelDB and block files in `dir`, the real interpreter. */
async function openReal(dir: string, network: Network, nowMs: number) {
  const store: KvChainStore = await openFullStore({ dir, network });
  const chain = await ChainManager.open({
    network,
    judge: judgeFor(network),
    store,
    scripts: inlineScriptChecker({ verify: verifyScript, pause: async () => {} }),
    clock: { nowMs: () => nowMs },
    evidence: { keep: async (_block, reason) => assert.fail(reason) },
  });
  return {
    chain,
    store,
    close: async () => {
      await chain.close();
      await store.close();
    },
  };
}

type RealChain = Awaited<ReturnType<typeof openReal>>;

/** What a peer or `submitblock` would be told: nothing, or Bitcoin Core's reason and details. */
async function submit({ chain }: RealChain, hex: string): Promise<string | undefined> {
  let block: Block;
  try {
    block = decodeBlock(fromHex(hex));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return `malformed, ${error.message}`;
  }
  const verdict = await chain.acceptBlock(block, { requested: true });
  return verdict.ok ? undefined : `${reasonOf(verdict)}, ${verdict.detail}`;
}

/** The active chain's blocks connected one after another on another disk give the same coins. */
async function assertSameAsStraight(real: RealChain, dir: string, network: Network, nowMs: number): Promise<void> {
  const straight = await openReal(dir, network, nowMs);
  for (let height = 1; height <= real.chain.tip().height; height++) {
    const entry = real.chain.atHeight(height);
    const block = entry === undefined ? undefined : await real.chain.readBlock(entry);
    assert.ok(block);
    const verdict = await straight.chain.acceptBlock(block, { requested: true });
    assert.ok(verdict.ok && verdict.value.result === 'connected', `height ${height}`);
  }
  assert.equal(await straight.store.coinCount(), await real.store.coinCount());
  assert.deepEqual(await coinsOf(straight.store), await coinsOf(real.store));
  await straight.close();
}

interface Sequence {
  readonly params: Readonly<
    Record<'bip34Height' | 'bip65Height' | 'bip66Height' | 'csvHeight' | 'segwitHeight' | 'clock', number>
  >;
  readonly steps: readonly {
    readonly op: string;
    readonly what: string;
    readonly blocks: readonly { readonly hash: string; readonly hex: string }[];
    readonly advances: boolean;
    readonly reject: string | null;
    readonly tip: string;
  }[];
}

describe('chain: published block sequences on disk with real scripts', () => {
  let dir: string;
  let real: RealChain | undefined;
  before(() => usePlatformCrypto());
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cairn-sequence-'));
  });
  afterEach(async () => {
    await real?.close();
    real = undefined;
    rmSync(dir, { recursive: true, force: true });
  });

  it("Bitcoin Core's feature_block: the same tips and reasons step by step", async function () {
    this.timeout(120_000);
    const { params: p, steps } = vectorJson<Sequence>(this, 'sequences/core-feature_block-1-60.json.gz');
    const regtest = builtInNetwork('regtest') as Network;
    const heights = {
      bip34: p.bip34Height,
      bip65: p.bip65Height,
      bip66: p.bip66Height,
      csv: p.csvHeight,
      segwit: p.segwitHeight,
      taproot: 0,
    };
    const network: Network = { ...regtest, consensus: { ...regtest.consensus, heights } };
    const nowMs = p.clock * 1000;
    real = await openReal(join(dir, 'a'), network, nowMs);
    const scriptReasons = new Set<string>();
    for (const [i, step] of steps.entries()) {
      assert.equal(step.op, 'blocks', `step ${i} has an operation this runner knows`);
      let told: string | undefined;
      for (const { hex } of step.blocks) told = (await submit(real, hex)) ?? (step.reject === null ? told : undefined);
      const at = `step ${i} (${step.what}): ${told}`;
      assert.equal(real.chain.tip().header.id, step.tip, at);
      if (step.reject !== null) assert.ok(told?.includes(step.reject), `${at} should tell ${step.reject}`);
      if (step.advances) assert.equal(told, undefined, at);
      if (told?.startsWith('block-script-verify-flag-failed ('))
        scriptReasons.add(told.slice(0, told.indexOf(')') + 1));
    }
    assert.equal(steps.length, 60);
    assert.equal(scriptReasons.size, 4);

    // A node that starts again stands where it stood, and every block it refused it refuses again.
    const tip = real.chain.tip().header.id;
    await real.close();
    real = await openReal(join(dir, 'a'), network, nowMs);
    assert.equal(real.chain.tip().header.id, tip);
    for (const step of steps.filter((s) => s.reject !== null))
      for (const { hex } of step.blocks.slice(-1)) assert.notEqual(await submit(real, hex), undefined, step.what);
    assert.equal(real.chain.tip().header.id, tip);
    await assertSameAsStraight(real, join(dir, 'b'), network, nowMs);
  });

  it("btcd's reorganisation on Bitcoin's main chain: real work on both branches, spends of a coin that never was", async function () {
    this.timeout(60_000);
    const text = vectorText(this, 'sequences/btcd-reorgtest.hex');
    const blocks = new Map<string, Block>();
    for (const part of text.split(/^Block /m).slice(1)) {
      const [name = '', rest = ''] = part.split(':\n', 2);
      const hex = rest.replace(/File path.*/s, '').replace(/[^0-9a-f]/g, '');
      // Magic and length come first, as in block files.
      blocks.set(name, decodeBlock(fromHex(hex.slice(16))));
    }
    assert.deepEqual([...blocks.keys()], ['0', '1', '2', '3', '4', '3A', '4A', '5A']);
    const block = (name: string): Block => blocks.get(name) as Block;
    const network = builtInNetwork('bitcoin-main') as Network;
    assert.equal(block('0').header.id, network.genesis.header.id);
    real = await openReal(join(dir, 'a'), network, 1_700_000_000_000);
    const { chain } = real;
    const told = async (name: string): Promise<string> => {
      const verdict = await chain.acceptBlock(block(name), { requested: true });
      return verdict.ok ? verdict.value.result : reasonOf(verdict);
    };
    const headers = async (...names: string[]): Promise<string | undefined> => {
      const { error } = await chain.acceptHeaders(names.map((n) => ({ header: block(n).header, seal: block(n).seal })));
      assert.equal(error, undefined);
      return chain.bestHeader().header.id;
    };
    assert.equal(await headers('1', '2', '3', '4'), block('4').header.id);
    assert.equal(await headers('3A', '4A'), block('4').header.id, 'no more work than the first seen');
    assert.equal(await headers('5A'), block('5A').header.id);
    // Every body passes what needs no coins, so those without their ancestors' bodies are kept.
    for (const name of ['3', '4', '3A', '4A', '5A']) assert.equal(await told(name), 'stored', name);
    assert.equal(await told('1'), 'connected');
    assert.equal(await told('2'), 'bad-txns-inputs-missingorspent');
    assert.equal(chain.tip().header.id, block('1').header.id);
    assert.equal(chain.bestHeader().header.id, block('1').header.id);
    for (const name of ['4', '5A']) assert.equal(chain.entry(block(name).header.hash)?.status, 'invalid-ancestor');
    assert.equal(await told('2'), 'duplicate-invalid');
  });
});
