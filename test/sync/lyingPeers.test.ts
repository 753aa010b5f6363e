import { strict as assert } from 'node:assert';
import { Block, encodeSealedBlock } from '../../src/primitives/block.ts';
import { workOf } from '../../src/primitives/compact.ts';
import { BlockHeader, type SealedHeader } from '../../src/primitives/header.ts';
import { decodeBlockRequest } from '../../src/wire/messages/block.ts';
import { encodeSealedHeader } from '../../src/wire/messages/gossip.ts';
import { encodeHeaders } from '../../src/wire/messages/headers.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { fieldsOf, mine, mineChain, regtest, seal, sealBadly, template } from '../chain/regtestMiner.ts';
import { Liar, type LiarOptions } from '../support/liar.ts';
import { SimClock } from '../support/simClock.ts';
import { SimNet } from '../support/simNet.ts';
import { endOf, SimNode } from '../support/simNode.ts';

const GENESIS = { header: regtest.genesis.header, height: 0 };

/** One honest peer, one that lies: the lie is refused and blamed, and the honest chain arrives all the same. */
describe('sync: lying peers', () => {
  let clock: SimClock;
  let sim: SimNet;
  let victim: SimNode;
  let honest: SimNode;
  let chain: Block[];

  beforeEach(async () => {
    clock = new SimClock();
    sim = new SimNet(clock);
    victim = await SimNode.open(sim, 'victim');
    honest = await SimNode.open(sim, 'honest');
    chain = mineChain(GENESIS, 40);
    await honest.load(chain);
  });
  afterEach(async () => {
    await victim.close();
    await honest.close();
    assert.deepEqual([...victim.failures, ...honest.failures], []);
  });

  const lots = 1n << 80n;

  function liar(headers: readonly SealedHeader[], options: LiarOptions = {}): Liar {
    return new Liar(sim, 'liar', headers, { claimWork: lots, ...options });
  }

  async function expectRefused(rule: string): Promise<void> {
    sim.connect('victim', 'liar');
    await clock.until(() => victim.net.rulesAgainst('liar').length > 0, 60_000, 'blame');
    assert.equal(victim.net.rulesAgainst('liar')[0], rule);
    sim.connect('victim', 'honest');
    await clock.until(() => victim.tipId === honest.tipId, 60_000, 'honest sync');
    assert.deepEqual(victim.net.rulesAgainst('honest'), []);
  }

  it('bad proof of work', async () => {
    const bad = sealBadly(template(endOf(chain.slice(0, 10))));
    liar([...chain.slice(0, 10), bad]);
    await expectRefused('high-hash');
    assert.ok(victim.net.banned.has('liar'));
    assert.equal(victim.chain.entry(bad.header.hash), undefined);
  });

  it('wrong difficulty', async () => {
    const honestNext = template(endOf(chain.slice(0, 5)));
    const header = new BlockHeader({ ...fieldsOf(honestNext.header), bits: 0x207ffffe });
    liar([...chain.slice(0, 5), seal(new Block(header, honestNext.txs))]);
    await expectRefused('bad-diffbits');
    assert.ok(victim.net.banned.has('liar'));
  });

  it('time not after the median of the last eleven', async () => {
    liar([...chain.slice(0, 20), mine(endOf(chain.slice(0, 20)), { time: chain[10]?.header.time ?? 0 })]);
    await expectRefused('time-too-old');
  });

  it('headers that continue nothing we know (broken linkage)', async () => {
    const elsewhere = mineChain(endOf(mineChain(GENESIS, 3)), 5);
    liar([], { twist: (m) => (m.type === MESSAGE.HEADERS ? encodeHeaders(elsewhere, true) : undefined) });
    await expectRefused('bad-answer');
  });

  it('junk bytes as an answer', async () => {
    liar([], { twist: (m) => (m.type === MESSAGE.HEADERS ? Uint8Array.of(1, 2, 3) : undefined) });
    await expectRefused('malformed');
    assert.ok(victim.net.banned.has('liar'));
  });

  it('more work claimed than shown, again and again', async () => {
    liar(chain.slice(0, 3));
    sim.connect('victim', 'liar');
    sim.connect('victim', 'honest');
    await clock.until(() => victim.tipId === honest.tipId, 10_000, 'honest sync');
    await clock.until(() => victim.net.rulesAgainst('liar').includes('bad-answer'), 200_000, 'blame');
    assert.equal(victim.sync.progress.synced(), true);
  });

  it('silence: time-outs cost the silent peer, and the download goes on with the other at once', async () => {
    liar(chain, { twist: (m) => (m.type === MESSAGE.TIP ? undefined : new Promise<never>(() => {})) });
    sim.connect('victim', 'liar');
    sim.connect('victim', 'honest');
    await clock.until(() => victim.tipId === honest.tipId, 8000, 'honest sync');
    await clock.run(40_000);
    assert.ok(victim.net.rulesAgainst('liar').includes('timeout'));
  });

  it('headers without bodies: a better chain that nobody delivers does not stop the one that is there', async () => {
    const bare = mineChain(GENESIS, 120).map(({ header, seal: s }) => ({ header, seal: s }));
    new Liar(sim, 'liar', bare);
    sim.connect('victim', 'liar');
    await clock.until(() => victim.chain.bestHeader().height === 120, 5000, 'its headers');
    sim.connect('victim', 'honest');
    await clock.until(() => victim.tipId === honest.tipId, 10_000, 'honest sync');
    // New honest blocks keep coming in, far below the best header.
    await honest.mine(5);
    await clock.until(() => victim.tipId === honest.tipId, 10_000, 'new blocks');
    await clock.run(20_000);
    assert.match(victim.sync.progress.info().stalledReason ?? '', /block 1 /);
  });

  it('headers without bodies and without end, each raising the best: kept up to a bound; a long honest chain arrives', async function () {
    this.timeout(30_000);
    const bounded = await SimNode.open(sim, 'bounded', { headersAhead: 500 });
    try {
      const long = mineChain(GENESIS, 2050);
      const bare = long.slice(0, 2040).map(({ header, seal: s }) => ({ header, seal: s }));
      new Liar(sim, 'liar', bare);
      sim.connect('bounded', 'liar');
      await clock.run(60_000);
      // One answer holds 2000.
      assert.equal(bounded.chain.bestHeader().height, 2000);
      const next = { header: bare[1999]?.header as BlockHeader, height: 2000 };
      for (let i = 0; i < 3; i++) await bounded.net.heard('liar', 'header', encodeSealedHeader(mine(next)));
      assert.equal(bounded.chain.counters().headers, 2001);
      assert.deepEqual(bounded.net.penalties, []);
      new Liar(sim, 'owner', long);
      sim.connect('bounded', 'owner');
      await clock.until(() => bounded.height === 2050, 120_000, 'the whole chain');
    } finally {
      await bounded.close();
    }
  });

  it('a header whose block is withheld: whoever passed it on is waited for a moment, not for ever', async () => {
    await victim.load(chain);
    sim.add('liar');
    sim.connect('honest', 'liar');
    sim.connect('victim', 'honest');
    await clock.run(2000);
    assert.equal(victim.sync.progress.synced(), true);
    const withheld = mine(endOf(chain));
    await honest.net.heard('liar', 'header', encodeSealedHeader(withheld));
    await clock.run(1000);
    sim.disconnect('honest', 'liar');
    // Honest nodes hold each other for peers with a better chain: without an end, nobody would mine any more.
    for (const node of [victim, honest]) {
      assert.equal(node.chain.bestHeader().header.id, withheld.header.id);
      assert.deepEqual(node.net.penalties, []);
    }
    assert.equal(victim.sync.progress.synced(), false);
    await clock.run(5000);
    assert.equal(victim.sync.progress.synced(), true);
    // Something new makes it wait again.
    await honest.net.heard('liar', 'header', encodeSealedHeader(mine(endOf([...chain, withheld]))));
    await clock.run(100);
    assert.equal(victim.sync.progress.synced(), false);
    await honest.mine(3);
    await clock.until(() => victim.tipId === honest.tipId, 5000, 'honest blocks');
    assert.equal(victim.sync.progress.synced(), true);
  });

  it('a first download that stutters is not taken for a lie so soon', async () => {
    const silent: LiarOptions['twist'] = (m) => (m.type === MESSAGE.BLOCK ? new Promise<never>(() => {}) : undefined);
    new Liar(sim, 'liar', chain, { twist: silent });
    sim.connect('victim', 'liar');
    await clock.until(() => victim.chain.bestHeader().height === chain.length, 5000, 'headers');
    for (let s = 0; s < 60; s++) {
      assert.equal(victim.sync.progress.synced(), false);
      await clock.run(1000);
    }
  });

  it('a body that is not its header’s: refused, blamed, and the good copy comes from the other peer', async () => {
    const swap = (hash: Uint8Array): Uint8Array => {
      const at = chain.findIndex((b) => Buffer.compare(b.header.hash, hash) === 0);
      const block = chain[at] as Block;
      return encodeSealedBlock(new Block(block.header, (chain[(at + 1) % 40] as Block).txs));
    };
    const twist: LiarOptions['twist'] = (m) =>
      m.type === MESSAGE.BLOCK ? swap(decodeBlockRequest(m.payload).hash) : undefined;
    new Liar(sim, 'liar', chain, { twist });
    sim.connect('victim', 'liar');
    await clock.until(() => victim.net.rulesAgainst('liar').length > 0, 10_000, 'blame');
    assert.equal(victim.net.rulesAgainst('liar')[0], 'bad-txnmrklroot');
    assert.equal(victim.chain.entry((chain[0] as Block).header.hash)?.status, 'header');
    sim.connect('victim', 'honest');
    await clock.until(() => victim.tipId === honest.tipId, 10_000, 'the good copies');
  });

  it('another block than the one asked for', async () => {
    const twist: LiarOptions['twist'] = (m) =>
      m.type === MESSAGE.BLOCK ? encodeSealedBlock(chain[7] as Block) : undefined;
    new Liar(sim, 'liar', chain, { twist });
    await expectRefused('bad-answer');
  });

  it('an invalid block with good proof of work: its branch is left for good, its sender banned', async () => {
    const fork = chain.slice(0, 38);
    const greedy = mine(endOf(fork), { fees: 1n });
    const branch = [...fork, greedy, ...mineChain(endOf([...fork, greedy]), 10)];
    new Liar(sim, 'liar', branch);
    sim.connect('victim', 'liar');
    await clock.until(() => victim.net.banned.has('liar'), 20_000, 'ban');
    assert.equal(victim.net.rulesAgainst('liar')[0], 'bad-cb-amount');
    sim.connect('victim', 'honest');
    await clock.until(() => victim.tipId === honest.tipId, 10_000, 'honest sync');
    assert.equal(victim.chain.bestHeader().header.id, honest.tipId);
    assert.equal(victim.sync.progress.synced(), true);
  });

  it('two liars and one honest peer', async () => {
    const bad = sealBadly(template(endOf(chain.slice(0, 10))));
    liar([...chain.slice(0, 10), bad]);
    new Liar(sim, 'mute', chain, { claimWork: lots, twist: () => new Promise<never>(() => {}) });
    for (const key of ['liar', 'mute', 'honest']) sim.connect('victim', key);
    await clock.until(() => victim.tipId === honest.tipId, 20_000, 'honest sync');
  });

  describe('cheap chains', () => {
    /** The victim knows that the real chain has the work of 4000 blocks. */
    const MINIMUM = 4000n * workOf(0x207fffff);
    let strict: SimNode;
    beforeEach(async () => {
      strict = await SimNode.open(sim, 'strict', { minChainWork: MINIMUM });
    });
    afterEach(() => strict.close());

    it('a chain of too little work leaves nothing behind, and an honest peer that is behind is not blamed', async () => {
      new Liar(sim, 'short', chain);
      sim.connect('strict', 'short');
      await clock.run(20_000);
      assert.equal(strict.chain.counters().headers, 1);
      assert.deepEqual(strict.net.penalties, []);
    });

    it('a flood of cheap headers: counted, never kept, its sender banned', async function () {
      this.timeout(20_000);
      const cheap = mineChain(GENESIS, 100);
      let given = 0;
      let at = endOf(cheap);
      const twist: LiarOptions['twist'] = (m) => {
        if (m.type !== MESSAGE.HEADERS) return undefined;
        // 2000 new headers per question, without end; they are valid, but the victim wants the work of many more.
        const batch = mineChain(given === 0 ? GENESIS : at, 2000);
        at = { header: (batch.at(-1) as Block).header, height: at.height + 2000 };
        given += 2000;
        return encodeHeaders(batch, true);
      };
      new Liar(sim, 'flood', [], { claimWork: lots, claimHeight: 100, twist });
      const node = await SimNode.open(sim, 'patient', { minChainWork: lots });
      sim.connect('patient', 'flood');
      await clock.until(() => node.net.banned.has('flood'), 60_000, 'ban');
      assert.equal(node.net.rulesAgainst('flood')[0], 'header-flood');
      assert.equal(node.chain.counters().headers, 1);
      assert.ok(given <= 8000, `${given} headers were taken`);
      await node.close();
    });

    it('a chain with enough work is shown twice and then kept', async function () {
      this.timeout(20_000);
      const long = mineChain(GENESIS, 4500);
      const peer = new Liar(sim, 'long', long);
      sim.connect('strict', 'long');
      await clock.until(() => strict.chain.bestHeader().height === 4500, 20_000, 'headers');
      // Three answers to show the work, three to hand it over.
      assert.equal(peer.asked.filter((t) => t === MESSAGE.HEADERS).length >= 5, true);
      assert.deepEqual(strict.net.rulesAgainst('long'), []);
    });

    it('another chain the second time is refused', async function () {
      this.timeout(40_000);
      const first = mineChain(GENESIS, 4500);
      let refused = 0;
      // Seven bits of commitment lie in 4,500 headers: another chain passes one time in 128, so more than one is tried.
      for (let attempt = 0; attempt < 3 && refused === 0; attempt++) {
        const node = await SimNode.open(sim, `strict${attempt}`, { minChainWork: MINIMUM });
        const other = new Liar(sim, `second${attempt}`, mineChain(GENESIS, 4500));
        let questions = 0;
        const twist: LiarOptions['twist'] = (m) => {
          if (m.type !== MESSAGE.HEADERS) return undefined;
          return ++questions > 2 ? other.headersAfter(m.payload) : undefined;
        };
        const changing = `changing${attempt}`;
        new Liar(sim, changing, first, { twist });
        sim.connect(`strict${attempt}`, changing);
        const over = (): boolean => node.net.rulesAgainst(changing).length > 0 || node.chain.counters().headers > 1;
        await clock.until(over, 20_000, 'blame');
        if (node.chain.counters().headers === 1) {
          assert.equal(node.net.rulesAgainst(changing)[0], 'header-flood');
          refused++;
        }
        await node.close();
      }
      assert.equal(refused, 1);
    });
  });
});
