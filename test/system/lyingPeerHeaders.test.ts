import assert from 'node:assert/strict';
import { Block } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { encodeSealedHeader } from '../../src/wire/messages/gossip.ts';
import { encodeHeaders } from '../../src/wire/messages/headers.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { fieldsOf, sealed, sealedBadly } from '../support/branchMaker.ts';
import { NETWORKS } from '../support/cluster.ts';
import { LiarScene } from '../support/liarScene.ts';
import type { Twist } from '../support/lyingPeer.ts';
import { sleep, until } from '../support/wait.ts';

/** Answers every HEADERS request with these. */
const answering =
  (headers: readonly Block[]): Twist =>
  ({ type }) =>
    type === MESSAGE.HEADERS ? encodeHeaders(headers, true) : undefined;

for (const network of NETWORKS) {
  describe(`a peer that lies about headers (${network})`, function () {
    this.timeout(60_000);
    let scene: LiarScene;
    let tipBefore: string;
    before(async () => {
      scene = new LiarScene(network);
      await scene.start(12);
    });
    beforeEach(async () => {
      tipBefore = await scene.node.tip();
    });
    after(() => scene.end());

    /** A claim that makes the node ask: more work than the node has, on a block it does not know. */
    const promise = async (block: Block) => {
      const tip = await scene.tip();
      return { height: tip.height + 1, bestHash: block.header.hash, chainWork: tip.chainWork * 2n };
    };

    async function refusedEverywhere(make: () => Promise<Block>, rule: Parameters<LiarScene['banned']>[1]) {
      const gossiped = await make();
      const gossiper = await scene.connected();
      await gossiper.gossip('header', encodeSealedHeader(gossiped));
      await scene.banned(gossiper, rule);
      const served = await make();
      const server = await scene.connected({ twist: answering([served]), claim: await promise(served) });
      await scene.banned(server, rule);
      for (const block of [gossiped, served])
        await assert.rejects(scene.node.rpc('getblockheader', block.header.id), { code: -5 });
      assert.equal(await scene.node.tip(), tipBefore);
      await scene.goesOn();
    }

    it('without proof of work: banned, by gossip and as an answer', async () => {
      await refusedEverywhere(async () => sealedBadly(scene.maker.template(await scene.tip())), 'high-hash');
    });

    it('with another difficulty than is due: banned', async () => {
      await refusedEverywhere(async () => {
        const tip = await scene.tip();
        const due = scene.maker.bitsAfter(tip, tip.header.time + 1);
        return sealed(scene.maker.template(tip, { bits: due - 1 }));
      }, 'bad-diffbits');
    });

    it('not later than the median of the last eleven: banned', async () => {
      await refusedEverywhere(async () => {
        const tip = await scene.tip();
        return sealed(scene.maker.template(tip, { time: tip.medianTime }));
      }, 'time-too-old');
    });

    it('that name a parent nobody knows: asked for it, no penalty; as an answer: half a ban', async () => {
      const tip = await scene.tip();
      const made = scene.maker.template(tip);
      const orphan = () => {
        const prevHash = Uint8Array.from({ length: 32 }, () => Math.floor(Math.random() * 256));
        return sealed(new Block(new BlockHeader({ ...fieldsOf(made.header), prevHash }), made.txs));
      };
      const gossiper = await scene.connected();
      await gossiper.gossip('header', encodeSealedHeader(orphan()));
      await until('the node to ask for the headers before it', 5000, () => gossiper.asked.includes(MESSAGE.HEADERS));
      await gossiper.gossipBlock(orphan());
      await sleep(300);
      await scene.unpunished(gossiper);

      const served = orphan();
      const server = await scene.connected({ twist: answering([served]), claim: await promise(served) });
      await scene.scored(server, 50);
      assert.equal(await scene.node.tip(), tipBefore);
      await scene.goesOn();
    });

    it('from the future: kept until their time comes, the sender is not punished', async () => {
      const limit = scene.maker.network.consensus.maxFutureSeconds;
      const tip = await scene.tip();
      const ahead = Math.floor(Date.now() / 1000) + limit + 300;
      const entry = scene.maker.mine(tip, { time: ahead });
      const { id } = entry.header;
      const liar = await scene.connected();
      liar.serveBranch(entry);
      await liar.gossipBlock(scene.maker.bodyOf(entry));
      await sleep(500);
      assert.equal(await scene.node.tip(), tipBefore);
      await assert.rejects(scene.node.rpc('getblockheader', id), { code: -5 });
      await scene.unpunished(liar);

      const now = Math.floor(Date.now() / 1000);
      for (const node of [scene.node, scene.honest]) await node.rpc('setmocktime', now + 301);
      try {
        await until('the block whose time has come', 10_000, async () => (await scene.node.tip()) === id);
        await until('the honest node to have it too', 15_000, async () => (await scene.honest.tip()) === id);
        await scene.unpunished(liar);
        await scene.goesOn();
      } finally {
        for (const node of [scene.node, scene.honest]) await node.rpc('setmocktime', 0);
      }
    });
  });
}
