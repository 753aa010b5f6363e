import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IndexEntry } from '../../src/chain/headerIndex.ts';
import { createNetworkDefinition } from '../../src/params/createNetwork.ts';
import { networkOf } from '../../src/params/definition.ts';
import { workOf } from '../../src/primitives/compact.ts';
import { hashKey } from '../../src/primitives/hash.ts';
import type { SealedHeader } from '../../src/primitives/header.ts';
import { encodeSealedHeader } from '../../src/wire/messages/gossip.ts';
import { decodeHeadersRequest, encodeHeaders } from '../../src/wire/messages/headers.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { MINER_ADDRESS, NETWORKS } from '../support/cluster.ts';
import { headersOn, orphanHeader, unprovenOn, watchAnswers } from '../support/headerFlood.ts';
import { LiarScene } from '../support/liarScene.ts';
import type { Twist } from '../support/lyingPeer.ts';
import { watchMemory } from '../support/memory.ts';
import { until } from '../support/wait.ts';

const BATCH = 2000;
/** Longest that RPC may keep silent while a flood comes in; the machine may be busy with other things too. */
const MOST_MS = 5000;

/** Serves a chain of headers on genesis, `BATCH` at a time, after the newest hash of the question. */
function serving(headers: readonly SealedHeader[]): Twist {
  const places = new Map(headers.map(({ header }, i) => [header.key, i + 1]));
  return ({ type, payload }) => {
    if (type !== MESSAGE.HEADERS) return undefined;
    const known = decodeHeadersRequest(payload).locator.map((hash) => places.get(hashKey(hash)));
    const from = known.find((at) => at !== undefined) ?? 0;
    return encodeHeaders(headers.slice(from, from + BATCH), true);
  };
}

/** Runs `flood` and checks what it costs the node: memory in MiB, and the patience of RPC clients. */
async function endured(scene: LiarScene, mostMiB: number, flood: () => Promise<void>): Promise<void> {
  const memory = watchMemory(scene.node);
  const answers = watchAnswers(scene.node);
  try {
    await flood();
  } finally {
    const [grown, longest] = [memory.stop(), await answers.stop()];
    if (process.env.CAIRN_TEST_LOG !== undefined)
      console.log(`      +${grown.toFixed(0)} MiB, ${longest.toFixed(0)} ms`);
    assert.ok(grown < mostMiB, `resident memory grew by ${grown.toFixed(0)} MiB, at most ${mostMiB}`);
    assert.ok(longest < MOST_MS, `RPC was silent for ${longest.toFixed(0)} ms`);
  }
}

for (const network of NETWORKS) {
  describe(`a flood of headers (${network})`, function () {
    this.timeout(90_000);
    let scene: LiarScene;
    before(async () => {
      scene = new LiarScene(network);
      await scene.start(network === 'regtest' ? BATCH : 10);
    });
    after(() => scene.end());

    if (network === 'regtest') {
      it('60,000 valid ones from genesis with less work than the tip, by ten peer ids: each banned, the rest goes on', async () => {
        const { header } = scene.maker.genesis;
        const before = await scene.node.tip();
        await endured(scene, 256, async () => {
          for (let i = 0; i < 10; i++) {
            let served: SealedHeader[] = [];
            const liar = await scene.connected({
              twist: (message) => {
                if (message.type !== MESSAGE.HEADERS) return undefined;
                served = headersOn(header, BATCH - 10, header.bits, 1);
                return encodeHeaders(served, true);
              },
            });
            // An unknown parent makes the node ask again and again.
            for (let asked = -1; (await scene.peer(liar.key)) !== undefined; ) {
              if (liar.asked.length === asked) continue;
              asked = liar.asked.length;
              await liar.gossip('header', encodeSealedHeader(orphanHeader(header.bits))).catch(() => undefined);
            }
            await scene.bannedKey(liar.key, 'header-flood');
            assert.ok(served.length > 0);
          }
        });
        assert.equal(await scene.node.tip(), before);
        await scene.goesOn();
      });
    }

    it('an answer of 2,000 without proof: banned at the first of them', async () => {
      const tip = await scene.tip();
      const bits = scene.maker.bitsAfter(tip, tip.header.time + 1);
      const headers = unprovenOn(tip.header, BATCH, bits);
      const liar = await scene.connected({
        twist: ({ type }) => (type === MESSAGE.HEADERS ? encodeHeaders(headers, true) : undefined),
        claim: {
          height: tip.height + BATCH,
          bestHash: headers.at(-1)?.header.hash as Uint8Array,
          chainWork: 2n ** 60n,
        },
      });
      await scene.banned(liar, 'high-hash');
      await scene.goesOn();
    });

    it('60,000 by gossip on parents that nobody knows, by three peer ids: each banned, memory bounded, RPC answers', async () => {
      const bits = scene.maker.network.consensus.pow.limitBits;
      await endured(scene, 256, async () => {
        const liars = await Promise.all([0, 1, 2].map(() => scene.connected()));
        for (const liar of liars) {
          await liar.gossip('header', encodeSealedHeader(orphanHeader(bits)));
          for (let i = 1; i < 20_200; i++) {
            await liar.net.publish('header', encodeSealedHeader(orphanHeader(bits)));
            if (i % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          await scene.bannedKey(liar.key, 'header-flood', 30_000);
        }
      });
      await scene.goesOn();
    });
  });
}

/** Hashes per block at the pace of `SPACING`, and the target that blocks further and further apart lead to. */
const START_BITS = 0x1f0fffff;
const LIMIT_BITS = 0x207fffff;
const SPACING = 15;

describe('a flood of cheap headers (own network whose difficulty can fall)', function () {
  this.timeout(90_000);
  const genesisTime = Math.floor(Date.now() / 1000) - 40 * 86_400;
  const dir = mkdtempSync(join(tmpdir(), 'cairn-flood-'));
  let scene: LiarScene;
  let cheap: SealedHeader[];

  before(async () => {
    const definition = createNetworkDefinition({
      name: 'flood',
      genesisTime,
      spacing: SPACING,
      limitBits: LIMIT_BITS,
      startBits: START_BITS,
    });
    const file = join(dir, 'flood.json');
    writeFileSync(file, JSON.stringify(definition));
    scene = new LiarScene(file, networkOf(definition));
    await scene.start(0);
    // An honest chain that kept its pace, so that its difficulty did not move.
    for (let height = 1; height <= 200; height++) {
      await scene.honest.rpc('setmocktime', genesisTime + height * SPACING);
      await scene.honest.rpc('generatetoaddress', 1, MINER_ADDRESS);
    }
    await scene.honest.rpc('setmocktime', 0);
    const tip = await scene.honest.tip();
    await until('the honest chain on the node', 20_000, async () => (await scene.node.tip()) === tip);
    cheap = cheapBranch(70_000);
  });
  after(async () => {
    await scene.end();
    rmSync(dir, { recursive: true, force: true });
  });

  /** A branch on genesis with hours between its first blocks: after a few each costs two hashes, by the rules. */
  function cheapBranch(count: number): SealedHeader[] {
    const { maker } = scene;
    let at: IndexEntry = maker.genesis;
    const first: SealedHeader[] = [];
    // Until the difficulty clock is at its stop: then the bits stay what they are.
    while (at.height < 2 || maker.bitsAfter(at, 0) !== at.header.bits) {
      at = maker.mine(at, { time: at.header.time + 72 * SPACING });
      first.push(maker.bodyOf(at));
    }
    const { bits } = at.header;
    assert.ok(workOf(bits) <= 2n, `bits ${bits.toString(16)}`);
    return [...first, ...headersOn(at.header, count - first.length, bits, SPACING)];
  }

  it('less work than is claimed: walked without keeping one, the liar blamed; longer than claimed: banned', async () => {
    const before = await scene.node.tip();
    const chainWork = 2n ** 64n;
    const bestHash = new Uint8Array(32).fill(0x99);
    await endured(scene, 256, async () => {
      const short = await scene.connected({ twist: serving(cheap), claim: { height: 70_000, bestHash, chainWork } });
      await scene.scored(short, 50, 30_000);
      // Several, so that what each left behind would add up.
      for (let i = 0; i < 3; i++) {
        const long = await scene.connected({ twist: serving(cheap), claim: { height: 60_000, bestHash, chainWork } });
        await scene.bannedKey(long.key, 'header-flood', 30_000);
      }
    });
    assert.equal(await scene.node.tip(), before);
    const info = await scene.node.rpc<{ headers: number }>('getblockchaininfo');
    assert.equal(info.headers, 200, 'cheap headers entered the tree');
    assert.equal((await scene.node.rpc<unknown[]>('getchaintips')).length, 1);
    await scene.goesOn();
  });
});
