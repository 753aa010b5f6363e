import { Lru } from '../util/lru.ts';
import type { Clock } from '../util/ports.ts';
import type { PeerPorts } from '../wire/messages/ask.ts';
import type { PeerKey } from '../wire/peer.ts';

/**
 * A cable pulled during a download lets many requests time out at once: that is one silence, blamed once a minute. Only a
 * peer that answers pings and nothing else for many minutes gets itself banned.
 */
const BLAME_EVERY_MS = 60_000;
const PEERS = 256;

/** Blames silent peers, but not for every request. */
export class Patience {
  readonly #net: Pick<PeerPorts, 'penalize'>;
  readonly #clock: Clock;
  readonly #blamedMs = new Lru<PeerKey, number>(PEERS);

  constructor(net: Pick<PeerPorts, 'penalize'>, clock: Clock) {
    this.#net = net;
    this.#clock = clock;
  }

  /** A request timed out. */
  timedOut(peer: PeerKey, detail: string): void {
    const now = this.#clock.monotonicMs();
    const last = this.#blamedMs.get(peer);
    if (last !== undefined && now - last < BLAME_EVERY_MS) return;
    this.#blamedMs.set(peer, now);
    this.#net.penalize(peer, 'timeout', detail);
  }
}
