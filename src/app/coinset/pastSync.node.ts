import type { ChainManager } from '../../chain/chainManager.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import { PastValidation } from '../../chain/pastValidation.ts';
import type { ChainStore, ScriptChecker } from '../../chain/ports.ts';
import type { Network } from '../../params/network.ts';
import { turns } from '../../platform/turns.node.ts';
import type { FlushProgress } from '../../store/coinFlush.ts';
import { StoreError } from '../../store/errors.ts';
import { openPastCoins, type PastStart, removePastCoins } from '../../store/openStores.node.ts';
import { BlockSync, type BlockSyncDeps } from '../../sync/blockSync.ts';
import type { PeerTips } from '../../sync/peerTips.ts';
import type { Lifetime } from '../../util/lifetime.ts';
import type { Logger } from '../../util/ports.ts';
import { chainBelow, tipsBelow } from './pastView.ts';

/** Bodies also come in ways that tell nobody here. */
const LOOK_MS = 1000;
const LOG_MS = 10_000;
/** As the chain's coins: how much a start after a crash has to connect again. */
const FLUSH_MS = 5 * 60_000;
/** Memory for coins beside the chain's: of `dbcache`, and at most. */
const CACHE_SHARE = 4;
const MAX_CACHE_BYTES = 128_000_000;

export interface PastSyncParts extends Omit<BlockSyncDeps, 'chain' | 'tips'> {
  readonly chain: ChainManager;
  readonly store: Pick<ChainStore, 'readBody' | 'readUndo' | 'sync'>;
  readonly tips: PeerTips;
  readonly network: Network;
  readonly scripts: ScriptChecker;
  readonly datadir: string;
  /** Memory for the chain's coins, in bytes. */
  readonly chainCacheBytes: number;
  /** As WriteBehind's. */
  readonly mayFlush: () => boolean;
  readonly log: Logger;
  readonly lifetime: Lifetime;
  /** A snapshot was loaded, or its past is validated: the node offers its peers less, or more. */
  readonly onChange: () => void;
  /** Hears how far a flush of the coins is. */
  readonly onFlush?: FlushProgress;
  /** Ends the opening of the coins with an error. */
  readonly stop?: AbortSignal;
}

type Coins = Awaited<ReturnType<typeof openPastCoins>>;

interface Opened {
  readonly past: PastValidation;
  readonly coins: Coins;
  readonly start: PastStart;
}

/** Downloads and connects the blocks below a loaded snapshot, beside everything else that the node does. */
export class PastSync {
  /** Memory for the coins below a snapshot, in bytes. */
  readonly cacheBytes: number;
  readonly #parts: PastSyncParts;
  #past: PastValidation | undefined;
  #coins: Coins | undefined;
  #stopping = false;
  #stopped: Promise<unknown> = Promise.resolve();

  constructor(parts: PastSyncParts) {
    this.#parts = parts;
    this.cacheBytes = Math.min(MAX_CACHE_BYTES, Math.floor(parts.chainCacheBytes / CACHE_SHARE));
    parts.lifetime.add(() => {
      this.#stopping = true;
      this.#past?.stop();
      return this.#stopped;
    });
  }

  /** The last block below the snapshot that was connected; undefined when no past is left to validate. */
  tip(): HeaderEntry | undefined {
    return this.#past?.tip;
  }

  /** What people should know, undefined while all is well. */
  warning(): string | undefined {
    const { base } = this.#past ?? {};
    if (base === undefined || this.#coins?.again !== true) return undefined;
    return `The snapshot of coins at block ${base.height} seems to be false: the blocks below it are connected once more to be sure. Do not rely on what this node says of coins until then`;
  }

  /** Coins in memory that are not on disk yet. */
  get dirtyCoins(): number {
    return this.#coins?.dirty ?? 0;
  }

  /** Brings them there. */
  async flush(): Promise<void> {
    await this.#coins?.flush();
  }

  /** Goes on where an earlier run ended. */
  async resume(): Promise<void> {
    if (this.#parts.chain.snapshot.base === undefined) await removePastCoins(this.#parts.datadir);
    else await this.#begin('kept');
  }

  /** A snapshot was just loaded. */
  async start(): Promise<void> {
    this.#parts.onChange();
    // A node that stops goes on at its next start.
    if (this.#stopping) return;
    await this.#begin('fresh').catch((error: unknown) => {
      this.#parts.fail(error);
      throw error;
    });
  }

  /** Resolves when it is under way. */
  #begin(start: PastStart): Promise<void> {
    const opening = this.#open(start);
    this.#stopped = opening.then(
      (opened) =>
        this.#validate(opened).catch((error: unknown) => {
          if (!this.#stopping) this.#parts.fail(error);
        }),
      // Told to whoever began.
      () => undefined,
    );
    return opening.then(() => undefined);
  }

  async #open(start: PastStart): Promise<Opened> {
    const { chain, store, network, scripts, datadir, log, onFlush, stop } = this.#parts;
    let coins: Coins | undefined;
    let past: PastValidation | undefined;
    try {
      coins = await openPastCoins({
        ...{ dir: datadir, start, cacheBytes: this.cacheBytes },
        syncChain: () => store.sync(),
        pause: turns.pause,
        tell: (message) => log.warn({}, message),
        ...(onFlush && { onFlush }),
      });
      past = await PastValidation.open({
        ...{ network, scripts, coins, files: store },
        snapshot: chain.snapshot,
        entry: (hash) => chain.entry(hash),
        readBlock: (entry) => chain.readBlock(entry),
        pause: turns.pause,
        checkStop: () => stop?.throwIfAborted(),
      });
    } catch (error) {
      await coins?.close().catch(() => undefined);
      if (start !== 'kept' || !isDamage(error)) throw error;
      return this.#openAnew(error.message);
    }
    if (past === undefined) {
      await coins.discard();
      return this.#openAnew('they are of blocks that are not there');
    }
    this.#past = past;
    this.#coins = coins;
    if (this.#stopping) past.stop();
    return { past, coins, start };
  }

  #openAnew(why: string): Promise<Opened> {
    this.#parts.log.warn({ why }, 'the coins of the blocks below the snapshot cannot be used: they are made anew');
    return this.#open('fresh');
  }

  async #validate(first: Opened): Promise<void> {
    for (let at: Opened | undefined = first; at !== undefined; ) {
      const next: PastStart | undefined = await this.#run(at);
      at = next === undefined || this.#stopping ? undefined : await this.#open(next);
    }
  }

  /** How to begin again, undefined when nothing is left to do. */
  async #run({ past, coins, start }: Opened): Promise<PastStart | undefined> {
    const { timers, log, chain, fail, mayFlush } = this.#parts;
    const sync = new BlockSync({
      pause: turns.pause,
      ...this.#parts,
      chain: chainBelow(chain, past),
      tips: tipsBelow(chain, this.#parts.tips, past),
    });
    const tell = (): void => log.info({ height: past.tip.height, base: past.base.height }, 'validating the past');
    const cancels = [
      timers.every(LOOK_MS, () => past.wake()),
      timers.every(LOG_MS, tell),
      timers.every(FLUSH_MS, () => void (mayFlush() && coins.flush().catch(fail))),
    ];
    tell();
    sync.start();
    let done = false;
    try {
      const outcome = await past.run();
      done = outcome === 'judged' && chain.snapshot.base === undefined;
      if (done) this.#tellTrue(past.base);
      if (outcome !== 'doubted') return undefined;
      log.warn({ why: past.doubt }, 'the snapshot of coins seems to be false: its past is connected once more');
      return 'again';
    } catch (error) {
      if (start !== 'kept' || !isDamage(error)) throw error;
      log.warn({ why: error.message }, 'the coins of the blocks below the snapshot are damaged: they are made anew');
      return 'fresh';
    } finally {
      this.#past = undefined;
      this.#coins = undefined;
      for (const cancel of cancels) cancel();
      await sync.close();
      if (done) await coins.discard();
      else await coins.close();
    }
  }

  #tellTrue(base: HeaderEntry): void {
    this.#parts.log.info({ base: base.height }, 'the snapshot of coins is true');
    this.#parts.onChange();
  }
}

function isDamage(error: unknown): error is StoreError {
  return error instanceof StoreError && error.kind === 'corrupt';
}
