import { ChainManager } from '../../src/chain/chainManager.ts';
import { inlineScriptChecker, type VerifyInput } from '../../src/chain/scriptCheckerInline.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { TxPool } from '../../src/mempool/txPool.ts';
import type { Network } from '../../src/params/network.ts';
import type { Block } from '../../src/primitives/block.ts';
import { type Hash256, hashKey } from '../../src/primitives/hash.ts';
import { broken, PASSED } from '../../src/primitives/rules.ts';
import { silentLogger } from '../../src/util/ports.ts';
import type { PeerKey } from '../../src/wire/peer.ts';
import { mine, type Place, regtest } from '../chain/regtestMiner.ts';
import { openStore } from '../chain/setup.ts';
import { PAYOUT } from '../mempool/setup.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { ChainSync } from './chainSync.ts';
import { Relay } from './fullRelay.ts';
import { FULL, helloWith, type SimNet, type SimPeer, seededRandom } from './simNet.ts';

export interface SimNodeOptions {
  readonly minChainWork?: bigint;
  readonly headersAhead?: number;
  readonly network?: Network;
  /** Why no blocks are taken now. */
  readonly paused?: () => string | undefined;
}

/** A scriptSig of one zero byte fails, everything else passes. */
const verify: VerifyInput = (tx, index) => {
  const { scriptSig } = tx.inputs[index] as (typeof tx.inputs)[number];
  const fails = scriptSig.length === 1 && scriptSig[0] === 0;
  return fails ? { ok: false, error: 'EVAL_FALSE', detail: 'steered' } : { ok: true };
};

/** A whole full node but for libp2p, disk and RPC: real chain, pool, sync and relay in the simulated network. */
export class SimNode {
  readonly key: PeerKey;
  readonly net: SimPeer;
  readonly chain: ChainManager;
  readonly pool: TxPool;
  readonly sync: ChainSync;
  readonly relay: Relay;
  /** Our own failures: a test that sees one has found a bug. */
  readonly failures: unknown[] = [];

  private constructor(sim: SimNet, key: PeerKey, chain: ChainManager, pool: TxPool, options: SimNodeOptions) {
    this.key = key;
    this.net = sim.add(key);
    this.chain = chain;
    this.pool = pool;
    const network = options.network ?? regtest;
    const random = seededRandom([...key].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7));
    const common = {
      chain,
      net: this.net,
      clock: sim.clock,
      timers: sim.clock,
      random,
      logger: silentLogger,
      services: FULL,
      fail: (error: unknown) => this.failures.push(error),
    };
    this.sync = new ChainSync({
      ...common,
      judge: judgeFor(network),
      params: network.consensus,
      minChainWork: options.minChainWork ?? 0n,
      ...(options.headersAhead === undefined ? {} : { headersAhead: options.headersAhead }),
      ...(options.paused === undefined ? {} : { paused: options.paused }),
    });
    const { tips, headers, blocks, progress } = this.sync;
    const status = () => {
      const info = progress.info();
      return { ...info, peers: this.net.peers().length, mempool: pool.size, stalled: info.stalledReason ?? '' };
    };
    this.relay = new Relay({ ...common, mempool: pool, headers, tips, blocks, status });
    this.#join();
  }

  static async open(sim: SimNet, key: PeerKey, options: SimNodeOptions = {}): Promise<SimNode> {
    const network = options.network ?? regtest;
    const scripts = inlineScriptChecker({ verify, pause: async () => {} });
    const { clock } = sim;
    const chain = await ChainManager.open({
      network,
      judge: judgeFor(network),
      store: await openStore(new MemoryDisk()),
      scripts,
      clock,
      evidence: { keep: async () => {} },
      room: async () => {
        const paused = options.paused?.();
        return paused === undefined ? PASSED : broken('no-disk-space', paused);
      },
    });
    const blockOf = new Map<string, Hash256>();
    chain.events.on('connected', ({ entry, block }) => {
      for (const tx of block.txs) blockOf.set(hashKey(tx.txid), entry.header.hash);
    });
    chain.useTxIndex(async (txid) => blockOf.get(hashKey(txid)));
    const pool = new TxPool({ chain, params: network.consensus, clock, log: silentLogger, scripts });
    const node = new SimNode(sim, key, chain, pool, options);
    node.sync.start();
    node.relay.start();
    return node;
  }

  #join(): void {
    const { net, relay, sync, chain } = this;
    net.hello = () => {
      const { height, header, chainWork } = chain.tip();
      return helloWith({ height, bestHash: header.hash, chainWork });
    };
    net.onReady = (peer) => {
      sync.onReady(peer);
      relay.onReady(peer);
    };
    net.onGone = (peer) => sync.onGone(peer);
    net.gossip.set('tx', relay.gossip.tx).set('block', relay.gossip.block).set('header', relay.gossip.header);
    net.serve.set('sync', relay.serve.sync).set('light', relay.serve.light);
  }

  get height(): number {
    return this.chain.tip().height;
  }
  get tipId(): string {
    return this.chain.tip().header.id;
  }

  /** Mines blocks on the tip as a miner does: through the chain's door. */
  async mine(count = 1, txs: Block['txs'] = []): Promise<Block[]> {
    const blocks: Block[] = [];
    for (let i = 0; i < count; i++) {
      const block = mine(this.chain.tip(), { payout: PAYOUT, txs: i === 0 ? txs : [] });
      const verdict = await this.chain.acceptBlock(block, { requested: true });
      if (!verdict.ok) throw new Error(`${verdict.rule}: ${verdict.detail}`);
      blocks.push(block);
    }
    return blocks;
  }

  /** Takes blocks in, headers first. */
  async load(blocks: readonly Block[]): Promise<void> {
    const { error } = await this.chain.acceptHeaders(blocks);
    if (error !== undefined) throw new Error(`${error.rule}: ${error.detail}`);
    for (const block of blocks) {
      const verdict = await this.chain.acceptBlock(block, { requested: true });
      if (!verdict.ok) throw new Error(`${verdict.rule}: ${verdict.detail}`);
    }
  }

  async close(): Promise<void> {
    await this.relay.close();
    await this.sync.close();
    await this.chain.close();
  }
}

/** Where the next block after `blocks` (on genesis) goes. */
export function endOf(blocks: readonly Block[]): Place {
  const last = blocks.at(-1);
  return last === undefined
    ? { header: regtest.genesis.header, height: 0 }
    : { header: last.header, height: blocks.length };
}
