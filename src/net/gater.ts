import type { Connection, ConnectionGater, MultiaddrConnection } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { Lru } from '../util/lru.ts';
import type { PeerKey } from '../wire/peer.ts';
import { ipOf, isLoopback, isSelfReferring, ownerOf } from './address.ts';
import type { Bans } from './bans.ts';
import type { Meter } from './meter.ts';

export interface GaterPorts {
  readonly bans: Bans;
  readonly meter: Meter;
  readonly ourKey: PeerKey;
  nowMs(): number;
  connections(): readonly Connection[];
}

export interface GaterLimits {
  /** A network where many nodes share one address: a class, a test. */
  readonly development: boolean;
  /** Inbound connections of one IP owner at most. Default 8, on development networks 80. */
  readonly maxPerIp?: number | undefined;
}

/**
 * Who may connect, and which addresses of others are kept: bans, limits per IP owner, peers that are left alone for a
 * while. Limits per IP do not hold on loopback, and are wider on development networks.
 */
export class Gater implements ConnectionGater {
  readonly #ports: GaterPorts;
  /** Silent half-open connections from one host must not use up everybody's places (10 s each in libp2p). */
  readonly #maxHalfOpen: number;
  readonly #maxInbound: number;
  readonly #halfOpen = new Map<string, number>();
  readonly #upgrading = new WeakMap<MultiaddrConnection, () => void>();
  readonly #resting = new Lru<PeerKey, number>(4096);

  constructor(ports: GaterPorts, { development, maxPerIp }: GaterLimits) {
    this.#ports = ports;
    this.#maxHalfOpen = development ? 40 : 4;
    this.#maxInbound = maxPerIp ?? (development ? 80 : 8);
  }

  /** Not dialled, by whatever part of libp2p, until `untilMs` (Unix). */
  rest(peer: PeerKey, untilMs: number): void {
    this.#resting.set(peer, untilMs);
  }

  wake(peer: PeerKey): void {
    this.#resting.delete(peer);
  }

  resting(peer: PeerKey): boolean {
    return (this.#resting.get(peer) ?? 0) > this.#ports.nowMs();
  }

  #banned(target: string | undefined): boolean {
    return target !== undefined && this.#ports.bans.has(target, this.#ports.nowMs());
  }

  denyDialPeer = (peer: { toString(): string }): boolean => {
    const key = peer.toString();
    return this.#banned(key) || this.resting(key);
  };

  denyDialMultiaddr = (address: Multiaddr): boolean => this.#banned(ipOf(address));

  /**
   * Whether the peer store keeps an address that somebody told us. Loopback means another machine to each who says it: it
   * counts only for peers of our own machine, or, when we know the peer from hearsay, while such peers are connected. With
   * no connection nobody tells us anything: the store then reads again what it kept before.
   */
  filterMultiaddrForPeer = (peer: { toString(): string }, address: Multiaddr): boolean => {
    const key = peer.toString();
    if (!isSelfReferring(address) || key === this.#ports.ourKey) return true;
    const all = this.#ports.connections();
    const theirs = all.filter((c) => c.remotePeer.toString() === key);
    const sources = theirs.length > 0 ? theirs : all;
    return sources.length === 0 || sources.some((c) => isSelfReferring(c.remoteAddr));
  };

  denyOutboundConnection = (_peer: unknown, socket: MultiaddrConnection): boolean => {
    this.#ports.meter.watch(socket);
    return false;
  };

  denyOutboundEncryptedConnection = (peer: { toString(): string }, socket: MultiaddrConnection): boolean => {
    this.#ports.meter.watch(socket);
    return this.#banned(peer.toString());
  };

  denyInboundConnection = (socket: MultiaddrConnection): boolean => {
    this.#ports.meter.watch(socket);
    const ip = ipOf(socket.remoteAddr);
    if (ip === undefined || isLoopback(ip)) return this.#banned(ip);
    if (this.#banned(ip)) return true;
    const owner = ownerOf(ip);
    const half = this.#halfOpen.get(owner) ?? 0;
    if (half >= this.#maxHalfOpen || this.#inboundOf(owner) >= this.#maxInbound) return true;
    this.#halfOpen.set(owner, half + 1);
    this.#upgrading.set(socket, () => this.#upgraded(owner));
    socket.addEventListener('close', () => this.#settle(socket), { once: true });
    return false;
  };

  denyInboundEncryptedConnection = (peer: { toString(): string }): boolean => this.#banned(peer.toString());

  denyInboundUpgradedConnection = (_peer: unknown, socket: MultiaddrConnection): boolean => {
    this.#settle(socket);
    return false;
  };

  #inboundOf(owner: string): number {
    let n = 0;
    for (const c of this.#ports.connections()) {
      const ip = c.direction === 'inbound' ? ipOf(c.remoteAddr) : undefined;
      if (ip !== undefined && ownerOf(ip) === owner) n++;
    }
    return n;
  }

  #settle(socket: MultiaddrConnection): void {
    this.#upgrading.get(socket)?.();
    this.#upgrading.delete(socket);
  }

  #upgraded(owner: string): void {
    const left = (this.#halfOpen.get(owner) ?? 1) - 1;
    if (left > 0) this.#halfOpen.set(owner, left);
    else this.#halfOpen.delete(owner);
  }
}
