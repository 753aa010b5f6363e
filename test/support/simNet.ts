import { hash256 } from '../../src/crypto/hash.ts';
import { effectOf, type RuleCode } from '../../src/primitives/rules.ts';
import { toHex } from '../../src/util/hex.ts';
import type { Random } from '../../src/util/ports.ts';
import type { PeerPorts, PeerView } from '../../src/wire/messages/ask.ts';
import {
  type GossipVerdict,
  type Hello,
  type PeerKey,
  PeerRequestError,
  SERVICES,
  type StreamName,
  type TopicName,
  type WireMessage,
  WireRefusal,
} from '../../src/wire/peer.ts';
import type { SimClock } from './simClock.ts';

export type ServeFn = (from: PeerKey, message: WireMessage) => Promise<WireMessage>;
export type GossipFn = (from: PeerKey, data: Uint8Array) => Promise<GossipVerdict>;

export const FULL = SERVICES.NETWORK | SERVICES.LIGHT_SERVER | SERVICES.RELAY;

/** Random numbers that are the same in each run. */
export function seededRandom(seed = 1): Random {
  let x = seed >>> 0 || 1;
  const next = (): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
  return { unit: next, bytes: (n) => Uint8Array.from({ length: n }, () => Math.floor(next() * 256)) };
}

export function helloWith(part: Partial<Hello> = {}): Hello {
  return {
    minVersion: 1,
    maxVersion: 1,
    chainId: new Uint8Array(32),
    group: '',
    role: 'full',
    services: FULL,
    userAgent: '/sim/',
    height: 0,
    bestHash: new Uint8Array(32),
    chainWork: 0n,
    timeMs: 0,
    ...part,
  };
}

/** One node's place in the simulated network: what net's Network is to a real node. */
export class SimPeer implements PeerPorts {
  readonly key: PeerKey;
  readonly serve = new Map<StreamName, ServeFn>();
  readonly gossip = new Map<TopicName, GossipFn>();
  readonly penalties: { readonly peer: PeerKey; readonly rule: RuleCode; readonly detail: string }[] = [];
  readonly banned = new Set<PeerKey>();
  hello: () => Hello = () => helloWith();
  onReady: (peer: PeerView) => void = () => {};
  onGone: (peer: PeerKey) => void = () => {};
  readonly links = new Map<PeerKey, Hello>();
  readonly #net: SimNet;
  readonly #scores = new Map<PeerKey, number>();
  readonly #seen = new Set<string>();
  /** Requests sent, for tests that count them. */
  sent = 0;

  constructor(net: SimNet, key: PeerKey) {
    this.#net = net;
    this.key = key;
  }

  peers(): readonly PeerView[] {
    return [...this.links].map(([key, hello]) => ({ key, hello }));
  }

  rulesAgainst(peer: PeerKey): RuleCode[] {
    return this.penalties.filter((p) => p.peer === peer).map((p) => p.rule);
  }

  penalize(peer: PeerKey, rule: RuleCode, detail: string): void {
    this.penalties.push({ peer, rule, detail });
    const score = (this.#scores.get(peer) ?? 0) + effectOf(rule).penalty;
    this.#scores.set(peer, score);
    if (score < 100 || this.banned.has(peer)) return;
    this.banned.add(peer);
    this.#net.disconnect(this.key, peer);
  }

  async request(
    peer: PeerKey,
    stream: StreamName,
    message: WireMessage,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<WireMessage> {
    this.sent++;
    if (!this.links.has(peer)) throw new PeerRequestError(peer, 'disconnected', 'not connected');
    return new Promise((resolve, reject) => {
      const cancel = this.#net.clock.after(options.timeoutMs ?? 10_000, () =>
        reject(new PeerRequestError(peer, 'timeout', 'no answer')),
      );
      this.#net.ask(this.key, peer, stream, message, (answer) => {
        cancel();
        if (answer instanceof PeerRequestError) reject(answer);
        else resolve(answer);
      });
    });
  }

  async publish(topic: TopicName, data: Uint8Array): Promise<number> {
    if (!this.markSeen(topic, data)) return 0;
    const to = this.#listeners(topic);
    if (to.length === 0) this.#seen.delete(idOf(topic, data));
    for (const peer of to) this.#net.gossip(this.key, peer, topic, data);
    return to.length;
  }

  /** A message arrives: judged once, passed on when accepted. */
  async heard(from: PeerKey, topic: TopicName, data: Uint8Array): Promise<void> {
    const handler = this.gossip.get(topic);
    if (handler === undefined || !this.markSeen(topic, data)) return;
    if ((await handler(from, data)) !== 'accept') return;
    for (const peer of this.#listeners(topic)) if (peer !== from) this.#net.gossip(this.key, peer, topic, data);
  }

  markSeen(topic: TopicName, data: Uint8Array): boolean {
    const id = idOf(topic, data);
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    return true;
  }

  #listeners(topic: TopicName): PeerKey[] {
    return [...this.links.keys()].filter((key) => this.#net.peer(key).gossip.has(topic));
  }
}

const idOf = (topic: TopicName, data: Uint8Array): string => topic + toHex(hash256(data));

/** Nodes joined by links with a delay. Partitions lose messages silently, as pulled cables do. */
export class SimNet {
  readonly clock: SimClock;
  delayMs = 20;
  readonly #peers = new Map<PeerKey, SimPeer>();
  #cut: (a: PeerKey, b: PeerKey) => boolean = () => false;

  constructor(clock: SimClock) {
    this.clock = clock;
  }

  add(key: PeerKey): SimPeer {
    const peer = new SimPeer(this, key);
    this.#peers.set(key, peer);
    return peer;
  }

  peer(key: PeerKey): SimPeer {
    const peer = this.#peers.get(key);
    if (peer === undefined) throw new Error(`no peer ${key}`);
    return peer;
  }

  /** Links two nodes and exchanges hello; false when one has banned the other, or is the other. */
  connect(a: PeerKey, b: PeerKey): boolean {
    const [pa, pb] = [this.peer(a), this.peer(b)];
    if (a === b || pa.banned.has(b) || pb.banned.has(a) || pa.links.has(b)) return false;
    const [ha, hb] = [pa.hello(), pb.hello()];
    pa.links.set(b, hb);
    pb.links.set(a, ha);
    pa.onReady({ key: b, hello: hb });
    pb.onReady({ key: a, hello: ha });
    return true;
  }

  disconnect(a: PeerKey, b: PeerKey): void {
    const [pa, pb] = [this.peer(a), this.peer(b)];
    if (!pa.links.delete(b)) return;
    pb.links.delete(a);
    pa.onGone(b);
    pb.onGone(a);
  }

  /** Messages between nodes of different groups are lost from now on; no arguments: healed. */
  partition(...groups: readonly (readonly PeerKey[])[]): void {
    const groupOf = (key: PeerKey): number => groups.findIndex((g) => g.includes(key));
    this.#cut = groups.length === 0 ? () => false : (a, b) => groupOf(a) !== groupOf(b);
  }

  gossip(from: PeerKey, to: PeerKey, topic: TopicName, data: Uint8Array): void {
    this.#deliver(from, to, () => void this.peer(to).heard(from, topic, data));
  }

  ask(
    from: PeerKey,
    to: PeerKey,
    stream: StreamName,
    message: WireMessage,
    done: (answer: WireMessage | PeerRequestError) => void,
  ): void {
    const answer = (a: WireMessage | PeerRequestError): void => this.#deliver(to, from, () => done(a));
    this.#deliver(from, to, () => {
      const serve = this.peer(to).serve.get(stream);
      if (serve === undefined) return answer(new PeerRequestError(to, 'disconnected', `no stream ${stream}`));
      serve(from, message).then(answer, (error: unknown) => {
        if (!(error instanceof WireRefusal)) throw error;
        answer(new PeerRequestError(to, 'answer', error.message, error.code));
      });
    });
  }

  #deliver(from: PeerKey, to: PeerKey, act: () => void): void {
    this.clock.after(this.delayMs, () => {
      if (!this.#cut(from, to) && this.peer(from).links.has(to)) act();
    });
  }
}
