import type { HeaderChainReader } from '../chain/chain.ts';
import { type HeaderEntry, isInvalid } from '../chain/entry.ts';
import { type Hash256, hashKey } from '../primitives/hash.ts';
import { Emitter } from '../util/events.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { Clock, Random, Timers } from '../util/ports.ts';
import { ask, faultOf, type PeerPorts, type PeerView, requestErrorOf } from '../wire/messages/ask.ts';
import { tipQuestion } from '../wire/messages/questions.ts';
import { plainTip, type Tip } from '../wire/messages/tip.ts';
import type { PeerKey, StreamName } from '../wire/peer.ts';

/** What a peer says it has. Nothing of it is believed before its headers were judged. */
export interface Claim {
  readonly height: number;
  readonly hash: Hash256;
  readonly chainWork: bigint;
}

/** One peer as the sync sees it. */
export interface PeerTip {
  readonly key: PeerKey;
  readonly claim: Claim;
  /** SERVICES bits of its hello, or of the last tip it told. */
  readonly services: number;
  /** The best header of our tree that the peer has: it named, sent or announced it. */
  readonly known: HeaderEntry | undefined;
}

export interface PeerTipsEvents {
  /** The peer says it has another tip, or offers something else, than before. */
  claim: { readonly peer: PeerTip };
  /** A better header of ours is known to be with the peer. */
  known: { readonly peer: PeerTip };
  gone: { readonly key: PeerKey };
}

export interface PeerTipsDeps {
  readonly chain: Pick<HeaderChainReader, 'entry'>;
  readonly net: PeerPorts;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Stream on which TIP is asked. */
  readonly stream: StreamName;
  /** SERVICES bits of which a peer must offer one to be asked at all. */
  readonly services: number;
  /** Our own failure: the app stops the node. */
  readonly fail: (error: unknown) => void;
  /** Own tip, told with each question; undefined: nothing worth telling (a light node serves nobody). */
  readonly ownTip?: () => Claim & { readonly services: number };
}

/** Peers are asked for their tip this often: it bounds how long two nodes can disagree after a silent partition. */
const POLL_MS = 10_000;
/** Each wait lies within ±25 %, so that nodes started together do not ask together. */
const JITTER = 0.25;
/** After an error answer: the peer is busy or does not serve us. */
const POLL_AFTER_REFUSAL_MS = 30_000;
const TICK_MS = 1000;

interface Record extends PeerTip {
  claim: Claim;
  services: number;
  known: HeaderEntry | undefined;
  nextPollMs: number;
  asking: boolean;
  /** Our tip moved while we asked: ask again. */
  again: boolean;
}

/**
 * What each peer has: from hello, from TIP questions about every ten seconds, and from the headers and blocks it sends or
 * announces. The app adds peers on the network's `ready` and removes them on `gone`.
 */
export class PeerTips {
  readonly events = new Emitter<PeerTipsEvents>();
  readonly #deps: PeerTipsDeps;
  readonly #peers = new Map<PeerKey, Record>();
  readonly #life = new Lifetime();

  constructor(deps: PeerTipsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#life.add(this.#deps.timers.every(TICK_MS, () => this.#tick()));
    for (const peer of this.#deps.net.peers()) this.add(peer);
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  /** A peer became ready. Peers without the needed services are not followed. */
  add(peer: PeerView): void {
    const { hello, key } = peer;
    if ((hello.services & this.#deps.services) === 0 || this.#life.closed) return;
    const claim = { height: hello.height, hash: hello.bestHash, chainWork: hello.chainWork };
    const { services } = hello;
    const record = {
      key,
      claim,
      services,
      known: undefined,
      nextPollMs: this.#nextPoll(POLL_MS),
      asking: false,
      again: false,
    };
    this.#peers.set(key, record);
    this.#resolve(record);
    this.events.emit('claim', { peer: record });
  }

  remove(key: PeerKey): void {
    if (this.#peers.delete(key)) this.events.emit('gone', { key });
  }

  get(key: PeerKey): PeerTip | undefined {
    return this.#peers.get(key);
  }

  all(): readonly PeerTip[] {
    return [...this.#peers.values()];
  }

  /** The peer says this is its tip now, and what it offers. */
  claim(key: PeerKey, claim: Claim & { readonly services: number }): void {
    const record = this.#peers.get(key);
    if (record === undefined) return;
    const changed =
      hashKey(record.claim.hash) !== hashKey(claim.hash) ||
      record.claim.chainWork !== claim.chainWork ||
      record.services !== claim.services;
    record.claim = claim;
    record.services = claim.services;
    this.#resolve(record);
    if (changed) this.events.emit('claim', { peer: record });
  }

  /** The peer has this header: it sent or announced it, or a header after it. */
  has(key: PeerKey, entry: HeaderEntry): void {
    const record = this.#peers.get(key);
    if (record === undefined) return;
    const before = record.known;
    if (before !== undefined && isUsable(before) && before.chainWork >= entry.chainWork) return;
    record.known = entry;
    this.events.emit('known', { peer: record });
  }

  /** Looks again whether claimed tips are in our tree by now. Called after headers were added. */
  refresh(): void {
    for (const record of this.#peers.values()) this.#resolve(record);
  }

  /** Asks every peer at once, telling our tip: our neighbours learn of a tip that gossip will not bring them. */
  pollAll(): void {
    for (const record of this.#peers.values()) {
      if (record.asking) record.again = true;
      else this.#startPoll(record);
    }
  }

  #resolve(record: Record): void {
    if (record.known !== undefined && !isUsable(record.known)) record.known = undefined;
    const entry = this.#deps.chain.entry(record.claim.hash);
    if (entry !== undefined && isUsable(entry)) this.has(record.key, entry);
  }

  #tick(): void {
    const now = this.#deps.clock.monotonicMs();
    for (const record of this.#peers.values()) if (now >= record.nextPollMs) this.#startPoll(record);
  }

  #startPoll(record: Record): void {
    this.#poll(record).catch((error: unknown) => {
      if (!this.#life.closed) this.#deps.fail(error);
    });
  }

  async #poll(record: Record): Promise<void> {
    if (record.asking || this.#life.closed) return;
    record.asking = true;
    record.nextPollMs = this.#nextPoll(POLL_MS);
    const { net, stream } = this.#deps;
    try {
      const tip = await ask(net, record.key, tipQuestion(stream, this.#ownTip()));
      this.claim(record.key, tip);
    } catch (error) {
      const failure = requestErrorOf(error);
      if (failure.reason === 'answer') record.nextPollMs = this.#nextPoll(POLL_AFTER_REFUSAL_MS);
      const fault = faultOf(failure);
      if (fault !== undefined) net.penalize(record.key, fault, `TIP: ${failure.message}`);
    } finally {
      record.asking = false;
      if (record.again && this.#peers.get(record.key) === record) {
        record.again = false;
        this.#startPoll(record);
      }
    }
  }

  #ownTip(): Tip | undefined {
    const own = this.#deps.ownTip?.();
    return own === undefined ? undefined : plainTip(own.height, own.hash, own.chainWork, own.services);
  }

  #nextPoll(ms: number): number {
    const { clock, random } = this.#deps;
    return clock.monotonicMs() + ms * (1 - JITTER + 2 * JITTER * random.unit());
  }
}

/** False for headers that are invalid themselves or by an ancestor. */
export function isUsable(entry: HeaderEntry): boolean {
  return !isInvalid(entry);
}
