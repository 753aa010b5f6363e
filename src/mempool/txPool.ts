import type { ChainReader } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import type { ScriptChecker } from '../chain/ports.ts';
import type { ConsensusParams } from '../params/network.ts';
import { feeAt } from '../primitives/amount.ts';
import type { Block } from '../primitives/block.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import { type Broken, broken, type Check, passed } from '../primitives/rules.ts';
import { decodeTx, type Tx } from '../primitives/tx.ts';
import { Emitter } from '../util/events.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { Clock, Logger } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import { type AdmissionRequest, judgeAdmission, type ScriptsPassed } from './admit.ts';
import { decodeDump, encodeDump } from './dump.ts';
import type { Mempool, PoolEntry, PoolEvents } from './pool.ts';
import { PoolBounds } from './poolBounds.ts';
import { PoolNode } from './poolNode.ts';
import { confirmBlock, displaceBlock, noLongerFinal } from './reorg.ts';
import { type Displaced, RestoreList } from './restoreList.ts';
import { type BlockLimits, selectForBlock } from './select.ts';
import { DEFAULT_POOL_SETTINGS, type PoolSettings } from './settings.ts';
import { TxGraph } from './txGraph.ts';

export interface TxPoolPorts {
  readonly chain: ChainReader;
  readonly params: ConsensusParams;
  readonly scripts: ScriptChecker;
  readonly clock: Clock;
  readonly log: Logger;
}

type RemovalReason = PoolEvents['removed']['reason'];

/** What reading a dump back did. */
export interface LoadOutcome {
  readonly admitted: number;
  readonly expired: number;
  readonly refused: number;
}

/** A chain that moves this often during one admission is catching up; the caller may try again later. */
const MAX_TRIES = 100;
/** A transaction whose bytes are a view on a buffer this much larger is copied, or it would keep a whole block alive. */
const VIEW_FACTOR = 2;

/**
 * The pool of unconfirmed transactions. Admissions run one after another; chain events are handled at once and
 * synchronously, and an admission that was overtaken by one is judged again. So at every moment each entry's inputs are in
 * the chain or the pool, no output is spent twice, and every entry could be in the next block.
 */
export class TxPool implements Mempool {
  readonly events = new Emitter<PoolEvents>();
  readonly settings: PoolSettings;
  readonly #ports: TxPoolPorts;
  readonly #graph: TxGraph;
  readonly #bounds: PoolBounds;
  readonly #restore = new RestoreList();
  readonly #queue = new SerialQueue();
  readonly #lifetime = new Lifetime();
  /** Raised by every chain event: what was judged before is judged again. */
  #epoch = 0;
  /** Resolves when the reorganisation under way is over; undefined when none is. */
  #reorganisation: PromiseWithResolvers<void> | undefined;
  #sequence = 0;

  constructor(ports: TxPoolPorts, settings: Partial<PoolSettings> = {}) {
    this.#ports = ports;
    this.settings = { ...DEFAULT_POOL_SETTINGS, ...settings };
    this.#bounds = new PoolBounds(this.settings, ports.clock);
    this.#graph = this.#bounds.graph;
    const { events } = ports.chain;
    this.#lifetime.add(events.on('connected', ({ entry, block }) => this.#connected(entry, block)));
    this.#lifetime.add(events.on('disconnected', ({ entry, block }) => this.#disconnected(entry, block)));
    this.#lifetime.add(events.on('tip', () => this.#tipMoved()));
  }

  get size(): number {
    return this.#graph.size;
  }
  get bytes(): number {
    return this.#graph.bytes;
  }
  get vbytes(): number {
    return this.#graph.vbytes;
  }
  get memory(): number {
    return this.#graph.memory;
  }
  get maxMemory(): number {
    return this.settings.maxMemory;
  }
  get minRelayFeeRate(): bigint {
    return this.settings.minRelayFeeRate;
  }
  get minFeeRate(): bigint {
    const own = this.settings.minRelayFeeRate;
    const raised = this.#bounds.feeFloor();
    if (raised > own) return raised;
    return own;
  }

  get(txid: Hash256): PoolNode | undefined {
    return this.#graph.get(txid);
  }
  getByWtxid(wtxid: Hash256): PoolNode | undefined {
    return this.#graph.getByWtxid(wtxid);
  }
  spender(outpoint: OutPoint): PoolNode | undefined {
    return this.#graph.spender(outpoint);
  }
  entries(): readonly PoolNode[] {
    return [...this.#graph.nodes()];
  }
  ancestors(entry: PoolEntry): readonly PoolNode[] {
    const node = this.get(entry.tx.txid);
    return node === undefined ? [] : [...TxGraph.ancestors(node.parents)];
  }
  descendants(entry: PoolEntry): readonly PoolNode[] {
    const node = this.get(entry.tx.txid);
    return node === undefined ? [] : [...TxGraph.descendants(node.children)];
  }
  select(limits: BlockLimits): readonly PoolNode[] {
    return selectForBlock(this.#graph, limits);
  }

  admit(
    tx: Tx,
    options: { readonly testOnly?: boolean; readonly maxFeeRate?: bigint } = {},
  ): Promise<Check<PoolEntry>> {
    return this.#queue.run(() => this.#admit(tx, { ...options, restoring: false, timeMs: undefined }));
  }

  /** Resolves when all admissions asked for so far are done, those after a reorganisation included. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** The pool as bytes, parents before children. */
  dump(): Uint8Array {
    return encodeDump([...this.#graph.nodes()].sort((a, b) => a.sequence - b.sequence));
  }

  /** Admits again what dump() wrote, with the times of then. 'malformed' when the bytes are damaged: nothing is lost but the pool. */
  async load(bytes: Uint8Array): Promise<Check<LoadOutcome>> {
    const dumped = decodeDump(bytes);
    if (!dumped.ok) return dumped;
    const oldest = this.#bounds.oldestMs();
    let admitted = 0;
    let expired = 0;
    let refused = 0;
    for (const { tx, timeMs } of dumped.value) {
      if (timeMs < oldest) expired++;
      else if (
        (
          await this.#queue.run(() =>
            this.#admit(tx, { restoring: false, timeMs: Math.min(timeMs, this.#ports.clock.nowMs()) }),
          )
        ).ok
      )
        admitted++;
      else refused++;
    }
    return passed({ admitted, expired, refused });
  }

  /** Stops listening to the chain and waits for running admissions; later ones throw. */
  async close(): Promise<void> {
    await this.#lifetime.close();
    this.#reorganisation?.resolve();
    await this.#queue.idle();
  }

  async #admit(tx: Tx, request: AdmissionRequest & { readonly testOnly?: boolean }): Promise<Check<PoolEntry>> {
    const scripts: ScriptsPassed = { policy: false };
    const ports = {
      ...this.#ports,
      graph: this.#graph,
      settings: this.settings,
      feeFloor: () => this.#bounds.feeFloor(),
    };
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      // What a reorganisation displaced was here first.
      if (!request.restoring) await this.#restoreDisplaced();
      if (this.#lifetime.closed) throw new Error('the pool is closed');
      this.#announce(this.#bounds.expire(), 'expiry');
      const epoch = this.#epoch;
      const verdict = await judgeAdmission(ports, tx, request, scripts);
      if (epoch !== this.#epoch) continue;
      if (!verdict.ok) return verdict;
      const node = new PoolNode({
        ...verdict.value,
        tx: request.testOnly === true ? tx : ownBytes(tx),
        timeMs: request.timeMs ?? this.#ports.clock.nowMs(),
        sequence: this.#sequence++,
      });
      return request.testOnly === true ? passed(node) : this.#add(node);
    }
    throw new Error(`the chain moved ${MAX_TRIES} times while a transaction was judged`);
  }

  #add(node: PoolNode): Check<PoolEntry> {
    this.#graph.add(node);
    const evicted = this.#bounds.trim();
    if (!this.#graph.has(node)) {
      const others = evicted.filter((n) => n !== node);
      this.#announce(others, 'sizelimit');
      return poolFull(node, this.minFeeRate);
    }
    this.events.emit('added', { entry: node });
    this.#announce(evicted, 'sizelimit');
    return passed(node);
  }

  #announce(nodes: readonly PoolNode[], reason: RemovalReason): void {
    for (const entry of nodes) this.events.emit('removed', { entry, reason });
  }

  #connected(entry: HeaderEntry, block: Block): void {
    this.#epoch++;
    this.#restore.confirmed(block.txs);
    this.#bounds.blockConnected();
    const { confirmed, conflicting } = confirmBlock(this.#graph, block, entry.height);
    this.#announce(confirmed, 'block');
    this.#announce(conflicting, 'conflict');
  }

  #disconnected(entry: HeaderEntry, block: Block): void {
    this.#epoch++;
    this.#reorganisation ??= Promise.withResolvers();
    const displaced = displaceBlock(this.#graph, block);
    const { chain, params } = this.#ports;
    const early = noLongerFinal(this.#graph, chain, params, entry.parent ?? chain.genesis);
    const gone = [...displaced, ...this.#graph.removeWithDescendants(early)];
    this.#restore.prepend(block.txs.slice(1).map((tx): Displaced => ({ tx, timeMs: undefined })));
    this.#restore.append(gone.sort((a, b) => a.sequence - b.sequence));
    this.#announce(gone, 'reorg');
  }

  #tipMoved(): void {
    this.#epoch++;
    this.#reorganisation?.resolve();
    this.#reorganisation = undefined;
    this.#announce(this.#bounds.expire(), 'expiry');
    if (this.#restore.size === 0) return;
    this.#queue
      .run(() => this.#restoreDisplaced())
      .catch((error: unknown) =>
        this.#ports.log.error({ err: error }, 'pool: restoring after a reorganisation failed'),
      );
  }

  /** Admits again, parents first, what a finished reorganisation displaced; what is no longer valid falls out. */
  async #restoreDisplaced(): Promise<void> {
    while (!this.#lifetime.closed) {
      await this.#reorganisation?.promise;
      const item = this.#restore.first();
      if (item === undefined) return;
      const epoch = this.#epoch;
      const verdict = await this.#admit(item.tx, { restoring: true, timeMs: item.timeMs });
      // Overtaken by another reorganisation, what it needs may have become part of the list: it keeps its place.
      if (!verdict.ok && epoch !== this.#epoch) continue;
      this.#restore.removeFirst(item);
      if (!verdict.ok) this.#ports.log.debug({ tx: item.tx.id, rule: verdict.rule }, 'pool: not restored');
    }
  }
}

function poolFull(node: PoolNode, rate: bigint): Broken {
  return broken('mempool full', `fee ${node.fee} is below ${feeAt(rate, node.vsize)}, which a full pool asks`);
}

/** The transaction on its own bytes when they are a view on a much larger buffer. */
function ownBytes(tx: Tx): Tx {
  return tx.bytes.buffer.byteLength > VIEW_FACTOR * tx.size + 1024 ? decodeTx(new Uint8Array(tx.bytes)) : tx;
}
