import type { AcceptedBlock, Chain } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import type { Block } from '../primitives/block.ts';
import { blockFault, type Check } from '../primitives/rules.ts';
import { Lifetime } from '../util/lifetime.ts';
import { Lru } from '../util/lru.ts';
import type { Clock, Logger, Timers } from '../util/ports.ts';
import type { Pause } from '../util/steps.ts';
import { ask, faultOf, type PeerPorts, requestErrorOf } from '../wire/messages/ask.ts';
import { blockQuestion } from '../wire/messages/questions.ts';
import { type PeerKey, type PeerRequestError, SERVICES, WIRE_ERRORS } from '../wire/peer.ts';
import { BlockJobs, type HeldJob, memoryOf } from './blockJobs.ts';
import { missingBlocks } from './blockPath.ts';
import { Patience } from './patience.ts';
import { isUsable, type PeerTip, type PeerTips } from './peerTips.ts';

/** The chain whose blocks are downloaded: those above its tip. */
export type BlockSyncChain = Pick<Chain, 'acceptBlock' | 'ancestor' | 'entry' | 'events' | 'isActive' | 'tip'>;

export interface BlockSyncDeps {
  readonly chain: BlockSyncChain;
  readonly tips: Pick<PeerTips, 'all' | 'events' | 'refresh'>;
  readonly net: PeerPorts;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Why no blocks are wanted for now (a disk that is nearly full); undefined: they are. Asked at every step. */
  readonly paused?: () => string | undefined;
  /** Asked between the steps in which large blocks are decoded; default: none. */
  readonly pause?: Pause;
  /** Our own failure (disk, bug): the app stops the node. */
  readonly fail: (error: unknown) => void;
}

/** Blocks ahead of the first missing one that may be under way: enough for eight peers, few to keep in memory. */
const WINDOW = 64;
/** Requests under way per peer; net allows 16 of all kinds. Fewer when blocks are large: a slow link must not time out. */
const PER_PEER = 8;
const PER_PEER_LARGE = 2;
const PER_PEER_BYTES = 4 << 20;
/** Blocks handed to the chain at the same time: while the scripts of one run, the next are judged. */
const ACCEPTING = 4;
/** Memory of blocks held for their turn; above it they go to the chain out of order, which keeps them on disk. */
const HOLD_BYTES = 48 << 20;
/** … as do those whose predecessor does not come for so long. */
const HOLD_MS = 10_000;
/** No further requests while held blocks and requests may add up to this. */
const AHEAD_BYTES = 160 << 20;
/** What an unseen block is taken to weigh before any was seen. */
const FIRST_GUESS_BYTES = 100_000;
/** A block asked for so long ago is asked from a second peer as well. */
const HEDGE_MS = 3000;
/** A peer that has the header but not yet the body is asked again after this. */
const NOT_FOUND_MS = 2000;
/** A silent peer may be the only one we have, behind a link that was cut for a while. */
const SILENT_MS = 5000;
/** A peer that failed on a block is not asked for it again for so long. */
const FAILED_MS = 60_000;
/** A busy peer gets a rest. */
const BUSY_MS = 500;
/** Near the tip the body usually follows its header by gossip: wait for it this long. */
const GOSSIP_MS = 300;
const TICK_MS = 500;

/** Downloads bodies of every peer's best branch that has more work than our tip, from several peers at once. */
export class BlockSync {
  readonly #deps: BlockSyncDeps;
  readonly #patience: Patience;
  readonly #jobs = new BlockJobs();
  readonly #inFlight = new Map<PeerKey, number>();
  /** `block/peer` → monotonic ms until which the peer is not asked for the block. Bounded: old ones are forgotten. */
  readonly #excluded = new Lru<string, number>(4096);
  readonly #restUntil = new Map<PeerKey, number>();
  /** Block key → monotonic ms before which gossip may bring it. */
  readonly #expected = new Lru<string, number>(64);
  /** Blocks that this download brought. */
  readonly #fetched = new Lru<string, true>(256);
  readonly #life = new Lifetime();
  #averageBytes = FIRST_GUESS_BYTES;
  #averageMemory = FIRST_GUESS_BYTES;
  #delivered = 0;
  #accepting = 0;
  #planned = false;
  #rotation = 0;

  constructor(deps: BlockSyncDeps) {
    this.#deps = deps;
    this.#patience = new Patience(deps.net, deps.clock);
  }

  start(): void {
    const { chain, tips, timers } = this.#deps;
    const plan = (): void => this.#planSoon();
    this.#life.add(chain.events.on('tip', plan));
    this.#life.add(chain.events.on('header', plan));
    this.#life.add(tips.events.on('known', plan));
    this.#life.add(tips.events.on('gone', ({ key }) => this.#gone(key)));
    this.#life.add(timers.every(TICK_MS, plan));
    plan();
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  /** Requests under way, and blocks held for their turn. */
  load(): { readonly asked: number; readonly held: number; readonly heldBytes: number } {
    const jobs = this.#jobs.all();
    return {
      asked: jobs.filter((j) => j.state === 'asked').length,
      held: jobs.filter((j) => j.state === 'held').length,
      heldBytes: this.#jobs.heldBytes,
    };
  }

  /** Good blocks that the download has brought so far. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Gossip announced this header: its body will most likely come by itself. */
  expectGossip(entry: HeaderEntry): void {
    if (!entry.hasBody) this.#expected.set(entry.header.key, this.#now() + GOSSIP_MS);
  }

  /** True for a block that was downloaded while more on top of it are on their way: our neighbours need not hear of each. */
  isCatchingUp(entry: HeaderEntry): boolean {
    if (!this.#fetched.has(entry.header.key)) return false;
    const { chain } = this.#deps;
    return this.#jobs.all().some((job) => job.entry !== entry && chain.ancestor(job.entry, entry.height) === entry);
  }

  /** The first block that nobody delivers, for the report why nothing moves; undefined when nothing is missing. */
  firstMissing(): { readonly entry: HeaderEntry; readonly asked: readonly PeerKey[] } | undefined {
    for (const peer of this.#targets()) {
      const entry = missingBlocks(this.#deps.chain, peer.known, 1)[0];
      if (entry === undefined) continue;
      const job = this.#jobs.get(entry);
      return { entry, asked: job?.state === 'asked' ? [...job.peers.keys()] : [] };
    }
    return undefined;
  }

  #now(): number {
    return this.#deps.clock.monotonicMs();
  }

  #gone(peer: PeerKey): void {
    this.#restUntil.delete(peer);
    this.#planSoon();
  }

  /** Several causes in one turn of the event loop lead to one plan. */
  #planSoon(): void {
    if (this.#planned || this.#life.closed) return;
    this.#planned = true;
    void Promise.resolve().then(() => {
      this.#planned = false;
      if (this.#life.closed) return;
      this.#plan();
      this.#drain();
    });
  }

  /** Peers with a better branch than ours, most work first. */
  #targets(): (PeerTip & { readonly known: HeaderEntry })[] {
    const work = this.#deps.chain.tip().chainWork;
    return this.#deps.tips
      .all()
      .filter((p): p is PeerTip & { known: HeaderEntry } => p.known !== undefined && p.known.chainWork > work)
      .filter((p) => isUsable(p.known))
      .sort((a, b) => (a.known.chainWork < b.known.chainWork ? 1 : a.known.chainWork > b.known.chainWork ? -1 : 0));
  }

  #plan(): void {
    for (const job of this.#jobs.all()) {
      // Came by gossip or by mining meanwhile, or turned out to be invalid.
      if (job.state !== 'accepting' && (job.entry.hasBody || !isUsable(job.entry))) this.#jobs.drop(job.entry);
    }
    if (this.#deps.paused?.() !== undefined) return;
    const targets = this.#targets();
    const paths = new Map<string, readonly HeaderEntry[]>();
    this.#rotation++;
    // One block per peer and round: each peer's branch gets its share, whatever the others promise.
    for (let progress = true; progress; ) {
      progress = false;
      for (let i = 0; i < targets.length; i++) {
        const peer = targets[(i + this.#rotation) % targets.length] as (typeof targets)[number];
        if (!this.#mayAsk(peer.key)) continue;
        const key = peer.known.header.key;
        const path = paths.get(key) ?? missingBlocks(this.#deps.chain, peer.known, WINDOW);
        paths.set(key, path);
        const entry = path.find((e) => hasBlock(peer, e) && this.#wants(e, peer.key));
        if (entry === undefined) continue;
        this.#ask(entry, peer.key);
        progress = true;
      }
    }
  }

  #mayAsk(peer: PeerKey): boolean {
    const depth = Math.min(PER_PEER, Math.max(PER_PEER_LARGE, Math.floor(PER_PEER_BYTES / this.#averageBytes)));
    if ((this.#inFlight.get(peer) ?? 0) >= depth) return false;
    if (this.#now() < (this.#restUntil.get(peer) ?? 0)) return false;
    let asked = 0;
    for (const n of this.#inFlight.values()) asked += n;
    const ahead = this.#jobs.heldBytes + asked * this.#averageMemory;
    // Somebody may always be asked for one block, so that a full memory cannot stop everything.
    return ahead < AHEAD_BYTES || asked === 0;
  }

  #wants(entry: HeaderEntry, peer: PeerKey): boolean {
    const now = this.#now();
    const job = this.#jobs.get(entry);
    if (job !== undefined) {
      if (job.state !== 'asked' || job.peers.has(peer) || job.peers.size > 1) return false;
      const [since] = job.peers.values();
      if (since === undefined || now - since < HEDGE_MS) return false;
    }
    if (now < (this.#expected.get(entry.header.key) ?? 0)) return false;
    return now >= (this.#excluded.get(`${entry.header.key}/${peer}`) ?? 0);
  }

  #ask(entry: HeaderEntry, peer: PeerKey): void {
    this.#jobs.ask(entry, peer, this.#now());
    this.#inFlight.set(peer, (this.#inFlight.get(peer) ?? 0) + 1);
    ask(this.#deps.net, peer, blockQuestion('sync', entry.header.hash), this.#deps.pause)
      .then(
        (block) => this.#came(entry, peer, block),
        (error: unknown) => this.#failed(entry, peer, requestErrorOf(error)),
      )
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        const left = (this.#inFlight.get(peer) ?? 1) - 1;
        if (left > 0) this.#inFlight.set(peer, left);
        else this.#inFlight.delete(peer);
        this.#planSoon();
      });
  }

  #came(entry: HeaderEntry, peer: PeerKey, block: Block): void {
    if (block.header.key !== entry.header.key) {
      this.#jobs.unask(entry, peer);
      this.#exclude(entry, peer, FAILED_MS);
      this.#deps.net.penalize(peer, 'bad-answer', `block ${block.header.id} where ${entry.header.id} was asked for`);
      return;
    }
    this.#averageBytes = this.#averageBytes * 0.9 + block.size * 0.1;
    const bytes = memoryOf(block);
    this.#averageMemory = this.#averageMemory * 0.9 + bytes * 0.1;
    if (!entry.hasBody) this.#jobs.hold(entry, peer, { block, bytes }, this.#now());
    else this.#jobs.drop(entry);
  }

  #failed(entry: HeaderEntry, peer: PeerKey, error: PeerRequestError): void {
    this.#jobs.unask(entry, peer);
    const { net, logger } = this.#deps;
    logger.debug({ peer, height: entry.height, reason: error.reason, code: error.code }, 'no block');
    const detail = `BLOCK ${entry.height}: ${error.message}`;
    const fault = faultOf(error);
    if (fault !== undefined) {
      this.#exclude(entry, peer, FAILED_MS);
      net.penalize(peer, fault, detail);
    } else if (error.reason === 'timeout') {
      this.#exclude(entry, peer, SILENT_MS);
      this.#patience.timedOut(peer, detail);
    } else if (error.code === WIRE_ERRORS.NOT_FOUND) this.#exclude(entry, peer, NOT_FOUND_MS);
    else if (error.code === WIRE_ERRORS.PRUNED || error.code === WIRE_ERRORS.NOT_SERVED) {
      this.#exclude(entry, peer, FAILED_MS);
    } else this.#restUntil.set(peer, this.#now() + BUSY_MS);
  }

  #exclude(entry: HeaderEntry, peer: PeerKey, ms: number): void {
    this.#excluded.set(`${entry.header.key}/${peer}`, this.#now() + ms);
  }

  /** Hands held blocks to the chain, a few at a time, in order. */
  #drain(): void {
    while (this.#accepting < ACCEPTING && this.#deps.paused?.() === undefined) {
      const job = this.#nextHeld();
      if (job === undefined) return;
      this.#accepting++;
      this.#jobs.accept(job);
      this.#fetched.set(job.entry.header.key, true);
      this.#deps.chain
        .acceptBlock(job.block, { requested: true })
        .then((verdict) => this.#judged(job.entry, job.peer, verdict))
        .catch((error: unknown) => this.#fail(error))
        .finally(() => {
          this.#accepting--;
          if (this.#life.closed) return;
          this.#drain();
          this.#planSoon();
        });
    }
  }

  #nextHeld(): HeldJob | undefined {
    const inOrder = this.#jobs.lowestHeld(
      ({ parent }) => parent === undefined || parent.hasBody || this.#isAccepting(parent),
    );
    if (inOrder !== undefined) return inOrder;
    const lowest = this.#jobs.lowestHeld(() => true);
    if (lowest === undefined) return undefined;
    const late = this.#now() - lowest.sinceMs >= HOLD_MS;
    return late || this.#jobs.heldBytes > HOLD_BYTES ? lowest : undefined;
  }

  #isAccepting(entry: HeaderEntry): boolean {
    return this.#jobs.get(entry)?.state === 'accepting';
  }

  #judged(entry: HeaderEntry, peer: PeerKey, verdict: Check<AcceptedBlock>): void {
    this.#jobs.drop(entry);
    if (verdict.ok) {
      this.#delivered++;
      return;
    }
    // Asked for again when there is room.
    if (verdict.rule === 'no-disk-space') return;
    const { net, logger, chain, tips } = this.#deps;
    logger.warn({ peer, height: entry.height, rule: verdict.rule, detail: verdict.detail }, 'bad block');
    const known = chain.entry(entry.header.hash);
    const invalid = known !== undefined && !isUsable(known);
    // Whatever the reason, ask somebody else: the next copy may be good.
    this.#exclude(entry, peer, FAILED_MS);
    const fault = blockFault(verdict, invalid);
    if (fault !== undefined) net.penalize(peer, fault, `block ${entry.header.id}: ${verdict.rule}: ${verdict.detail}`);
    if (invalid) tips.refresh();
  }

  /** What breaks while everything is being closed is no failure. */
  #fail(error: unknown): void {
    if (!this.#life.closed) this.#deps.fail(error);
  }
}

/** A pruned node promises its last 288 blocks; two are left as a margin for those it has and we do not know of (BIP159). */
const LIMITED_DEPTH = 286;

function hasBlock(peer: PeerTip, entry: HeaderEntry): boolean {
  return (peer.services & SERVICES.NETWORK) !== 0 || entry.height > peer.claim.height - LIMITED_DEPTH;
}
