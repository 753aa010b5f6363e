import { scriptBackend } from '../../src/app/backend/scripts.ts';
import type { Network } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import type { Block } from '../../src/primitives/block.ts';
import { workOf } from '../../src/primitives/compact.ts';
import { type Hash256, hashKey } from '../../src/primitives/hash.ts';
import type { SealedHeader } from '../../src/primitives/header.ts';
import { type OutPoint, outPointKey } from '../../src/primitives/outpoint.ts';
import { buildPartialMerkleTree } from '../../src/primitives/partialMerkle.ts';
import { broken, type Check, passed } from '../../src/primitives/rules.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import type {
  Backend,
  CoinInfo,
  CoinSetHashName,
  DumpRefusal,
  HeaderInfo,
  PeerEntry,
  PoolEntryInfo,
} from '../../src/rpc/backend.ts';
import { equalBytes } from '../../src/util/bytes.ts';
import { mine } from '../chain/regtestMiner.ts';

/** A node in memory: a chain of real regtest blocks, a pool without rules, peers that are a list. */
export class FakeNode {
  readonly network: Network;
  readonly entries = new Map<string, HeaderInfo>();
  readonly bodies = new Map<string, Block>();
  readonly undo = new Map<string, { outpoint: OutPoint; coin: CoinInfo }[]>();
  readonly coins = new Map<string, CoinInfo>();
  active: HeaderInfo[] = [];
  readonly pool: PoolEntryInfo[] = [];
  readonly sent: Tx[] = [];
  peers: PeerEntry[] = [];
  readonly manual: { address: string; connected: boolean }[] = [];
  readonly bans: { target: string; createdMs: number; untilMs: number; reason: string }[] = [];
  readonly dialled: string[] = [];
  nowMs = 1_700_000_000_000;
  monotonic = 5_000;
  stopped = false;
  mockTime: number | undefined;
  /** What the next judged transaction gets instead of acceptance. */
  refuse: Check<never> | undefined;
  txIndex = true;
  /** False while the index is being built. */
  txIndexSynced = true;
  /** What dumptxoutset gets instead of a file. */
  dumpRefusal: DumpRefusal | undefined;
  /** What loadtxoutset gets instead of a tip. */
  loadRefusal: { readonly reason: 'cannot-open' | 'malformed' | 'refused'; readonly detail: string } | undefined;
  /** Transactions up to a block of the active chain. */
  chainTx = (height: number): number | undefined =>
    this.active.slice(0, height + 1).reduce((sum, entry) => sum + entry.txCount, 0);
  readonly #tipListeners = new Set<() => void>();

  constructor(networkName = 'regtest') {
    this.network = builtInNetwork(networkName) as Network;
    this.#connect(this.network.genesis);
  }

  get tip(): HeaderInfo {
    return this.active.at(-1) as HeaderInfo;
  }

  listenerCount(): number {
    return this.#tipListeners.size;
  }

  /** BIP113: median of the last eleven times, the header's own included. */
  #medianTime(time: number, parent: HeaderInfo | undefined): number {
    const times = [time];
    for (let at = parent; at !== undefined && times.length < 11; at = this.entries.get(hashKey(at.header.prevHash))) {
      times.push(at.header.time);
    }
    return times.sort((a, b) => a - b)[times.length >> 1] as number;
  }

  addHeader(sealed: SealedHeader, status: HeaderInfo['status'], txCount: number): HeaderInfo {
    const { header, seal } = sealed;
    const parent = this.entries.get(hashKey(header.prevHash));
    const entry: HeaderInfo = {
      header,
      seal,
      height: parent === undefined ? 0 : parent.height + 1,
      chainWork: (parent?.chainWork ?? 0n) + workOf(header.bits),
      medianTime: this.#medianTime(header.time, parent),
      status,
      hasBody: txCount > 0,
      txCount,
    };
    this.entries.set(header.key, entry);
    return entry;
  }

  #connect(block: Block): void {
    const entry = this.addHeader(block, 'valid', block.txs.length);
    this.bodies.set(block.header.key, block);
    const spent: { outpoint: OutPoint; coin: CoinInfo }[] = [];
    for (const tx of block.txs) {
      for (const { prevout } of tx.isCoinbase ? [] : tx.inputs) {
        const coin = this.coins.get(outPointKey(prevout));
        if (coin !== undefined && coin.height < entry.height) spent.push({ outpoint: prevout, coin });
        this.coins.delete(outPointKey(prevout));
      }
      if (entry.height === 0) continue;
      for (const [index, out] of tx.outputs.entries()) {
        const coin = { out, height: entry.height, coinbase: tx.isCoinbase };
        this.coins.set(outPointKey({ txid: tx.txid, index }), coin);
      }
    }
    this.undo.set(block.header.key, spent);
    this.active.push(entry);
    for (const listener of [...this.#tipListeners]) listener();
  }

  /** Mines a block on the tip that pays `payout`, with the given transactions. */
  mine(txs: readonly Tx[] = [], payout?: Uint8Array): Block {
    const block = mine(this.tip, payout === undefined ? { txs } : { txs, payout });
    this.#connect(block);
    return block;
  }

  submit(block: Block): Check<{ readonly result: 'connected' | 'stored' | 'known' }> {
    if (this.bodies.has(block.header.key)) return passed({ result: 'known' });
    if (!this.entries.has(hashKey(block.header.prevHash))) return broken('prev-blk-not-found', '');
    if (!equalBytes(block.header.prevHash, this.tip.header.hash)) {
      this.addHeader(block, 'stored', block.txs.length);
      this.bodies.set(block.header.key, block);
      return passed({ result: 'stored' });
    }
    this.#connect(block);
    return passed({ result: 'connected' });
  }

  addToPool(tx: Tx, fee: bigint): PoolEntryInfo {
    const entry = { tx, fee, timeMs: this.nowMs, height: this.tip.height, sequence: this.pool.length };
    this.pool.push(entry);
    return entry;
  }

  #relatives(entry: PoolEntryInfo, next: (of: PoolEntryInfo) => PoolEntryInfo[]): PoolEntryInfo[] {
    const found = new Set<PoolEntryInfo>();
    const open = next(entry);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (found.has(at)) continue;
      found.add(at);
      open.push(...next(at));
    }
    return [...found];
  }

  async test(tx: Tx): Promise<Check<PoolEntryInfo>> {
    if (this.refuse !== undefined) return this.refuse;
    const coins = tx.inputs.map(({ prevout }) => this.coins.get(outPointKey(prevout)));
    if (coins.includes(undefined)) return broken('missing-inputs', '');
    const fee = coins.reduce((sum, coin) => sum + (coin as CoinInfo).out.value, 0n);
    const paid = tx.outputs.reduce((sum, out) => sum + out.value, 0n);
    return passed({ tx, fee: fee - paid, timeMs: this.nowMs, height: this.tip.height, sequence: 0 });
  }

  /** All groups, as a full node that mines has them. */
  full(): Backend & { readonly [K in keyof Backend]-?: Backend[K] } {
    return { ...this.#always(), ...this.#fullOnly(), ...this.#network(), light: { info: () => this.lightInfo } };
  }

  /** What a light node has. */
  light(): Backend {
    const { proofs } = this.#fullOnly();
    const transactions = {
      submitTx: async (tx: Tx) => {
        this.sent.push(tx);
        return this.refuse ?? passed(undefined);
      },
    };
    return { ...this.#always(), ...this.#network(), proofs, transactions, light: { info: () => this.lightInfo } };
  }

  readonly lightInfo = { servers: 2, agreeing: 2, wanted: 2, lastHeaderMs: 1_700_000_000_000 };

  #always() {
    return {
      node: {
        network: this.network,
        role: 'full',
        userAgent: '/Cairn:0.1.0/',
        protocolVersion: 1,
        clock: { nowMs: () => this.nowMs, monotonicMs: () => this.monotonic },
        timers: {
          after: (ms: number, fn: () => void) => {
            const timer = setTimeout(fn, ms);
            return () => clearTimeout(timer);
          },
          every: () => () => {},
        },
        startedMonotonicMs: 1_000,
        logPath: '/tmp/cairn.log',
        memory: () => ({ total: 1000, used: 400 }),
        warnings: () => ['a warning'],
        sync: () => ({
          phase: 'synced',
          headers: this.tip.height,
          blocks: this.tip.height,
          rate: 0,
          eta: undefined,
          stalledReason: undefined,
          initialDownload: false,
        }),
        stop: () => {
          this.stopped = true;
        },
      },
      headers: {
        tip: () => this.tip,
        bestHeader: () => this.tip,
        atHeight: (height: number) => this.active[height],
        entry: (hash: Hash256) => this.entries.get(hashKey(hash)),
        tips: () => {
          const parents = new Set([...this.entries.values()].map((entry) => hashKey(entry.header.prevHash)));
          return [...this.entries.values()].filter((entry) => !parents.has(entry.header.key));
        },
        nextBits: () => this.tip.header.bits,
        chainTx: ({ height }: HeaderInfo) => this.chainTx(height),
        acceptHeader: async (sealed: SealedHeader) => passed(this.addHeader(sealed, 'header', 0)),
        onTip: (listener: () => void) => {
          this.#tipListeners.add(listener);
          return () => {
            this.#tipListeners.delete(listener);
          };
        },
      },
      scripts: scriptBackend(this.network.prefixes),
    };
  }

  #fullOnly() {
    const node = this;
    const findTx = (txid: Hash256) =>
      node.active.find((entry) => node.bodies.get(entry.header.key)?.txs.some((tx) => equalBytes(tx.txid, txid)));
    const pool = (txid: Hash256) => node.pool.find((entry) => equalBytes(entry.tx.txid, txid));
    const spender = (o: OutPoint) =>
      node.pool.find((entry) => entry.tx.inputs.some(({ prevout }) => outPointKey(prevout) === outPointKey(o)));
    const isEntry = (entry: PoolEntryInfo | undefined): entry is PoolEntryInfo => entry !== undefined;
    return {
      blocks: {
        readBlock: async (hash: Hash256) => node.bodies.get(hashKey(hash)),
        spentCoins: async (hash: Hash256) => node.undo.get(hashKey(hash)),
        coins: async (outpoints: readonly OutPoint[]) => outpoints.map((o) => node.coins.get(outPointKey(o))),
        get txIndex() {
          return node.txIndex;
        },
        indexes: () =>
          node.txIndex ? [{ name: 'txindex', synced: node.txIndexSynced, bestHeight: node.tip.height }] : [],
        findTx: async (txid: Hash256) => findTx(txid),
        sizeOnDisk: async () => 12_345,
        pruning: undefined,
        submitBlock: async (block: Block) => node.submit(block),
        ledgerHash: async () => ({ tip: node.tip, hash: new Uint8Array(32).fill(7), coins: node.coins.size }),
      },
      coinSet: {
        async summarize(hash: CoinSetHashName, gone: () => boolean) {
          const coins = [...node.coins.values()];
          if (node.stopped || gone()) return undefined;
          return {
            tip: node.tip,
            coins: coins.length,
            transactions: coins.length,
            bogoSize: 51 * coins.length,
            totalAmount: coins.reduce((sum, coin) => sum + coin.out.value, 0n),
            hash: hash === 'none' ? undefined : new Uint8Array(32).fill(hash === 'muhash' ? 9 : 8),
            diskSize: 40 * coins.length,
          };
        },
        async dump(path: string, base?: HeaderInfo) {
          const refusal = node.dumpRefusal;
          if (refusal !== undefined) return { ok: false as const, reason: refusal, path: `/data/${path}` };
          const at = base ?? node.tip;
          const hash = new Uint8Array(32).fill(8);
          const value = { path: `/data/${path}`, base: at, coins: node.coins.size, hash, chainTx: at.height + 1 };
          return { ok: true as const, value };
        },
        async load(path: string) {
          const refusal = node.loadRefusal;
          if (refusal !== undefined) return { ok: false as const, path: `/data/${path}`, ...refusal };
          return { ok: true as const, value: { path: `/data/${path}`, base: node.tip, coins: node.coins.size } };
        },
        chainStates: () => [
          {
            tip: node.active[0] as HeaderInfo,
            snapshot: undefined,
            validated: true,
            dbCacheBytes: 8,
            tipCacheBytes: 9,
          },
          { tip: node.tip, snapshot: node.tip.header.hash, validated: false, dbCacheBytes: 10, tipCacheBytes: 11 },
        ],
      },
      mempool: {
        get: pool,
        spender,
        entries: () => node.pool,
        ancestors: (entry: PoolEntryInfo) =>
          node.#relatives(entry, (at) => at.tx.inputs.map((input) => pool(input.prevout.txid)).filter(isEntry)),
        descendants: (entry: PoolEntryInfo) =>
          node.#relatives(entry, ({ tx }) =>
            tx.outputs.map((_, index) => spender({ txid: tx.txid, index })).filter(isEntry),
          ),
        get size() {
          return node.pool.length;
        },
        get vbytes() {
          return node.pool.reduce((sum, entry) => sum + entry.tx.vsize, 0);
        },
        memory: 4096,
        maxMemory: 300_000_000,
        minRelayFeeRate: 1000n,
        minFeeRate: 1000n,
        policy: {
          incrementalFeeRate: 1000n,
          fullRbf: false,
          permitBareMultisig: true,
          maxDataCarrierBytes: 100_000,
          maxClusterCount: 64,
          maxClusterVbytes: 101_000,
        },
        changes: () => node.pool.length + 1,
        isUnbroadcast: () => false,
        test: (tx: Tx) => node.test(tx),
      },
      transactions: {
        async submitTx(tx: Tx): Promise<Check<unknown>> {
          const verdict = await node.test(tx);
          if (verdict.ok) {
            node.sent.push(tx);
            if (pool(tx.txid) === undefined) node.addToPool(tx, verdict.value.fee);
          }
          return verdict;
        },
      },
      proofs: {
        async prove(txids: readonly Hash256[], hash: Hash256 | undefined) {
          const entry = hash === undefined ? findTx(txids[0] as Hash256) : node.entries.get(hashKey(hash));
          if (entry === undefined) return { ok: false as const, reason: 'not-in-block' as const };
          const block = node.bodies.get(entry.header.key) as Block;
          const all = block.txs.map((tx) => tx.txid);
          const wanted = (txid: Hash256) => txids.some((one) => equalBytes(one, txid));
          const tree = buildPartialMerkleTree(all, wanted);
          return { ok: true as const, proof: { header: entry.header, tree } };
        },
      },
      mining: {
        async generate(count: number, script: Uint8Array) {
          return Array.from({ length: count }, () => node.mine([], script).header.hash);
        },
        status: () => ({ running: true, hashRate: 5, template: { weight: 4000, txs: 0 } }),
        minFeeRate: 1n,
      },
      development: {
        setMockTime: (seconds: number) => {
          node.mockTime = seconds;
        },
      },
    };
  }

  #network() {
    return {
      peers: {
        key: '12D3KooWOwn',
        services: 7,
        serviceNames: () => ['FULL'],
        addresses: () => ['/ip4/127.0.0.1/tcp/18444/p2p/12D3KooWOwn'],
        peers: () => this.peers,
        totals: () => ({ bytesSent: 10, bytesReceived: 20 }),
        connect: async (address: string) => {
          this.dialled.push(address);
          if (address.includes('refuse')) throw new Error('connection refused');
        },
        addManual: (address: string) => {
          this.manual.push({ address, connected: false });
        },
        removeManual: (address: string) => {
          const at = this.manual.findIndex((one) => one.address === address);
          if (at >= 0) this.manual.splice(at, 1);
          return at >= 0;
        },
        manual: () => this.manual,
        disconnect: async (key: string) => {
          const before = this.peers.length;
          this.peers = this.peers.filter((peer) => peer.key !== key);
          return this.peers.length < before;
        },
        ban: async (target: string, seconds: number, reason: string) => {
          this.bans.push({ target, createdMs: this.nowMs, untilMs: this.nowMs + seconds * 1000, reason });
        },
        unban: async (target: string) => {
          const at = this.bans.findIndex((ban) => ban.target === target);
          if (at >= 0) this.bans.splice(at, 1);
          return at >= 0;
        },
        bans: () => [...this.bans],
      },
    };
  }
}

/** A peer entry with ordinary values. */
export function fakePeer(id: number, more: Partial<PeerEntry> = {}): PeerEntry {
  return {
    key: `12D3KooWPeer${id}`,
    id,
    address: `/ip4/127.0.0.1/tcp/${20_000 + id}/p2p/12D3KooWPeer${id}`,
    localAddress: '/ip4/127.0.0.1/tcp/18444',
    inbound: false,
    hello: { role: 'full', services: 7, userAgent: '/Cairn:0.1.0/', height: 3, maxVersion: 1 },
    connectedMs: 1_700_000_000_000,
    lastSendMs: 1_700_000_001_500,
    lastRecvMs: 1_700_000_002_500,
    bytesSent: 100,
    bytesReceived: 200,
    pingMs: 12,
    minPingMs: 10,
    score: 0,
    manual: false,
    clockOffsetMs: -1500,
    ...more,
  };
}
