import { strict as assert } from 'node:assert';
import { encodeSealedBlock } from '../../src/primitives/block.ts';
import { mineChain, regtest } from '../chain/regtestMiner.ts';
import { SimClock } from '../support/simClock.ts';
import { SimNet } from '../support/simNet.ts';
import { SimNode } from '../support/simNode.ts';

/** Real nodes (chain, pool, sync, relay) over simulated links of 20 ms. */
describe('sync: honest nodes', () => {
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
  });

  async function open(...keys: string[]): Promise<SimNode[]> {
    for (const key of keys) nodes.push(await SimNode.open(sim, key));
    return nodes;
  }
  const sameTip = (some: readonly SimNode[]) => (): boolean => some.every((n) => n.tipId === some[0]?.tipId);
  const noPenalties = (): void =>
    assert.deepEqual(
      nodes.flatMap((n) => n.net.penalties),
      [],
    );

  it('a new node downloads 300 blocks from three peers and from each of them some', async () => {
    const [a, b, c, fresh] = (await open('a', 'b', 'c', 'fresh')) as [SimNode, SimNode, SimNode, SimNode];
    const blocks = mineChain({ header: regtest.genesis.header, height: 0 }, 300);
    const served = new Map<string, number>();
    for (const node of [a, b, c]) {
      await node.load(blocks);
      const serve = node.net.serve.get('sync');
      node.net.serve.set('sync', async (from, message) => {
        if (message.type === 6) served.set(node.key, (served.get(node.key) ?? 0) + 1);
        return (serve as NonNullable<typeof serve>)(from, message);
      });
    }
    for (const key of ['a', 'b', 'c']) sim.connect('fresh', key);
    await clock.until(() => fresh.height === 300, 20_000, 'download');
    assert.equal(fresh.tipId, a.tipId);
    assert.equal(
      [...served.values()].reduce((x, y) => x + y),
      300,
    );
    for (const key of ['a', 'b', 'c']) assert.ok((served.get(key) ?? 0) > 50, `${key} served ${served.get(key)}`);
    assert.equal(fresh.sync.progress.info().phase, 'synced');
    noPenalties();
  });

  it('blocks mined anywhere are everywhere within a second', async () => {
    await open('a', 'b', 'c', 'd', 'e');
    for (const [x, y] of [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'd'],
      ['d', 'e'],
    ] as const)
      sim.connect(x, y);
    await clock.run(100);
    for (const miner of nodes) {
      await miner.mine(1);
      await clock.until(sameTip(nodes), 1000, 'propagation');
    }
    assert.equal(nodes[0]?.height, 5);
    noPenalties();
  });

  it('a silent partition heals within seconds: the heavier half wins, displaced transactions are not needed for it', async () => {
    await open('a', 'b', 'c', 'd');
    for (const [x, y] of [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'd'],
    ] as const)
      sim.connect(x, y);
    await (nodes[0] as SimNode).mine(3);
    await clock.until(sameTip(nodes), 2000);
    sim.partition(['a', 'b'], ['c', 'd']);
    await (nodes[0] as SimNode).mine(4);
    await (nodes[3] as SimNode).mine(6);
    await clock.run(2000);
    assert.equal(nodes[1]?.height, 7);
    assert.equal(nodes[2]?.height, 9);
    sim.partition();
    // A TIP question lost in the partition times out after 5 s; the next follows within 12.5 s.
    await clock.until(sameTip(nodes), 18_000, 'healing');
    assert.equal(nodes[0]?.height, 9);
    noPenalties();
  });

  it('a cable pulled in the middle of a download: nobody is banned, and it goes on within seconds', async () => {
    const [a, b] = (await open('a', 'b')) as [SimNode, SimNode];
    await a.load(mineChain(a.chain.tip(), 200));
    sim.delayMs = 200;
    sim.connect('a', 'b');
    await clock.until(() => b.height > 20, 10_000);
    sim.partition(['a'], ['b']);
    await clock.run(120_000);
    assert.ok(b.height < 200);
    sim.partition();
    await clock.until(() => b.height === 200, 20_000, 'the rest');
    assert.deepEqual([...b.net.banned, ...a.net.banned], []);
  });

  it('a partition that broke the connections heals within a second of reconnecting, also deep forks', async () => {
    await open('a', 'b', 'c');
    sim.connect('a', 'b');
    sim.connect('b', 'c');
    await (nodes[0] as SimNode).mine(2);
    await clock.until(sameTip(nodes), 2000);
    sim.disconnect('b', 'c');
    await (nodes[0] as SimNode).mine(150);
    await (nodes[2] as SimNode).mine(160);
    await clock.until(() => nodes[1]?.height === 152, 10_000);
    sim.connect('b', 'c');
    await clock.until(sameTip(nodes), 3000, 'healing');
    assert.equal(nodes[0]?.height, 162);
    noPenalties();
  });

  it('a node that has the header but not yet the body is asked again and nobody is blamed', async () => {
    const [a, b] = (await open('a', 'b')) as [SimNode, SimNode];
    const blocks = mineChain(a.chain.tip(), 5);
    await a.load(blocks.slice(0, 4));
    await a.chain.acceptHeaders(blocks);
    // a claims the tip whose body it lacks.
    a.net.hello = ((hello) => () => {
      const best = a.chain.bestHeader();
      return { ...hello(), height: best.height, bestHash: best.header.hash, chainWork: best.chainWork };
    })(a.net.hello);
    await b.chain.acceptHeaders(blocks);
    sim.connect('a', 'b');
    await clock.until(() => b.height === 4, 5000);
    await clock.run(5000);
    assert.equal(b.height, 4);
    await a.load(blocks);
    await clock.until(() => b.height === 5, 5000, 'the last block');
    noPenalties();
  });

  it('a header from the future is kept until its time and then connected, its sender is not blamed', async () => {
    const [a, b] = (await open('a', 'b')) as [SimNode, SimNode];
    const future = Math.floor(clock.nowMs() / 1000) + 7200 + 30;
    const [block] = mineChain(a.chain.tip(), 1, { time: future });
    assert.ok(block);
    sim.connect('a', 'b');
    await clock.run(100);
    a.net.markSeen('block', encodeSealedBlock(block));
    await b.net.heard('a', 'block', encodeSealedBlock(block));
    assert.equal(b.height, 0);
    assert.equal(b.sync.headers.futureHeaders, 1);
    await clock.run(20_000);
    assert.equal(b.height, 0);
    await clock.run(12_000);
    await a.load([block]);
    await clock.until(() => b.height === 1, 15_000, 'its time');
    assert.equal(b.sync.headers.futureHeaders, 0);
    noPenalties();
  });

  it('tells why nothing moves', async () => {
    const [a] = (await open('a')) as [SimNode];
    assert.equal(a.sync.progress.info().phase, 'waiting-for-peers');
    assert.match(a.sync.progress.info().stalledReason ?? '', /no peer/);
  });
});
