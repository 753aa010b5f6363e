import { strict as assert } from 'node:assert';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { mineChain, regtest } from '../chain/regtestMiner.ts';
import { PAYOUT, pay } from '../mempool/setup.ts';
import { Liar } from '../support/liar.ts';
import { SimClock } from '../support/simClock.ts';
import { SimNet, seededRandom } from '../support/simNet.ts';
import { SimNode } from '../support/simNode.ts';

const GENESIS = { header: regtest.genesis.header, height: 0 };
const BASE = mineChain(GENESIS, 105, { payout: PAYOUT });

/** Random mining, payments, cuts, partitions and a mute liar with a better chain: at the end all honest nodes agree. */
describe('sync: chaos', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`honest nodes agree in the end (seed ${seed})`, async function () {
      this.timeout(20_000);
      const random = seededRandom(seed * 7919);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random.unit() * items.length)] as T;
      const clock = new SimClock();
      const sim = new SimNet(clock);
      const keys = ['a', 'b', 'c', 'd', 'e'];
      const nodes: SimNode[] = [];
      for (const key of keys) {
        const node = await SimNode.open(sim, key);
        await node.load(BASE);
        nodes.push(node);
      }
      const mute = [...BASE, ...mineChain({ header: (BASE[104] as (typeof BASE)[0]).header, height: 105 }, 80)];
      new Liar(sim, 'mute', mute, {
        twist: (m) => (m.type === MESSAGE.BLOCK ? new Promise<never>(() => {}) : undefined),
      });
      const coins = BASE.slice(0, 5).map((b) => ({ tx: b.txs[0] as (typeof b.txs)[number], index: 0 }));

      for (let step = 0; step < 60; step++) {
        const roll = random.unit();
        if (roll < 0.35) sim.connect(pick(keys), pick(keys));
        else if (roll < 0.4) sim.connect(pick(keys), 'mute');
        else if (roll < 0.5) sim.disconnect(pick(keys), pick(keys));
        else if (roll < 0.55) sim.partition(keys.filter(() => random.unit() < 0.5));
        else if (roll < 0.6) sim.partition();
        else if (roll < 0.85) await pick(nodes).mine(1 + Math.floor(random.unit() * 3));
        else {
          const coin = coins.pop();
          if (coin !== undefined) await pick(nodes).pool.admit(pay([coin]));
        }
        await clock.run(Math.floor(random.unit() * 3000));
      }
      sim.partition();
      for (let i = 0; i < keys.length; i++) sim.connect(keys[i] as string, keys[(i + 1) % keys.length] as string);
      // One more block decides between branches of equal work.
      await clock.run(5000);
      await (nodes[0] as SimNode).mine(1);
      const most = (): bigint =>
        nodes.reduce((max, n) => (n.chain.tip().chainWork > max ? n.chain.tip().chainWork : max), 0n);
      const alike = (): boolean => nodes.every((n) => n.chain.tip().chainWork === most());
      await clock.until(alike, 60_000, 'agreement on work').catch((error: Error) => {
        throw new Error(
          `${error.message}: ${nodes.map((n) => [n.key, n.height, JSON.stringify(n.sync.progress.info()), [...n.net.links.keys()]].join(' ')).join('\n')}`,
        );
      });
      await (nodes[1] as SimNode).mine(1);
      await clock.until(() => nodes.every((n) => n.tipId === nodes[1]?.tipId), 20_000, 'agreement');
      const pools = (): string =>
        nodes
          .map((n) =>
            n.pool
              .entries()
              .map((e) => e.tx.id)
              .sort()
              .join(),
          )
          .join('|');
      await clock.until(() => new Set(pools().split('|')).size === 1, 120_000, `pools alike: ${pools()}`);
      for (const node of nodes) {
        assert.deepEqual(node.failures, []);
        for (const key of keys)
          assert.ok(!node.net.banned.has(key), `${node.key} banned ${key}: ${node.net.rulesAgainst(key)}`);
        await node.close();
      }
    });
  }
});
