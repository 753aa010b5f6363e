import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ChainManager } from '../../chain/chainManager.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import { PastValidation } from '../../chain/pastValidation.ts';
import type { ScriptChecker } from '../../chain/ports.ts';
import type { Network } from '../../params/network.ts';
import { openPastCoins, removePastCoins } from '../../store/openStores.node.ts';
import { BlockSync, type BlockSyncChain, type BlockSyncDeps } from '../../sync/blockSync.ts';
import type { PeerTip, PeerTips } from '../../sync/peerTips.ts';
import type { Lifetime } from '../../util/lifetime.ts';
import type { Logger } from '../../util/ports.ts';

/** Bodies also come in ways that tell nobody here. */
const LOOK_MS = 1000;
const LOG_MS = 10_000;

export interface PastSyncParts extends Omit<BlockSyncDeps, 'chain' | 'tips'> {
  readonly chain: ChainManager;
  readonly tips: PeerTips;
  readonly network: Network;
  readonly scripts: ScriptChecker;
  readonly datadir: string;
  readonly log: Logger;
  readonly lifetime: Lifetime;
}

/** Downloads and connects the blocks below a loaded snapshot, beside everything else that the node does. */
export class PastSync {
  readonly #parts: PastSyncParts;
  #past: PastValidation | undefined;
  #stopped: Promise<void> = Promise.resolve();

  constructor(parts: PastSyncParts) {
    this.#parts = parts;
    parts.lifetime.add(() => {
      this.#past?.stop();
      return this.#stopped;
    });
  }

  /** The last block below the snapshot that was connected; undefined when no past is left to validate. */
  tip(): HeaderEntry | undefined {
    return this.#past?.tip;
  }

  /** Goes on where an earlier run ended. */
  async resume(): Promise<void> {
    if (this.#parts.chain.snapshot.base === undefined) await removePastCoins(this.#parts.datadir);
    else await this.#begin(false);
  }

  /** A snapshot was just loaded. */
  start(): Promise<void> {
    return this.#begin(true);
  }

  async #begin(fresh: boolean): Promise<void> {
    const { chain, network, scripts, datadir, lifetime } = this.#parts;
    const coins = await openPastCoins(datadir, fresh);
    let past: PastValidation | undefined;
    try {
      past = await PastValidation.open({
        ...{ network, scripts, coins },
        snapshot: chain.snapshot,
        entry: (hash) => chain.entry(hash),
        readBlock: (entry) => chain.readBlock(entry),
        pause: () => nextTurn(),
      });
    } finally {
      if (past === undefined) await coins.close();
    }
    if (past === undefined) return this.#begin(true);
    this.#past = past;
    this.#stopped = this.#run(past, coins).catch((error: unknown) => {
      if (!lifetime.closed) this.#parts.fail(error);
    });
  }

  async #run(past: PastValidation, coins: Awaited<ReturnType<typeof openPastCoins>>): Promise<void> {
    const { timers, log, chain } = this.#parts;
    const sync = new BlockSync({
      ...this.#parts,
      chain: chainBelow(chain, past),
      tips: tipsBelow(chain, this.#parts.tips, past),
    });
    const tell = (): void => log.info({ height: past.tip.height, base: past.base.height }, 'validating the past');
    const cancels = [timers.every(LOOK_MS, () => past.wake()), timers.every(LOG_MS, tell)];
    tell();
    sync.start();
    try {
      const ended = await past.run();
      this.#past = undefined;
      if (!ended) return;
      if (chain.snapshot.base === undefined) log.info({ base: past.base.height }, 'the snapshot of coins is true');
    } finally {
      for (const cancel of cancels) cancel();
      await sync.close();
      if (chain.snapshot.base === undefined) await coins.discard();
      else await coins.close();
    }
  }
}

/** The chain as a download of the blocks between `past.tip` and the base sees it. */
function chainBelow(chain: ChainManager, past: PastValidation): BlockSyncChain {
  return {
    events: chain.events,
    tip: () => past.tip,
    isActive: (entry) => entry.height <= past.tip.height && chain.ancestor(past.tip, entry.height) === entry,
    ancestor: (of, height) => chain.ancestor(of, height),
    entry: (hash) => chain.entry(hash),
    async acceptBlock(block, options) {
      const verdict = await chain.acceptBlock(block, options);
      past.wake();
      return verdict;
    },
  };
}

/** What peers have of the blocks up to the base. */
function tipsBelow(chain: ChainManager, tips: PeerTips, { base }: PastValidation): BlockSyncDeps['tips'] {
  return {
    events: tips.events,
    refresh: () => tips.refresh(),
    all: () =>
      tips
        .all()
        .filter(({ known }) => known !== undefined && chain.ancestor(known, base.height) === base)
        .map((peer): PeerTip => ({ ...peer, known: base })),
  };
}
