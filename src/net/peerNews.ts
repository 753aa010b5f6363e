import type { Emitter } from '../util/events.ts';
import type { Clock, Logger } from '../util/ports.ts';
import type { PeerKey } from '../wire/peer.ts';
import type { Anchors } from './anchors.ts';
import type { Dialler } from './dialler.ts';
import type { Gater } from './gater.ts';
import type { HelloRefused } from './helloExchange.ts';
import type { NetworkEvents, PeerInfo } from './network.ts';
import type { Peer } from './peers.ts';
import type { RequestClient } from './requestClient.ts';
import type { Session } from './session.ts';

/** A full peer is asked again after this. */
const FULL_REST_MS = 60_000;

export interface PeerNewsPorts {
  readonly events: Emitter<NetworkEvents>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gater: Gater;
  readonly anchors: Anchors;
  readonly client: RequestClient;
  readonly dialler: Dialler;
  readonly refusedBackoffMs: number;
  info(peer: Peer): PeerInfo;
}

/** A peer came, left, was refused or banned: tells the log, the parts of this room that care, and the rest of the node. */
export class PeerNews {
  readonly #ports: PeerNewsPorts;

  constructor(ports: PeerNewsPorts) {
    this.#ports = ports;
  }

  ready(peer: Peer): void {
    const { logger, dialler, events, info } = this.#ports;
    const { address, inbound } = info(peer);
    const { role, height, userAgent } = peer.hello;
    logger.info({ peer: peer.key, address, inbound, role, height, userAgent }, 'peer connected');
    dialler.joined();
    events.emit('ready', { peer: info(peer) });
  }

  gone(peer: Peer, reason: string): void {
    const { logger, dialler, events, client, clock } = this.#ports;
    client.drop(peer.key, reason);
    dialler.ended(peer.key, clock.nowMs() - peer.connectedMs);
    logger.info({ peer: peer.key, reason }, 'peer disconnected');
    events.emit('gone', { peer: peer.key, reason });
  }

  /** Whoever refused whom: this peer is left alone for a while. */
  refused({ key, connection }: Session, { refusal, message: detail, byUs }: HelloRefused): void {
    const { logger, dialler, events, gater, anchors, clock, refusedBackoffMs } = this.#ports;
    const full = refusal === 'too-many-peers';
    const restMs = full ? Math.min(FULL_REST_MS, refusedBackoffMs) : refusedBackoffMs;
    gater.rest(key, clock.nowMs() + restMs);
    dialler.hold(key, restMs);
    if (!full) anchors.forget(key);
    const address = connection.remoteAddr.toString();
    const fields = { peer: key, address, refusal, detail, byUs };
    if (full) logger.info(fields, 'no room for another peer');
    else logger.warn(fields, byUs ? 'peer refused at hello' : 'peer refused us at hello');
    events.emit('refused', { address, peer: key, refusal, detail });
  }

  banned(peer: PeerKey, reason: string): void {
    this.#ports.anchors.forget(peer);
    this.#ports.events.emit('banned', { peer, reason });
  }
}
