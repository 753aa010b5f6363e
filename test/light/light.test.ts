import { strict as assert } from 'node:assert';
import { Block, encodeSealedBlock } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { buildPartialMerkleTree, encodeMerkleBlock, verifyMerkleBlock } from '../../src/primitives/partialMerkle.ts';
import { Tx } from '../../src/primitives/tx.ts';
import { encodeSendTxResult } from '../../src/wire/messages/sendTx.ts';
import { decodeTxProof, encodeTxProof } from '../../src/wire/messages/txProof.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { WIRE_ERRORS, WireRefusal } from '../../src/wire/peer.ts';
import { coinbaseOf, fieldsOf, mine, mineChain, regtest, seal, template } from '../chain/regtestMiner.ts';
import { PAYOUT, pay } from '../mempool/setup.ts';
import { Liar } from '../support/liar.ts';
import { SimClock } from '../support/simClock.ts';
import { SimNet } from '../support/simNet.ts';
import { endOf, SimNode } from '../support/simNode.ts';
import { type LightNode, openLight } from './setup.ts';

const GENESIS = { header: regtest.genesis.header, height: 0 };
const CHAIN = mineChain(GENESIS, 110, { payout: PAYOUT });
const coin = (height: number) => ({ tx: coinbaseOf(CHAIN[height - 1] as Block), index: 0 });

describe('light client', () => {
  let clock: SimClock;
  let sim: SimNet;
  let light: LightNode;
  let full: SimNode[];

  beforeEach(async () => {
    clock = new SimClock();
    sim = new SimNet(clock);
    light = await openLight(sim);
    full = [];
  });
  afterEach(async () => {
    await light.client.close();
    for (const node of full) await node.close();
    assert.deepEqual([...light.failures, ...full.flatMap((n) => n.failures)], []);
  });

  async function open(...keys: string[]): Promise<SimNode[]> {
    for (const key of keys) {
      const node = await SimNode.open(sim, key);
      await node.load(CHAIN);
      for (const other of full) sim.connect(node.key, other.key);
      full.push(node);
      sim.connect('light', key);
    }
    await clock.until(() => light.chain.bestHeader().height === 110, 5000, 'headers');
    return full;
  }

  describe('headers', () => {
    it('downloads and follows the best chain, by gossip within a second', async () => {
      const [a] = (await open('a', 'b')) as [SimNode];
      await clock.until(() => light.client.info().phase === 'synced', 1000, 'the end of the download');
      await a.mine(2);
      await clock.until(() => light.chain.bestHeader().header.id === a.tipId, 1000, 'the new tip');
      await clock.run(12_000);
      assert.deepEqual(
        light.client.info().peers.map((p) => p.standing),
        ['agrees', 'agrees'],
      );
      assert.deepEqual(light.net.penalties, []);
      assert.equal(light.client.info().agreeing, 2);
      assert.equal(light.client.info().initialDownload, false);
    });

    it('keeps headers only: a node of 110 blocks was never asked for a block', async () => {
      const asked: number[] = [];
      const [a] = (await open('a')) as [SimNode];
      const serve = a.net.serve.get('light');
      a.net.serve.set('light', async (from, m) => {
        asked.push(m.type);
        return (serve as NonNullable<typeof serve>)(from, m);
      });
      await a.mine(3);
      await clock.run(15_000);
      assert.ok(!asked.includes(MESSAGE.BLOCK));
    });

    it('warns aloud below its number of peers, and serves all the same', async () => {
      await clock.run(14_000);
      assert.equal(light.client.info().phase, 'waiting-for-peers');
      assert.match(light.client.info().warnings.join(), /only 0 of 2 full peers/, 'who asks is told at once');
      assert.equal(light.warnings.length, 0, 'connecting takes a moment');
      await clock.run(4000);
      assert.equal(light.warnings.length, 1);
      await open('a');
      assert.equal(light.client.info().headers, 110);
      assert.match(light.client.info().warnings.join(), /only 1 of 2 full peers/);
      await clock.run(60_000);
      assert.equal(light.warnings.length, 2, 'said again after a minute');
      await open('b');
      assert.deepEqual(light.client.info().warnings, []);
    });

    it('wrong difficulty is refused with the code of the full node', async () => {
      const next = template(endOf(CHAIN));
      const bad = seal(new Block(new BlockHeader({ ...fieldsOf(next.header), bits: 0x207ffffe }), next.txs));
      new Liar(sim, 'liar', [...CHAIN, bad], { claimWork: 1n << 60n });
      sim.connect('light', 'liar');
      await clock.until(() => light.net.banned.has('liar'), 5000, 'ban');
      assert.equal(light.net.rulesAgainst('liar')[0], 'bad-diffbits');
      assert.equal(light.chain.entry(bad.header.hash), undefined);
    });

    it('one honest peer of three is enough: the others show a chain with less work', async () => {
      const short = mineChain(GENESIS, 60);
      for (const key of ['l1', 'l2']) {
        new Liar(sim, key, short);
        sim.connect('light', key);
      }
      await clock.until(() => light.chain.bestHeader().height === 60, 5000);
      await open('honest');
      assert.equal(light.chain.bestHeader().header.id, (CHAIN[109] as Block).header.id);
      await clock.run(5000);
      const info = light.client.info();
      assert.equal(info.agreeing, 1);
      assert.deepEqual(
        info.peers.map((p) => [p.standing, p.disagreements]),
        [
          ['fork', 1],
          ['fork', 1],
          ['agrees', 0],
        ],
      );
      assert.match(info.warnings.join(), /another branch, 110 blocks below/);
    });

    it('a peer with less work on another branch is looked at, and its disagreement shown', async () => {
      await open('a', 'b');
      const fork = [...CHAIN.slice(0, 100), ...mineChain(endOf(CHAIN.slice(0, 100)), 5)];
      new Liar(sim, 'other', fork);
      sim.connect('light', 'other');
      await clock.until(() => light.client.info().peers.some((p) => p.standing === 'fork'), 10_000, 'the fork');
      assert.match(light.client.info().warnings.join(), /other is on another branch, 10 blocks below/);
      assert.deepEqual(light.net.penalties, []);
    });
  });

  describe('proofs', () => {
    let tx: Tx;
    let mined: Block;
    beforeEach(async () => {
      const [a] = (await open('a', 'b', 'c')) as [SimNode];
      tx = pay([coin(1)]);
      [mined] = (await a.mine(1, [tx])) as [Block];
      await clock.until(() => light.chain.bestHeader().height === 111, 2000);
      await clock.until(() => full.every((n) => n.height === 111), 2000);
    });

    /** Runs the clock while a promise is pending. */
    async function soon<T>(promise: Promise<T>): Promise<T> {
      let done = false;
      void promise.finally(() => {
        done = true;
      });
      await clock.until(() => done, 120_000, 'answer');
      return promise;
    }
    function twist(node: SimNode, type: number, change: (payload: Uint8Array) => Uint8Array): void {
      const serve = node.net.serve.get('light') as NonNullable<ReturnType<typeof node.net.serve.get>>;
      node.net.serve.set('light', async (from, m) => {
        const answer = await serve(from, m);
        return m.type === type ? { ...answer, payload: change(answer.payload) } : answer;
      });
    }

    it('a transaction is proven to be in a block of the best chain', async () => {
      for (const block of [mined.header.hash, undefined]) {
        const found = await soon(light.client.proofs.proveTx(tx.txid, block));
        assert.ok(found.ok);
        assert.equal(found.proven.entry.header.id, mined.header.id);
        assert.equal(found.proven.tx.id, tx.id);
      }
    });

    it('several transactions of one block get one proof', async () => {
      const all = await soon(light.client.proofs.proveAll([coinbaseOf(mined).txid, tx.txid]));
      assert.ok(all.ok);
      const matches = verifyMerkleBlock(all.proof);
      assert.ok(matches.ok && matches.value.length === 2);
      const missing = await soon(light.client.proofs.proveAll([tx.txid, coinbaseOf(CHAIN[3] as Block).txid]));
      assert.ok(!missing.ok && missing.reason === 'not-all-in-block');
    });

    it('what is not there is denied by several peers before it is believed; an unknown block is not asked for', async () => {
      const other = pay([coin(2)]);
      const none = await soon(light.client.proofs.proveTx(other.txid, mined.header.hash));
      assert.ok(!none.ok && none.reason === 'not-in-block' && /^3 peers/.test(none.detail));
      const before = light.net.sent;
      const nowhere = await light.client.proofs.proveTx(tx.txid, new Uint8Array(32).fill(9));
      assert.ok(!nowhere.ok && nowhere.reason === 'block-unknown');
      assert.equal(light.net.sent, before);
    });

    it('a peer that hides a transaction does not hide it from us', async () => {
      for (const node of full.slice(0, 2)) {
        twist(node, MESSAGE.TXPROOF, () => {
          throw new WireRefusal(WIRE_ERRORS.NOT_FOUND, 'never seen');
        });
      }
      for (let i = 0; i < 5; i++) assert.ok((await soon(light.client.proofs.proveTx(tx.txid))).ok);
    });

    it('a proof that does not add up, for another transaction or without the one asked for is refused and blamed', async () => {
      const lies: ((payload: Uint8Array) => Uint8Array)[] = [
        (payload) => {
          const { proof, tx: t } = decodeTxProof(payload);
          const hashes = proof.tree.hashes.map((h) => h.map((x) => x ^ 1));
          return encodeTxProof({ proof: { ...proof, tree: { ...proof.tree, hashes } }, tx: t });
        },
        (payload) => encodeTxProof({ proof: decodeTxProof(payload).proof, tx: pay([coin(5)]) }),
        (payload) => Uint8Array.of(...payload, 0),
      ];
      full.forEach((node, i) => {
        twist(node, MESSAGE.TXPROOF, lies[i] as (typeof lies)[number]);
      });
      const found = await soon(light.client.proofs.proveTx(tx.txid));
      assert.ok(!found.ok && found.reason === 'no-peer');
      assert.deepEqual(
        full.map((n) => light.net.rulesAgainst(n.key)[0]),
        ['bad-answer', 'bad-answer', 'malformed'],
      );
    });

    it('a proof in a block that is not on the best chain is not believed, and nobody blamed', async () => {
      const side = mine(endOf(CHAIN), { txs: [pay([coin(7)])] });
      const ids = side.txs.map((t) => t.txid);
      const tree = buildPartialMerkleTree(ids, (_, i) => i === 1);
      const answer = { proof: { header: side.header, tree }, tx: side.txs[1] as Tx };
      const verdict = light.client.proofs.judge(answer, (side.txs[1] as Tx).txid);
      assert.ok(!verdict.ok && verdict.rule === 'prev-blk-not-found');
      assert.ok(encodeMerkleBlock(answer.proof).length > 80);
    });

    it('a transaction of 64 bytes is refused: it may be an inner node of the tree (CVE-2017-12842)', () => {
      const tiny = new Tx({
        version: 1,
        inputs: [
          { prevout: { txid: new Uint8Array(32), index: 0 }, scriptSig: new Uint8Array(4), sequence: 0, witness: [] },
        ],
        outputs: [{ value: 0n, scriptPubKey: new Uint8Array(0) }],
        lockTime: 0,
      });
      assert.equal(tiny.strippedSize, 64);
      const proof = { header: mined.header, tree: { txCount: 1, hashes: [tiny.txid], bits: [true] } };
      const verdict = light.client.proofs.judge({ proof, tx: tiny }, tiny.txid);
      assert.ok(!verdict.ok && verdict.rule === 'bad-answer' && /inner node/.test(verdict.detail));
    });

    it('a block whose body is not its own is fetched from another peer', async () => {
      const bad = encodeSealedBlock(new Block(mined.header, (CHAIN[5] as Block).txs));
      for (const node of full.slice(0, 2)) twist(node, MESSAGE.BLOCK, () => bad);
      const entry = light.chain.entry(mined.header.hash);
      assert.ok(entry);
      for (let i = 0; i < 4; i++) {
        const block: Block | undefined = await soon(light.client.proofs.fetchBlock(entry));
        assert.equal(block?.txs.length, 2);
      }
      assert.ok(full.slice(0, 2).some((n) => light.net.rulesAgainst(n.key).includes('bad-txnmrklroot')));
    });

    it('without peers the answer says so', async () => {
      for (const node of full) sim.disconnect('light', node.key);
      const found = await soon(light.client.proofs.proveTx(tx.txid));
      assert.ok(!found.ok && found.reason === 'no-peer');
    });

    describe('own transactions', () => {
      it('go to two peers, reach the network, and are watched until six deep', async () => {
        const own = pay([coin(3)]);
        const sent = await soon(light.client.submitter.submit(own));
        assert.ok(sent.ok && sent.peers.length === 2);
        await clock.until(() => full.every((n) => n.pool.get(own.txid) !== undefined), 3000, 'the pools');
        const [a] = full as [SimNode];
        const confirming = (await a.mine(1, [own]))[0] as Block;
        await clock.until(
          () => light.client.submitter.watched()[0]?.seenIn?.header.id === confirming.header.id,
          3000,
          'seen',
        );
        await a.mine(6);
        await clock.until(() => light.client.submitter.watched().length === 0, 3000, 'settled');
      });

      it('are sent again after ten minutes, and no sooner, while no block has them', async () => {
        const sends: string[] = [];
        for (const node of full) {
          twist(node, MESSAGE.SENDTX, (payload) => {
            sends.push(node.key);
            return payload;
          });
        }
        await soon(light.client.submitter.submit(pay([coin(4)])));
        assert.equal(sends.length, 2);
        await clock.run(9 * 60_000);
        assert.equal(sends.length, 2);
        await clock.run(3 * 60_000);
        assert.equal(sends.length, 4);
      });

      it('come back into the watch when a reorganisation takes their block away', async () => {
        const [a] = full as [SimNode];
        const own = pay([coin(6)]);
        await soon(light.client.submitter.submit(own));
        await a.mine(1, [own]);
        await clock.until(() => light.client.submitter.watched()[0]?.seenIn !== undefined, 3000, 'seen');
        const parent = light.chain.ancestor(light.chain.bestHeader(), 111);
        assert.ok(parent);
        const rival = mineChain({ header: parent.header, height: 111 }, 3, { payout: PAYOUT });
        await a.load(rival);
        await clock.until(() => light.chain.bestHeader().height === 114, 3000, 'the other branch');
        await clock.until(() => light.client.submitter.watched()[0]?.seenIn === undefined, 3000, 'pending again');
      });

      it('that every peer refuses are refused, with the peers’ rule', async () => {
        const sent = await soon(light.client.submitter.submit(pay([coin(3)], { fee: 0n })));
        assert.ok(!sent.ok && sent.reason === 'rejected');
        assert.equal(sent.rule, 'min relay fee not met');
        assert.equal(light.client.submitter.watched().length, 0);
      });

      it('one liar that refuses is outvoted by those who accept', async () => {
        twist(full[0] as SimNode, MESSAGE.SENDTX, () => encodeSendTxResult({ code: 0x10, reason: 'dust: no' }));
        for (let i = 3; i < 8; i++) assert.ok((await soon(light.client.submitter.submit(pay([coin(i)])))).ok);
      });

      it('without peers nothing waits in silence', async () => {
        for (const node of full) sim.disconnect('light', node.key);
        const sent = await soon(light.client.submitter.submit(pay([coin(3)])));
        assert.ok(!sent.ok && sent.reason === 'no-peer');
      });
    });
  });
});
