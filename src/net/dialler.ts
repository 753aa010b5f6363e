import type { Multiaddr } from '@multiformats/multiaddr';
import type { Platform } from '../platform/platform.ts';
import type { Logger } from '../util/ports.ts';
import type { PeerKey } from '../wire/peer.ts';
import { parseAddress, peerIdOf } from './address.ts';
import { Backoff } from './backoff.ts';

/** Somewhere to dial: addresses that all lead to one peer. */
export interface Target {
  readonly key: PeerKey | undefined;
  readonly addresses: readonly Multiaddr[];
}

export interface DiallerPorts {
  readonly platform: Platform;
  readonly logger: Logger;
  readonly ourKey: PeerKey;
  readonly seeds: readonly string[];
  readonly targetOutbound: number;
  readonly maxPeers: number;
  readonly tickMs: number;
  /** Longest wait between two tries of a peer or seed that was good before. */
  readonly redialMs: number;
  /** Dials and waits for hello; rejects with the reason. */
  dial(target: Target): Promise<PeerKey>;
  isConnected(key: PeerKey): boolean;
  counts(): { readonly peers: number; readonly outbound: number };
  /** Peers of earlier runs and of this one, the best first. */
  anchors(): readonly Target[];
  /** Everything the peer store knows. */
  known(): Promise<readonly Target[]>;
  /** Not to be dialled: banned, refused lately. */
  avoid(key: PeerKey): boolean;
  /** One random walk through the DHT; what it finds lands in the peer store. */
  walk(): Promise<void>;
}

const MAX_PARALLEL = 8;
const MANUAL_MAX_WAIT_MS = 30_000;
/** For peers that we only heard of. */
const UNKNOWN_MAX_WAIT_MS = 600_000;
/** Connections above the target that may be opened, one by one, to good peers of before: two halves of a network that was
 * split find each other again even when each has peers enough. */
const EXTRA_OUTBOUND = 4;
/** A connection that lived so long was no mistake: the next dial is not held back. */
const GOOD_LIFETIME_MS = 60_000;
/** Between DHT walks: from the first to the second, doubling while nobody new is met. */
const WALK_FIRST_MS = 1_000;
const WALK_LAST_MS = 60_000;
/** A look at the peer store when the last one found nobody to dial. */
const LOOK_EVERY_MS = 5_000;

/**
 * Keeps connections up. libp2p dials nobody by itself: this loop tries manual addresses always, and below the target
 * anchors, the peer store, seeds and DHT walks, each with its own exponential back-off.
 */
export class Dialler {
  readonly #ports: DiallerPorts;
  readonly #backoff: Backoff;
  readonly #manual = new Map<string, PeerKey | undefined>();
  /** Who answered at an address without peer id. */
  readonly #keyOf = new Map<string, PeerKey>();
  readonly #dialling = new Set<string>();
  #cancel: (() => void) | undefined;
  #looking = false;
  #nextLookMs = 0;
  #walking = false;
  #nextWalkMs = 0;
  #walkWaitMs = WALK_FIRST_MS;

  constructor(ports: DiallerPorts) {
    this.#ports = ports;
    this.#backoff = new Backoff(() => ports.platform.random.unit());
  }

  start(): void {
    this.#cancel = this.#ports.platform.timers.every(this.#ports.tickMs, () => this.#tick());
    this.#tick();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Throws RangeError when it is no address. */
  addManual(address: string): void {
    const key = peerIdOf(parseAddress(address));
    this.#manual.set(address, key);
    this.#backoff.succeeded(address);
    if (this.#cancel !== undefined) this.#tick();
  }

  removeManual(address: string): boolean {
    return this.#manual.delete(address);
  }

  manual(): { readonly address: string; readonly connected: boolean }[] {
    return [...this.#manual.keys()].map((address) => ({ address, connected: this.#connectedTo(address) }));
  }

  /** Asked for by name: manual or seed. */
  isWanted(key: PeerKey): boolean {
    for (const address of [...this.#manual.keys(), ...this.#ports.seeds]) if (this.#keyAt(address) === key) return true;
    return false;
  }

  isManual(key: PeerKey): boolean {
    for (const address of this.#manual.keys()) if (this.#keyAt(address) === key) return true;
    return false;
  }

  /** A new peer, or one that the DHT can ask now, knows others: walk again soon when more are needed. */
  joined(): void {
    if (this.#ports.counts().outbound >= this.#ports.targetOutbound) return;
    this.#walkWaitMs = WALK_FIRST_MS;
    this.#nextWalkMs = Math.min(this.#nextWalkMs, this.#now() + WALK_FIRST_MS);
  }

  /** A ready peer left. One that leaves soon after connecting is held back as if the dial had failed. */
  ended(key: PeerKey, lifetimeMs: number): void {
    for (const name of this.#namesOf(key))
      if (lifetimeMs >= GOOD_LIFETIME_MS) this.#backoff.succeeded(name);
      else this.#backoff.failed(name, this.#now(), this.#ports.redialMs);
  }

  /** Not before `ms` from now: it was refused. */
  hold(key: PeerKey, ms: number): void {
    for (const name of this.#namesOf(key)) this.#backoff.hold(name, this.#now(), ms);
  }

  #namesOf(key: PeerKey): string[] {
    return [key, ...[...this.#ports.seeds, ...this.#manual.keys()].filter((address) => this.#keyAt(address) === key)];
  }

  #now(): number {
    return this.#ports.platform.clock.monotonicMs();
  }

  #keyAt(address: string): PeerKey | undefined {
    return peerIdOf(parseAddress(address)) ?? this.#keyOf.get(address);
  }

  #connectedTo(address: string): boolean {
    const key = this.#keyAt(address);
    return key !== undefined && this.#ports.isConnected(key);
  }

  #tick(): void {
    const { counts, targetOutbound, maxPeers, seeds, redialMs } = this.#ports;
    for (const address of this.#manual.keys()) this.#tryAddress(address, MANUAL_MAX_WAIT_MS);
    const { peers, outbound } = counts();
    const now = this.#now();
    const needy = outbound < targetOutbound;
    if (peers < maxPeers) {
      // Seeds first when nearly alone: the way back into a network whose known peers have all gone.
      if (needy && peers < 2) for (const seed of seeds) this.#tryAddress(seed, redialMs);
      if (now >= this.#nextLookMs && !this.#looking && outbound < targetOutbound + EXTRA_OUTBOUND)
        void this.#look(needy ? targetOutbound - outbound : 1, needy);
    }
    if (peers > 0 && now >= this.#nextWalkMs && !this.#walking) void this.#walk(needy);
  }

  /** Dials peers: anchors first, then when needy the store in random order and the seeds. */
  async #look(count: number, needy: boolean): Promise<void> {
    const { anchors, known, seeds, platform, redialMs, logger } = this.#ports;
    this.#looking = true;
    this.#nextLookMs = this.#now() + (needy ? 0 : redialMs);
    try {
      const good = anchors().map((target) => [target, redialMs] as const);
      const store = needy ? shuffled([...(await known())], () => platform.random.unit()) : [];
      const heard = store.map((target) => [target, UNKNOWN_MAX_WAIT_MS] as const);
      const last = needy ? seeds.map((address) => [targetOf(address), redialMs] as const) : [];
      let dialled = 0;
      for (const [target, maxWaitMs] of [...good, ...heard, ...last]) {
        if (dialled >= Math.min(count, MAX_PARALLEL)) break;
        if (target.key !== undefined && this.#try(target.key, target, maxWaitMs)) dialled++;
      }
      if (dialled === 0) this.#nextLookMs = Math.max(this.#nextLookMs, this.#now() + LOOK_EVERY_MS);
    } catch (err) {
      logger.warn({ err }, 'looking for peers failed');
      this.#nextLookMs = this.#now() + LOOK_EVERY_MS;
    } finally {
      this.#looking = false;
    }
  }

  async #walk(needy: boolean): Promise<void> {
    this.#walking = true;
    try {
      await this.#ports.walk();
    } catch (err) {
      this.#ports.logger.debug({ err }, 'DHT walk failed');
    } finally {
      this.#walking = false;
      this.#nextWalkMs = this.#now() + (needy ? this.#walkWaitMs : WALK_LAST_MS);
      this.#walkWaitMs = Math.min(2 * this.#walkWaitMs, WALK_LAST_MS);
      if (needy) this.#nextLookMs = 0;
    }
  }

  #tryAddress(address: string, maxWaitMs: number): void {
    if (!this.#connectedTo(address)) this.#try(address, targetOf(address), maxWaitMs);
  }

  /** Starts a dial unless it is useless, not due, or under way. */
  #try(name: string, target: Target, maxWaitMs: number): boolean {
    const { ourKey, isConnected, avoid, dial, logger } = this.#ports;
    const { key } = target;
    if (target.addresses.length === 0 || key === ourKey || this.#keyOf.get(name) === ourKey) return false;
    if (key !== undefined && (isConnected(key) || avoid(key) || this.#dialling.has(key))) return false;
    if (this.#dialling.has(name) || !this.#backoff.due(name, this.#now())) return false;
    for (const id of [name, key]) if (id !== undefined) this.#dialling.add(id);
    dial(target)
      .then(
        (answered) => {
          if (key === undefined) this.#keyOf.set(name, answered);
        },
        (error: Error) => {
          if (key === undefined && error.message === 'Can not dial self') this.#keyOf.set(name, ourKey);
          this.#backoff.failed(name, this.#now(), maxWaitMs);
          logger.debug({ target: name, reason: error.message }, 'dial failed');
        },
      )
      .finally(() => {
        for (const id of [name, key]) if (id !== undefined) this.#dialling.delete(id);
      });
    return true;
  }
}

function targetOf(address: string): Target {
  const parsed = parseAddress(address);
  return { key: peerIdOf(parsed), addresses: [parsed] };
}

function shuffled<T>(items: T[], unit: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(unit() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
