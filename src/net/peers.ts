import type { Connection } from '@libp2p/interface';
import type { Hello, PeerKey } from '../wire/peer.ts';
import type { Meter, Traffic } from './meter.ts';
import type { PeerInfo } from './network.ts';
import type { Session } from './session.ts';

/** A peer that passed hello, with every connection to it. */
export class Peer {
  readonly key: PeerKey;
  readonly id: number;
  readonly connectedMs: number;
  readonly clockOffsetMs: number;
  /** Ready ones; the first is used for new streams. */
  readonly sessions: Session[] = [];
  hello: Hello;
  pingMs: number | undefined;
  minPingMs: number | undefined;

  constructor(key: PeerKey, id: number, hello: Hello, nowMs: number) {
    this.key = key;
    this.id = id;
    this.hello = hello;
    this.connectedMs = nowMs;
    this.clockOffsetMs = hello.timeMs - nowMs;
  }

  get session(): Session {
    return this.sessions[0] as Session;
  }

  get inbound(): boolean {
    return this.session.inbound;
  }

  measured(pingMs: number): void {
    this.pingMs = pingMs;
    this.minPingMs = Math.min(pingMs, this.minPingMs ?? pingMs);
  }

  traffic(meter: Meter): Traffic {
    const sum: Traffic = { sent: 0, received: 0, lastSendMs: 0, lastRecvMs: 0 };
    for (const { connection } of this.sessions) {
      const t = meter.of(connection.timeline);
      if (t === undefined) continue;
      sum.sent += t.sent;
      sum.received += t.received;
      sum.lastSendMs = Math.max(sum.lastSendMs, t.lastSendMs);
      sum.lastRecvMs = Math.max(sum.lastRecvMs, t.lastRecvMs);
    }
    return sum;
  }

  info(meter: Meter, score: number, manual: boolean): PeerInfo {
    const t = this.traffic(meter);
    return {
      key: this.key,
      id: this.id,
      address: this.session.connection.remoteAddr.toString(),
      localAddress: undefined,
      inbound: this.inbound,
      hello: this.hello,
      connectedMs: this.connectedMs,
      lastSendMs: t.lastSendMs,
      lastRecvMs: t.lastRecvMs,
      bytesSent: t.sent,
      bytesReceived: t.received,
      pingMs: this.pingMs,
      minPingMs: this.minPingMs,
      score: Math.round(score),
      manual,
      clockOffsetMs: this.clockOffsetMs,
    };
  }
}

/** The peers that passed hello, and which of two connections to the same peer stays. */
export class PeerTable {
  readonly #ourKey: PeerKey;
  readonly #peers = new Map<PeerKey, Peer>();
  #lastId = 0;

  constructor(ourKey: PeerKey) {
    this.#ourKey = ourKey;
  }

  get size(): number {
    return this.#peers.size;
  }

  get(key: PeerKey): Peer | undefined {
    return this.#peers.get(key);
  }

  values(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  /** True while one of the peer's ready sessions is this connection. */
  isReady(connection: Connection): boolean {
    return (
      this.#peers.get(connection.remotePeer.toString())?.sessions.some((s) => s.connection === connection) === true
    );
  }

  /** Adds a session that passed hello. `duplicate` is the connection that we should close, if it is for us to do so. */
  add(session: Session, hello: Hello, nowMs: number): { peer: Peer; isNew: boolean; duplicate: Session | undefined } {
    const known = this.#peers.get(session.key);
    const peer = known ?? new Peer(session.key, ++this.#lastId, hello, nowMs);
    peer.hello = hello;
    peer.sessions.push(session);
    this.#peers.set(peer.key, peer);
    return { peer, isNew: known === undefined, duplicate: this.#duplicate(peer) };
  }

  /** Removes a session; returns the peer when that was its last. */
  remove(session: Session): Peer | undefined {
    const peer = this.#peers.get(session.key);
    const at = peer?.sessions.indexOf(session) ?? -1;
    if (peer === undefined || at < 0) return undefined;
    if (peer.sessions.length === 1) {
      this.#peers.delete(peer.key); // the session stays in it: listeners may still ask for its address
      return peer;
    }
    peer.sessions.splice(at, 1);
    return undefined;
  }

  /**
   * Two nodes that dial each other at once get two connections. Both must let go of the same one, so the connection dialled
   * by the smaller peer id stays, and only that node closes the other; of two in one direction the older stays.
   */
  #duplicate(peer: Peer): Session | undefined {
    const [a, b] = peer.sessions;
    if (a === undefined || b === undefined) return undefined;
    const weAreSmaller = this.#ourKey < peer.key;
    const keep = a.inbound === b.inbound ? a : a.inbound === weAreSmaller ? b : a;
    if (keep === b) peer.sessions.splice(0, 2, b, a);
    return weAreSmaller ? (keep === a ? b : a) : undefined;
  }
}
