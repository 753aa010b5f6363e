import type { ChainReader } from '../chain/chain.ts';
import type { Clock } from '../util/ports.ts';

/** Bitcoin Core's DEFAULT_MAX_TIP_AGE: a tip older than this is not the network's. */
const MAX_TIP_AGE_MS = 24 * 3_600_000;

/** Whether the node is still catching up for the first time. Once over it stays over, as Bitcoin Core's IsInitialBlockDownload. */
export class InitialDownload {
  readonly #chain: Pick<ChainReader, 'tip' | 'bestHeader'>;
  readonly #clock: Clock;
  readonly #synced: () => boolean;
  readonly #development: boolean;
  readonly #minChainWork: bigint;
  #over = false;

  constructor(parts: {
    readonly chain: Pick<ChainReader, 'tip' | 'bestHeader'>;
    readonly clock: Clock;
    /** No peer is known to have a better chain. */
    readonly synced: () => boolean;
    /** A development network may have slept for months: the age of its tip says nothing. */
    readonly development: boolean;
    /** A chain with less work is not the network's. */
    readonly minChainWork: bigint;
  }) {
    this.#chain = parts.chain;
    this.#clock = parts.clock;
    this.#synced = parts.synced;
    this.#development = parts.development;
    this.#minChainWork = parts.minChainWork;
  }

  active(): boolean {
    if (this.#over) return false;
    const tip = this.#chain.tip();
    if (tip.height === 0 && !this.#development) return true;
    if (tip.chainWork < this.#minChainWork || !this.#synced()) return true;
    if (!this.#development && this.#clock.nowMs() - tip.header.time * 1000 > MAX_TIP_AGE_MS) return true;
    this.#over = true;
    return false;
  }
}
