import assert from 'node:assert/strict';
import { powAuthor } from '../../src/consensus/pow/powAuthor.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { boundedSearch } from '../../src/miner/boundedSearch.ts';
import { type GeneratePorts, generateBlocks } from '../../src/miner/generate.ts';
import { StopSource } from '../../src/miner/stopSource.ts';
import { buildTemplate, type TemplatePorts } from '../../src/miner/template.ts';
import type { Network } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { nodejs } from '../../src/platform/nodejs.node.ts';
import { displayHash } from '../../src/primitives/hash.ts';
import { regtest } from '../chain/regtestMiner.ts';
import { accept, mineOn, openFunded, openWorld, PAYOUT, pay, type Spendable, type World } from '../mempool/setup.ts';

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function templatePorts(world: World, network: Network = regtest): TemplatePorts {
  const { chain, pool, clock } = world;
  return { chain, pool, clock, judge: judgeFor(network), params: network.consensus };
}
function ports(world: World, network: Network = regtest): GeneratePorts {
  return {
    ...templatePorts(world, network),
    chain: world.chain,
    random: nodejs.random,
    author: (budget) => powAuthor(boundedSearch(budget, pause)),
  };
}

describe('miner: generate', () => {
  it('makes the blocks asked for, one on another, and names them in order', async () => {
    const world = await openWorld();
    const hashes = await generateBlocks(ports(world), { blocks: 120, payout: PAYOUT });
    assert.equal(hashes.length, 120);
    assert.deepEqual(
      hashes.map(displayHash),
      Array.from({ length: 120 }, (_, i) => world.chain.atHeight(i + 1)?.header.id),
    );
  });

  it('counts only blocks that became the tip: one overtaken while it was sealed is made again', async () => {
    const world = await openWorld();
    const own = ports(world);
    let rivals = 0;
    const overtaken: GeneratePorts = {
      ...own,
      author: (budget) => {
        const author = own.author(budget);
        return {
          async seal(template, state, stop) {
            const sealed = await author.seal(template, state, stop);
            if (rivals++ < 2) await accept(world, mineOn(world.chain.tip()));
            return sealed;
          },
        };
      },
    };
    const hashes = await generateBlocks(overtaken, { blocks: 3, payout: PAYOUT });
    assert.equal(hashes.length, 3);
    for (const hash of hashes) assert.ok(world.chain.isActive(world.chain.entry(hash)!));
  });

  it('takes the pool along', async () => {
    const world = await openFunded(2);
    assert.ok((await world.pool.admit(pay(world.coins))).ok);
    await generateBlocks(ports(world), { blocks: 1, payout: PAYOUT });
    assert.equal(world.pool.size, 0);
    assert.equal((await world.chain.readBlock(world.chain.tip()))?.txs.length, 2);
  });

  it('keeps to maxtries: none, and as many blocks as they last for', async () => {
    const world = await openWorld();
    assert.deepEqual(await generateBlocks(ports(world), { blocks: 5, payout: PAYOUT, maxTries: 0 }), []);
    const some = await generateBlocks(ports(world), { blocks: 1000, payout: PAYOUT, maxTries: 40 });
    assert.ok(some.length > 0 && some.length <= 40, `${some.length} blocks of 40 tries`);
    assert.equal(world.chain.tip().height, some.length);
  });

  it('stops when told', async () => {
    const world = await openWorld();
    const stop = new StopSource();
    world.chain.events.on('tip', ({ entry }) => {
      if (entry.height === 3) stop.abort();
    });
    const hashes = await generateBlocks(ports(world), { blocks: 50, payout: PAYOUT, stop });
    assert.equal(hashes.length, 3);
  });

  it('an author that never tries ends it', async () => {
    const world = await openWorld();
    const idle = { ...ports(world), author: () => ({ seal: async () => undefined }) };
    assert.deepEqual(await generateBlocks(idle, { blocks: 1, payout: PAYOUT }), []);
  });

  it('a block of ours that is refused is an error', async () => {
    const world = await openFunded(1);
    const entry = {
      ...{ tx: pay(world.coins, { fee: -1n }), fee: 0n, timeMs: 0, height: 0, sequence: 0, sigopCost: 4 },
    };
    const bad = { ...ports(world), pool: { select: () => [entry] } };
    await assert.rejects(generateBlocks(bad, { blocks: 1, payout: PAYOUT }), /bad-txns-in-belowout/);
  });

  it('works on cairn-devnet, where a block takes real work', async function () {
    this.timeout(20_000);
    const devnet = builtInNetwork('cairn-devnet') as Network;
    const world = await openWorld({}, devnet);
    world.clock.ms = Date.now();
    const hashes = await generateBlocks(ports(world, devnet), { blocks: 2, payout: PAYOUT, maxTries: 5_000_000 });
    assert.equal(hashes.length, 2);
    assert.equal(world.chain.tip().height, 2);
  });
});

describe('miner: template', () => {
  it('passes the chain’s own judgement but for its proof', async () => {
    const world = await openFunded(3);
    const parent = pay([world.coins[0] as Spendable], { outputs: 3 });
    for (const tx of [parent, pay([{ tx: parent, index: 2 }, world.coins[1] as Spendable])])
      assert.ok((await world.pool.admit(tx)).ok);
    const { block, entries, fees, header } = buildTemplate(templatePorts(world), { payout: PAYOUT, extraNonce: 7n });
    assert.equal(entries.length, 2);
    assert.equal(fees, 20_000n);
    assert.equal(header.height, world.chain.tip().height + 1);
    assert.ok((await world.chain.testBlock(block)).ok);
  });

  it('time: the clock’s, but after the median time past; it may not be raised where bits depend on it', async () => {
    const world = await openFunded(1);
    const make = (time?: number) =>
      buildTemplate(templatePorts(world), { payout: PAYOUT, extraNonce: 0n, ...(time === undefined ? {} : { time }) });
    const now = Math.floor(world.clock.ms / 1000);
    assert.equal(make().header.header.time, now);
    assert.equal(make().header.maxTime, now);
    world.clock.ms = 1000;
    assert.equal(make().header.header.time, world.chain.tip().medianTime + 1);
    assert.equal(make(now + 5).header.header.time, now + 5);
  });

  it('time may be raised on cairn-devnet, within what others accept', async () => {
    const devnet = builtInNetwork('cairn-devnet') as Network;
    const world = await openWorld({}, devnet);
    world.clock.ms = Date.now();
    const { header } = buildTemplate(templatePorts(world, devnet), { payout: PAYOUT, extraNonce: 0n });
    const now = Math.floor(world.clock.ms / 1000);
    assert.ok(header.maxTime > header.header.time);
    assert.ok(header.maxTime < now + devnet.consensus.maxFutureSeconds);
  });

  it('time keeps the rules on the edges of retarget periods (BIP54), so that our own blocks pass', async () => {
    const { consensus } = regtest;
    const params = { ...consensus, rules: 'cairn', pow: { ...consensus.pow, interval: 2 } } as const;
    const network: Network = { ...regtest, consensus: params };
    const world = await openWorld({}, network);
    const now = Math.floor(world.clock.ms / 1000);
    const make = () => buildTemplate(templatePorts(world, network), { payout: PAYOUT, extraNonce: 0n });
    await accept(world, mineOn(world.chain.tip(), { time: now }));
    // Height 2 begins a period, as late as others accept; height 3 ends it and may not be earlier.
    await accept(world, mineOn(world.chain.tip(), { time: now + 7000 }));
    const { block } = make();
    assert.equal(block.header.time, now + 7000);
    const verdict = await world.chain.testBlock(block);
    assert.ok(verdict.ok, verdict.ok ? '' : verdict.rule);
  });

  it('empty leaves the pool out; tag and extra nonce change the block', async () => {
    const world = await openFunded(1);
    assert.ok((await world.pool.admit(pay(world.coins))).ok);
    const make = (extraNonce: bigint, tag?: Uint8Array) =>
      buildTemplate(templatePorts(world), {
        ...{ payout: PAYOUT, extraNonce, empty: true },
        ...(tag === undefined ? {} : { tag }),
      }).block;
    assert.equal(make(1n).txs.length, 1);
    const ids = [make(1n), make(2n), make(1n, Uint8Array.of(1, 2))].map((block) => block.header.id);
    assert.equal(new Set(ids).size, 3);
    assert.equal(make(1n).header.id, ids[0]);
  });

  it('a reorganisation between templates moves the next one', async () => {
    const world = await openFunded(1);
    const fork = world.chain.atHeight(world.chain.tip().height - 1);
    assert.ok(fork !== undefined);
    const one = mineOn(fork);
    await accept(world, one, mineOn({ header: one.header, height: fork.height + 1 }));
    const { header } = buildTemplate(templatePorts(world), { payout: PAYOUT, extraNonce: 0n });
    assert.deepEqual(header.header.prevHash, world.chain.tip().header.hash);
  });
});
