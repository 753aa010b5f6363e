import assert from 'node:assert/strict';
import type { IndexEntry } from '../../src/chain/headerIndex.ts';
import { Block, encodeSealedBlock } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { txMerkleRoot } from '../../src/primitives/merkle.ts';
import type { RuleCode } from '../../src/primitives/rules.ts';
import { Tx } from '../../src/primitives/tx.ts';
import { encodeSealedHeader } from '../../src/wire/messages/gossip.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { fieldsOf, sealed } from '../support/branchMaker.ts';
import { NETWORKS } from '../support/cluster.ts';
import { devCoins, FEE, pay, type Spendable, stripped, withBadSignature } from '../support/liarPayments.ts';
import { LiarScene } from '../support/liarScene.ts';
import type { LyingPeer } from '../support/lyingPeer.ts';
import { until } from '../support/wait.ts';

const without = (block: Block, change: (coinbase: Tx) => Partial<Tx>): Block => {
  const [coinbase, ...rest] = block.txs as [Tx, ...Tx[]];
  const { version, inputs, outputs, lockTime } = coinbase;
  return new Block(block.header, [new Tx({ version, inputs, outputs, lockTime, ...change(coinbase) }), ...rest]);
};

/** Copies of a good block (a coinbase and two payments) that have its header and are not it, with the rule each breaks. */
const BAD_COPIES: readonly (readonly [what: string, rule: RuleCode, make: (good: Block, other: Block) => Block])[] = [
  ['the body of another block', 'bad-txnmrklroot', (good, other) => new Block(good.header, other.txs)],
  ['a transaction left out', 'bad-txnmrklroot', (good) => new Block(good.header, good.txs.slice(0, 2))],
  [
    'its last transaction twice (CVE-2012-2459)',
    'bad-txns-duplicate',
    (good) => new Block(good.header, [...good.txs, good.txs.at(-1) as Tx]),
  ],
  ['no transactions', 'bad-txnmrklroot', (good) => new Block(good.header, [])],
  [
    'a bent signature',
    'bad-witness-merkle-match',
    (good) =>
      new Block(
        good.header,
        good.txs.map((tx, i) => (i === 1 ? withBadSignature(tx) : tx)),
      ),
  ],
  [
    'no witness in a payment',
    'bad-witness-merkle-match',
    (good) =>
      new Block(
        good.header,
        good.txs.map((tx, i) => (i === 1 ? stripped(tx) : tx)),
      ),
  ],
  [
    "no witness in the coinbase (the commitment's reserved value)",
    'bad-witness-nonce-size',
    (good) => without(good, ({ inputs }) => ({ inputs: inputs.map((input) => ({ ...input, witness: [] })) })),
  ],
  [
    'another reserved value',
    'bad-witness-merkle-match',
    (good) =>
      without(good, ({ inputs }) => ({
        inputs: inputs.map((input) => ({ ...input, witness: [new Uint8Array(32).fill(1)] })),
      })),
  ],
  ['a seal where its engine has none', 'bad-seal', (good) => new Block(good.header, good.txs, new Uint8Array(65))],
];

for (const network of NETWORKS) {
  describe(`a peer that lies about blocks (${network})`, function () {
    this.timeout(60_000);
    let scene: LiarScene;
    let coins: Spendable[];
    let friend: LyingPeer;
    before(async () => {
      scene = new LiarScene(network);
      await scene.start(2);
      coins = await devCoins(scene.honest, 3);
      const tip = await scene.honest.tip();
      await until('the coins to mature', 20_000, async () => (await scene.node.tip()) === tip);
      // Speaks the truth throughout: the one who delivers the good copies.
      friend = await scene.connected();
    });
    after(() => scene.end());

    /** A valid block on the node's tip with two payments, and the coins they leave. */
    async function goodBlock(): Promise<{ entry: IndexEntry; block: Block; spent: Spendable }> {
      const first = pay(coins[0] as Spendable, 0);
      const second = pay(first.coin, 0);
      const entry = scene.maker.mine(await scene.tip(), { txs: [first.tx, second.tx], fees: 2n * FEE });
      return { entry, block: scene.maker.bodyOf(entry), spent: second.coin };
    }

    async function tipIs(id: string, what: string): Promise<void> {
      await until(what, 15_000, async () => (await scene.node.tip()) === id);
    }

    for (const [what, rule, copy] of BAD_COPIES) {
      it(`first a copy with ${what}: banned, and the good copy from another peer is taken`, async () => {
        const before = await scene.node.tip();
        const { entry, block, spent } = await goodBlock();
        const other = scene.maker.template(await scene.tip());
        const liar = await scene.connected();
        await liar.gossipBlock(copy(block, other));
        await scene.banned(liar, rule);
        assert.equal(await scene.node.tip(), before);
        const seen = await scene.seenTip(entry.header.id);
        assert.ok(seen === undefined || seen.status === 'headers-only', `remembered as ${seen?.status}`);
        friend.serveBranch(entry);
        await friend.gossipBlock(block);
        await tipIs(entry.header.id, 'the good copy');
        coins[0] = spent;
      });
    }

    it('bad copies as answers to its question: both liars banned, the third peer delivers', async () => {
      const { entry, block, spent } = await goodBlock();
      const served = [
        encodeSealedBlock(new Block(block.header, [...block.txs, block.txs.at(-1) as Tx])),
        encodeSealedBlock(new Block(block.header, block.txs, new Uint8Array(65))),
      ];
      const liars: LyingPeer[] = [];
      for (const bytes of served)
        liars.push(await scene.liar({ tip: entry, twist: ({ type }) => (type === MESSAGE.BLOCK ? bytes : undefined) }));
      for (const liar of liars) await liar.connect(scene.address);
      await scene.banned(liars[0] as LyingPeer, 'bad-txns-duplicate', 15_000);
      await scene.banned(liars[1] as LyingPeer, 'bad-seal', 15_000);
      const honest = await scene.connected({ tip: entry });
      await tipIs(entry.header.id, 'the good copy');
      await scene.unpunished(honest);
      coins[0] = spent;
    });

    it('another block than asked for: half a ban; junk: banned; the block comes from somebody else', async () => {
      const { entry, spent } = await goodBlock();
      const wrong = encodeSealedBlock(scene.maker.network.genesis);
      const swapper = await scene.connected({
        tip: entry,
        twist: ({ type }) => (type === MESSAGE.BLOCK ? wrong : undefined),
      });
      await scene.scored(swapper, 50);
      const junker = await scene.connected({
        tip: entry,
        twist: ({ type }) => (type === MESSAGE.BLOCK ? new Uint8Array(5000).fill(0xee) : undefined),
      });
      await scene.banned(junker, 'malformed');
      await scene.connected({ tip: entry });
      await tipIs(entry.header.id, 'the block');
      await scene.goesOn();
      coins[0] = spent;
    });

    /** Valid header and matching body that break a rule for good. */
    async function refusedForGood(make: (tip: IndexEntry) => Block, rule: RuleCode): Promise<void> {
      for (const how of ['gossip', 'answer'] as const) {
        const before = await scene.node.tip();
        const tip = await scene.tip();
        const bad = make(tip);
        const entry = scene.maker.add(bad, tip);
        const liar = await scene.connected(how === 'answer' ? { tip: entry } : {});
        if (how === 'gossip') await liar.gossipBlock(bad);
        await scene.banned(liar, rule);
        assert.equal(await scene.node.tip(), before);
        assert.equal((await scene.seenTip(bad.header.id))?.status, 'invalid');
        // Whoever builds on it wins nothing; who passes on its header alone may know no better.
        const child = scene.maker.mine(entry);
        const heir = await scene.connected();
        await heir.gossip('header', encodeSealedHeader(scene.maker.bodyOf(child)));
        await heir.gossipBlock(scene.maker.bodyOf(child));
        await scene.goesOn();
        await assert.rejects(scene.node.rpc('getblockheader', child.header.id), { code: -5 });
      }
    }

    /** The block with other transactions, its root and proof made anew. */
    const resealed = (block: Block, txs: readonly Tx[]): Block =>
      sealed(new Block(new BlockHeader({ ...fieldsOf(block.header), merkleRoot: txMerkleRoot(txs).root }), txs));

    it('a coinbase that pays itself too much: banned, the block is remembered as invalid', async () => {
      await refusedForGood((tip) => sealed(scene.maker.template(tip, { fees: 1n })), 'bad-cb-amount');
    });

    it('a coin spent twice in one block: banned, although the same loose transaction is no fault', async () => {
      const [, , coin] = coins as [Spendable, Spendable, Spendable];
      await refusedForGood((tip) => {
        const txs = [pay(coin, 1).tx, pay(coin, 2).tx];
        return sealed(scene.maker.template(tip, { txs, fees: 2n * FEE }));
      }, 'duplicate-invalid');
    });

    it('an invalid signature that the block commits to: banned', async () => {
      await refusedForGood((tip) => {
        const tx = withBadSignature(pay(coins[2] as Spendable, 1).tx);
        return sealed(scene.maker.template(tip, { txs: [tx], fees: FEE }));
      }, 'block-script-verify-flag-failed');
    });

    it('a second coinbase: banned', async () => {
      await refusedForGood((tip) => {
        const block = scene.maker.template(tip);
        const second = scene.maker.template(tip).txs[0] as Tx;
        return resealed(block, [block.txs[0] as Tx, second]);
      }, 'bad-cb-multiple');
    });

    it('the wrong height in its coinbase: banned', async () => {
      await refusedForGood((tip) => {
        const other = scene.maker.template(tip.parent as IndexEntry).txs;
        return resealed(scene.maker.template(tip), other);
      }, 'bad-cb-height');
    });
  });
}
