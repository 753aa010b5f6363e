import type { Clock } from '../util/ports.ts';
import { EvictionQueue } from './evict.ts';
import type { PoolNode } from './poolNode.ts';
import { RollingFee } from './rollingFee.ts';
import type { PoolSettings } from './settings.ts';
import { TxGraph } from './txGraph.ts';

/** Expired transactions are looked for at most this often. */
const EXPIRY_CHECK_MS = 60_000;

/** Keeps the graph within its memory and age, and knows the fee floor that this makes. */
export class PoolBounds {
  readonly graph: TxGraph;
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #eviction = new EvictionQueue();
  readonly #rolling: RollingFee;
  #expiryCheckedMs = 0;

  constructor(settings: PoolSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#rolling = new RollingFee(clock, settings.incrementalFeeRate, settings.maxMemory);
    this.graph = new TxGraph((node) => this.#eviction.rescored(node, this.graph));
  }

  /** The floor that eviction raised, satoshi per 1000 vbytes; 0n for none. */
  feeFloor(): bigint {
    return this.#rolling.current(this.graph.memory);
  }

  blockConnected(): void {
    this.#rolling.blockConnected();
  }

  /** Evicts the worst packages until the pool is within its memory; each raises the fee floor. Returns what went. */
  trim(): PoolNode[] {
    const gone: PoolNode[] = [];
    while (this.graph.memory > this.#settings.maxMemory) {
      const worst = this.#eviction.worst();
      if (worst === undefined) break;
      this.#rolling.evicted(worst.withDescendants.fee, worst.withDescendants.vsize);
      gone.push(...this.graph.removeWithDescendants([worst]));
    }
    return gone;
  }

  /** Before this moment is too old, Unix milliseconds. */
  oldestMs(): number {
    return this.#clock.nowMs() - this.#settings.expiryMs;
  }

  /** Removes what is too old, with descendants. Returns what went; looks once a minute. */
  expire(): PoolNode[] {
    const now = this.#clock.nowMs();
    if (Math.abs(now - this.#expiryCheckedMs) < EXPIRY_CHECK_MS) return [];
    this.#expiryCheckedMs = now;
    const oldest = this.oldestMs();
    return this.graph.removeWithDescendants([...this.graph.nodes()].filter((node) => node.timeMs < oldest));
  }
}
