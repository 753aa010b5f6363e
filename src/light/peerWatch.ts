import type { HeaderEntry } from '../chain/entry.ts';
import { displayHash } from '../primitives/hash.ts';
import type { PeerTip, PeerTips } from '../sync/peerTips.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { PeerKey } from '../wire/peer.ts';
import type { LightPorts } from './ports.ts';

/** How a peer's tip lies to our best header. */
export type Standing =
  /** The same header. */
  | 'agrees'
  /** An ancestor of ours: the peer is late. */
  | 'behind'
  /** On another branch. */
  | 'fork'
  /** Its headers were not seen yet. */
  | 'unknown';

export interface LightPeer {
  readonly key: PeerKey;
  readonly height: number;
  readonly hash: string;
  readonly standing: Standing;
  /** How often its tip was found on another branch. */
  readonly disagreements: number;
}

export interface PeerWatchDeps extends LightPorts {
  readonly tips: PeerTips;
  /** Asks a peer for its headers whatever it claims (sync's HeaderSync.catchUp). */
  readonly catchUp: (peer: PeerKey) => void;
  /** Peers below which a warning is given. */
  readonly minPeers: number;
}

const TICK_MS = 2000;
/** Connections take a moment after a peer left, and longer at the start: peers have to be found first. */
const GRACE_MS = 5000;
const START_GRACE_MS = 15_000;
/** A lasting lack of peers is said again this often. */
const WARN_MS = 60_000;
/** Two blocks found at once make a fork of depth 1 or 2 that ends by itself. */
const NOTABLE_FORK = 3;

interface Seen {
  disagreements: number;
  forkTip: string | undefined;
}

/** Counts the peers, compares their tips with ours and says aloud when there are too few or when they disagree. */
export class PeerWatch {
  readonly #deps: PeerWatchDeps;
  readonly #seen = new Map<PeerKey, Seen>();
  readonly #life = new Lifetime();
  #warnedMs: number | undefined;
  #lackingSinceMs: number | undefined;
  #startedMs = 0;

  constructor(deps: PeerWatchDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { tips, timers, clock } = this.#deps;
    this.#startedMs = clock.monotonicMs();
    this.#life.add(tips.events.on('gone', ({ key }) => this.#seen.delete(key)));
    this.#life.add(timers.every(TICK_MS, () => this.#check()));
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  peers(): readonly LightPeer[] {
    return this.#deps.tips.all().map((peer) => ({
      key: peer.key,
      height: peer.claim.height,
      hash: displayHash(peer.claim.hash),
      standing: this.#standing(peer),
      disagreements: this.#seen.get(peer.key)?.disagreements ?? 0,
    }));
  }

  /** What people should know; empty when all is well. */
  warnings(): readonly string[] {
    const { tips, minPeers } = this.#deps;
    const peers = this.peers();
    const out: string[] = [];
    if (tips.all().length < minPeers) {
      out.push(`only ${peers.length} of ${minPeers} full peers: what they hide or delay cannot be noticed`);
    }
    for (const peer of peers) {
      const depth = this.#forkDepth(peer.key);
      if (depth >= NOTABLE_FORK) out.push(`peer ${peer.key} is on another branch, ${depth} blocks below our tip`);
    }
    return out;
  }

  #check(): void {
    for (const peer of this.#deps.tips.all()) this.#compare(peer);
    this.#warn();
  }

  #compare(peer: PeerTip): void {
    const seen = this.#seen.get(peer.key) ?? { disagreements: 0, forkTip: undefined };
    this.#seen.set(peer.key, seen);
    switch (this.#standing(peer)) {
      case 'unknown':
        // Less work than ours, so header sync has no interest; its branch shows whether it disagrees.
        this.#deps.catchUp(peer.key);
        break;
      case 'fork': {
        const tip = displayHash(peer.claim.hash);
        if (seen.forkTip === tip) break;
        seen.forkTip = tip;
        seen.disagreements++;
        const depth = this.#forkDepth(peer.key);
        const say = depth >= NOTABLE_FORK ? 'warn' : 'debug';
        this.#deps.logger[say]({ peer: peer.key, tip, depth }, 'peer is on another branch');
        break;
      }
      default:
        seen.forkTip = undefined;
    }
  }

  #standing(peer: PeerTip): Standing {
    const { chain } = this.#deps;
    const best = chain.bestHeader();
    const theirs = chain.entry(peer.claim.hash);
    if (theirs === undefined) return 'unknown';
    // Gossip is quicker than the TIP questions: who sent or announced our best header has it.
    if (theirs === best) return 'agrees';
    if (chain.ancestor(best, theirs.height) !== theirs) return 'fork';
    return peer.known === best ? 'agrees' : 'behind';
  }

  /** Blocks of ours that are not on the peer's branch, 0 when it is on ours. */
  #forkDepth(key: PeerKey): number {
    const { chain, tips } = this.#deps;
    const claim = tips.get(key)?.claim;
    const theirs = claim === undefined ? undefined : chain.entry(claim.hash);
    if (theirs === undefined) return 0;
    const best = chain.bestHeader();
    let at: HeaderEntry | undefined = theirs;
    while (at !== undefined && chain.ancestor(best, at.height) !== at) at = at.parent;
    return at === theirs || at === undefined ? 0 : best.height - at.height;
  }

  #warn(): void {
    const { tips, minPeers, clock, logger } = this.#deps;
    const have = tips.all().length;
    if (have >= minPeers) {
      if (this.#warnedMs !== undefined) logger.info({ peers: have }, 'enough full peers');
      this.#warnedMs = undefined;
      this.#lackingSinceMs = undefined;
      return;
    }
    const now = clock.monotonicMs();
    this.#lackingSinceMs ??= now;
    if (now - this.#lackingSinceMs < GRACE_MS || now - this.#startedMs < START_GRACE_MS) return;
    if (this.#warnedMs !== undefined && now - this.#warnedMs < WARN_MS) return;
    this.#warnedMs = now;
    logger.warn(
      { peers: have, wanted: minPeers },
      'too few full peers: the best chain and the proofs shown may not be the whole truth',
    );
  }
}
