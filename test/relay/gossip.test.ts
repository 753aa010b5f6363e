import { strict as assert } from 'node:assert';
import { Block, encodeSealedBlock } from '../../src/primitives/block.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { encodeSealedHeader } from '../../src/wire/messages/gossip.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { type TopicName, WIRE_ERRORS, WireRefusal } from '../../src/wire/peer.ts';
import { coinbaseOf, mine, mineChain, regtest, sealBadly, template } from '../chain/regtestMiner.ts';
import { out, PAYOUT, pay, type Spendable } from '../mempool/setup.ts';
import { SimClock } from '../support/simClock.ts';
import { helloWith, SimNet, type SimPeer } from '../support/simNet.ts';
import { SimNode } from '../support/simNode.ts';

const GENESIS = { header: regtest.genesis.header, height: 0 };
/** Blocks whose first coinbases are mature at 101 and later. */
const FUNDED = mineChain(GENESIS, 110, { payout: PAYOUT });
const coin = (i: number): Spendable => ({ tx: coinbaseOf(FUNDED[i] as Block), index: 0 });

describe('relay: gossip', () => {
  let clock: SimClock;
  let sim: SimNet;
  let a: SimNode;
  let b: SimNode;
  /** A scripted neighbour of a: says what the test says. */
  let stranger: SimPeer;

  beforeEach(async () => {
    clock = new SimClock();
    sim = new SimNet(clock);
    a = await SimNode.open(sim, 'a');
    b = await SimNode.open(sim, 'b');
    for (const node of [a, b]) await node.load(FUNDED);
    stranger = sim.add('stranger');
    sim.connect('a', 'b');
    sim.connect('a', 'stranger');
    await clock.run(200);
  });
  afterEach(async () => {
    for (const node of [a, b]) await node.close();
    assert.deepEqual([...a.failures, ...b.failures], []);
    assert.deepEqual(b.net.penalties, [], 'a honest neighbour is never blamed for what it was sent');
  });

  const say = (topic: TopicName, data: Uint8Array): ReturnType<typeof a.relay.gossip.tx> =>
    a.relay.gossip[topic]('stranger', data);
  const blame = (): string[] => a.net.rulesAgainst('stranger');
  const next = (options: Parameters<typeof mine>[1] = {}): Block => mine(a.chain.tip(), { payout: PAYOUT, ...options });

  describe('blocks', () => {
    it('a good block is accepted, and again when it comes twice', async () => {
      const block = encodeSealedBlock(next());
      assert.equal(await say('block', block), 'accept');
      assert.equal(a.height, 111);
      assert.equal(await say('block', block), 'accept');
    });

    it('junk, bad proof of work and too many bytes are rejected and blamed', async () => {
      assert.equal(await say('block', Uint8Array.of(1, 2, 3)), 'reject');
      assert.equal(await say('block', encodeSealedBlock(sealBadly(template(a.chain.tip())))), 'reject');
      assert.equal(await say('block', new Uint8Array(200_001)), 'reject');
      assert.deepEqual(blame(), ['malformed', 'high-hash', 'too-large']);
    });

    it('a bad copy of a block never blocks the good one', async () => {
      const good = next();
      const bad = new Block(good.header, [coinbaseOf(next())]);
      assert.equal(await say('block', encodeSealedBlock(bad)), 'reject');
      assert.deepEqual(blame(), ['bad-txnmrklroot']);
      assert.equal(await say('block', encodeSealedBlock(good)), 'accept');
      assert.equal(a.tipId, good.header.id);
    });

    it('a corrupt seal first, then the right one: the block is accepted (rule S1)', async () => {
      const good = next();
      assert.equal(await say('block', encodeSealedBlock(new Block(good.header, good.txs, Uint8Array.of(9)))), 'reject');
      assert.equal(await say('header', encodeSealedHeader({ header: good.header, seal: Uint8Array.of(9) })), 'reject');
      assert.deepEqual(blame(), ['bad-seal', 'bad-seal']);
      assert.equal(await say('block', encodeSealedBlock(good)), 'accept');
    });

    it('an invalid block is rejected, its sender banned, and its hash remembered', async () => {
      const greedy = next({ fees: 5n });
      assert.equal(await say('block', encodeSealedBlock(greedy)), 'reject');
      assert.deepEqual(blame(), ['bad-cb-amount']);
      assert.equal(a.chain.entry(greedy.header.hash)?.status, 'invalid');
    });

    it('a block that spends a coin twice is the block’s own fault, not a race', async () => {
      const spent = pay([coin(0)]);
      await a.mine(1, [spent]);
      const again = next({ txs: [pay([coin(0)], { fee: 20_000n })] });
      assert.equal(await say('block', encodeSealedBlock(again)), 'reject');
      assert.ok(a.net.banned.has('stranger'));
    });

    it('a block on another branch is kept but not passed on before it was judged in full', async () => {
      const side = mine({ header: (FUNDED[108] as Block).header, height: 109 }, { payout: PAYOUT });
      assert.equal(await say('block', encodeSealedBlock(side)), 'ignore');
      assert.equal(a.chain.entry(side.header.hash)?.status, 'stored');
      assert.equal(b.chain.entry(side.header.hash), undefined);
      // Its child makes it the better branch: then both nodes follow.
      const child = mine({ header: side.header, height: 110 }, { payout: PAYOUT });
      await a.net.heard('stranger', 'block', encodeSealedBlock(child));
      assert.equal(a.tipId, child.header.id);
      await clock.until(() => b.tipId === child.header.id, 2000);
    });

    it('blocks too far behind to be kept are charged for the headers they leave', async function () {
      this.timeout(10_000);
      const parent = { header: (FUNDED[100] as Block).header, height: 101 };
      let given = 0;
      while (!blame().includes('header-flood') && given < 5000) {
        const side = mine(parent);
        assert.equal(await say('block', encodeSealedBlock(side)), 'ignore');
        assert.equal(a.chain.entry(side.header.hash)?.hasBody, false);
        given++;
      }
      assert.ok(given > 3000 && given < 4100, `${given}`);
      assert.ok(a.net.banned.has('stranger'));
    });

    it('an unknown parent makes it ask that peer for headers, and ignore the block', async () => {
      const asked: number[] = [];
      stranger.serve.set('sync', async (_, message) => {
        if (message.type !== MESSAGE.TIP) asked.push(message.type);
        throw new WireRefusal(WIRE_ERRORS.BUSY, 'busy');
      });
      const lone = encodeSealedBlock(mine({ header: next().header, height: 111 }));
      for (let i = 0; i < 20; i++) assert.equal(await say('block', lone), 'ignore');
      await clock.run(500);
      assert.deepEqual(asked, [MESSAGE.HEADERS], 'once, however often it comes');
      assert.deepEqual(blame(), []);
    });

    it('a block above 200 kB travels by header and request', async () => {
      const big = pay([coin(1)], { to: [out(1000n, new Uint8Array(250_000).fill(0x6a))] });
      const [block] = await a.mine(1, [big]);
      assert.ok((block as Block).size > 200_000);
      await clock.until(() => b.height === 111, 3000, 'the big block');
    });
  });

  describe('headers', () => {
    it('a new header is accepted alone; its body is fetched a moment later', async () => {
      const block = next();
      assert.equal(await say('header', encodeSealedHeader(block)), 'accept');
      assert.equal(a.chain.bestHeader().header.id, block.header.id);
      assert.equal(await say('header', encodeSealedHeader(block)), 'accept');
    });

    it('the header of an invalid block, and one on top of it, are ignored: their sender may know only headers', async () => {
      const greedy = next({ fees: 5n });
      await say('block', encodeSealedBlock(greedy));
      const before = blame().length;
      assert.equal(await say('header', encodeSealedHeader(greedy)), 'ignore');
      assert.equal(await say('header', encodeSealedHeader(mine({ header: greedy.header, height: 111 }))), 'ignore');
      assert.equal(blame().length, before);
    });

    it('bad proof of work is rejected; a time that has not come is kept and nobody blamed', async () => {
      assert.equal(await say('header', encodeSealedHeader(sealBadly(template(a.chain.tip())))), 'reject');
      assert.deepEqual(blame(), ['high-hash']);
      const early = next({ time: Math.floor(clock.nowMs() / 1000) + 7300 });
      assert.equal(await say('header', encodeSealedHeader(early)), 'ignore');
      assert.equal(a.sync.headers.futureHeaders, 1);
      assert.equal(blame().length, 1);
    });

    it('cheap headers far below the tip are ignored and leave nothing', async () => {
      await a.mine(60);
      const before = a.chain.counters().headers;
      for (let i = 0; i < 5; i++) assert.equal(await say('header', encodeSealedHeader(mine(GENESIS))), 'ignore');
      assert.equal(a.chain.counters().headers, before);
      assert.deepEqual(blame(), []);
    });

    it('a flood of valid side headers near the tip is stopped', async function () {
      this.timeout(10_000);
      const parent = { header: (FUNDED[100] as Block).header, height: 101 };
      let given = 0;
      while (!blame().includes('header-flood') && given < 5000) {
        await say('header', encodeSealedHeader(mine(parent)));
        given++;
      }
      assert.ok(given > 3000 && given < 4100, `${given}`);
      assert.ok(a.net.banned.has('stranger'));
    });
  });

  describe('transactions', () => {
    it('a good one reaches everybody and is accepted again when it comes twice', async () => {
      const tx = pay([coin(0)]);
      assert.equal(await say('tx', tx.bytes), 'accept');
      assert.equal(await say('tx', tx.bytes), 'accept');
      assert.ok(a.pool.get(tx.txid));
    });

    it('junk, a failing script and no outputs are rejected and blamed', async () => {
      assert.equal(await say('tx', Uint8Array.of(7)), 'reject');
      assert.equal(await say('tx', pay([coin(0)], { scriptSig: Uint8Array.of(0) }).bytes), 'reject');
      assert.equal(await say('tx', pay([coin(0)], { to: [] }).bytes), 'reject');
      assert.deepEqual(blame(), ['malformed', 'mandatory-script-verify-flag-failed', 'bad-txns-vout-empty']);
    });

    it('a double spend is ignored and nobody is blamed', async () => {
      assert.equal(await say('tx', pay([coin(0)]).bytes), 'accept');
      assert.equal(await say('tx', pay([coin(0)], { fee: 12_000n, outputs: 2 }).bytes), 'ignore');
      assert.deepEqual(blame(), []);
    });

    it('what was refused is not judged again before the tip moves', async () => {
      const early = pay([coin(109)]);
      let judged = 0;
      const admit = a.pool.admit.bind(a.pool);
      a.pool.admit = async (...args: Parameters<typeof admit>) => {
        judged++;
        return admit(...args);
      };
      for (let i = 0; i < 3; i++) assert.equal(await say('tx', early.bytes), 'ignore');
      assert.equal(judged, 1);
      await a.mine(1);
      await say('tx', early.bytes);
      assert.equal(judged, 2);
    });

    it('a child that comes before its parent waits for it, and both are passed on', async () => {
      const parent = pay([coin(2)]);
      const child = pay([{ tx: parent, index: 0 }]);
      const verdict = say('tx', child.bytes);
      await clock.run(500);
      assert.equal(await say('tx', parent.bytes), 'accept');
      assert.equal(await verdict, 'accept');
      assert.ok(a.pool.get(child.txid));
    });

    it('the sender of a child is asked for the parent it did not send', async () => {
      const parent = pay([coin(3)]);
      const child = pay([{ tx: parent, index: 0 }]);
      // b has both, but the parent's gossip got lost.
      b.net.markSeen('tx', parent.bytes);
      await b.pool.admit(parent);
      await b.pool.admit(child);
      await clock.until(() => a.pool.get(child.txid) !== undefined, 3000, 'both');
      assert.ok(a.pool.get(parent.txid));
    });

    it('orphans are given up after four seconds and bounded in number', async () => {
      const unknown = pay([{ tx: pay([coin(4)]), index: 0 }]);
      const verdict = say('tx', unknown.bytes);
      await clock.run(4500);
      assert.equal(await verdict, 'ignore');
      const many: Promise<unknown>[] = [];
      for (let i = 0; i < 60; i++)
        many.push(say('tx', pay([{ tx: pay([coin(5)], { fee: BigInt(1000 + i) }), index: 0 }]).bytes));
      // All but 25 of one peer are answered at once.
      let answered = 0;
      for (const m of many) void m.then(() => answered++);
      await clock.run(100);
      assert.equal(answered, 35);
      await clock.run(4500);
      assert.equal(answered, 60);
      assert.deepEqual(blame(), []);
    });
  });
});

describe('relay: announcing', () => {
  let clock: SimClock;
  let sim: SimNet;
  let nodes: SimNode[];

  beforeEach(() => {
    clock = new SimClock();
    sim = new SimNet(clock);
    nodes = [];
  });
  afterEach(async () => {
    for (const node of nodes) await node.close();
    assert.deepEqual(
      nodes.flatMap((n) => n.failures),
      [],
    );
    assert.deepEqual(
      nodes.flatMap((n) => n.net.penalties),
      [],
    );
  });

  async function line(...keys: string[]): Promise<SimNode[]> {
    for (const key of keys) {
      const node = await SimNode.open(sim, key);
      await node.load(FUNDED);
      nodes.push(node);
    }
    for (let i = 1; i < keys.length; i++) sim.connect(keys[i - 1] as string, keys[i] as string);
    await clock.run(200);
    return nodes;
  }
  const everywhere = (tx: Tx) => (): boolean => nodes.every((n) => n.pool.get(tx.txid) !== undefined);

  it('a transaction from RPC reaches every node, is mined elsewhere, and leaves every pool', async () => {
    const [first, , last] = (await line('x', 'y', 'z')) as [SimNode, SimNode, SimNode];
    const tx = pay([coin(0)]);
    assert.ok((await first.pool.admit(tx)).ok);
    await clock.until(everywhere(tx), 2000, 'the pools');
    await last.mine(1, [tx]);
    await clock.until(() => nodes.every((n) => n.height === 111 && n.pool.size === 0), 2000, 'the block');
  });

  it('a chain of unconfirmed transactions reaches every node', async () => {
    const [first] = (await line('x', 'y', 'z')) as [SimNode];
    const chain = [pay([coin(0)])];
    for (let i = 0; i < 10; i++) chain.push(pay([{ tx: chain[i] as Tx, index: 0 }]));
    for (const tx of chain) assert.ok((await first.pool.admit(tx)).ok);
    await clock.until(() => chain.every((tx) => everywhere(tx)()), 6000, 'the pools');
  });

  it('what was announced to nobody is announced to the first peer; until then it counts as unbroadcast', async () => {
    const [first] = (await line('x')) as [SimNode];
    const tx = pay([coin(0)]);
    await first.pool.admit(tx);
    await clock.run(1000);
    assert.equal(first.relay.announcer.isUnbroadcast(tx.wtxid), true);
    const second = await SimNode.open(sim, 'y');
    await second.load(FUNDED);
    nodes.push(second);
    sim.connect('x', 'y');
    await clock.until(everywhere(tx), 2000);
    await clock.run(3000);
    assert.equal(first.relay.announcer.isUnbroadcast(tx.wtxid), false);
  });

  it('pools that a partition drove apart are alike again after it', async () => {
    const [w, , , z] = (await line('w', 'x', 'y', 'z')) as [SimNode, SimNode, SimNode, SimNode];
    sim.disconnect('x', 'y');
    const left = pay([coin(0)]);
    const right = pay([coin(1)]);
    await w.pool.admit(left);
    await z.pool.admit(right);
    await clock.run(2000);
    sim.connect('x', 'y');
    await clock.until(() => everywhere(left)() && everywhere(right)(), 45_000, 'the pools');
  });

  it('a reorganisation gives displaced transactions back to the pool everywhere', async () => {
    const [x, y] = (await line('x', 'y')) as [SimNode, SimNode];
    sim.disconnect('x', 'y');
    const tx = pay([coin(0)]);
    await x.mine(1, [tx]);
    await y.mine(3);
    sim.connect('x', 'y');
    await clock.until(() => x.tipId === y.tipId, 3000);
    await clock.until(everywhere(tx), 35_000, 'the displaced transaction');
  });

  it('a tip found by catching up reaches neighbours that gossip does not reach again', async () => {
    const [, , z] = (await line('x', 'y', 'z')) as [SimNode, SimNode, SimNode];
    sim.partition(['x'], ['y', 'z']);
    const [block] = await (nodes[0] as SimNode).mine(1);
    await clock.run(1000);
    sim.partition();
    // The next block is gossip with an unknown parent for y, and y cannot gossip it again.
    await (nodes[0] as SimNode).mine(1);
    await clock.until(() => z.height === 112, 2000, 'the third node');
    assert.ok(block);
  });

  it('a block that travels by gossip is not asked for as well', async () => {
    const [x] = (await line('x', 'y', 'z')) as [SimNode];
    await clock.run(1000);
    const before = nodes.map((n) => n.net.sent);
    await x.mine(1);
    await clock.until(() => nodes.every((n) => n.height === 111), 1000);
    await clock.run(400);
    assert.deepEqual(
      nodes.map((n) => n.net.sent),
      before,
    );
  });

  it('peers of other kinds are not asked for blocks', async () => {
    const [x] = (await line('x')) as [SimNode];
    const light = sim.add('light');
    light.hello = () =>
      helloWith({ services: 0, chainWork: 1n << 90n, height: 9999, bestHash: new Uint8Array(32).fill(5) });
    sim.connect('x', 'light');
    await clock.run(30_000);
    assert.equal(x.sync.progress.info().phase, 'waiting-for-peers');
    assert.equal(x.net.sent, 0);
  });
});
