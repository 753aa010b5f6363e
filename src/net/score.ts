import { Lru } from '../util/lru.ts';
import type { PeerKey } from '../wire/peer.ts';

/** Points halve in this time: five small faults within minutes are an attack, one an hour is a bad line. */
export const SCORE_HALF_LIFE_MS = 600_000;
/** At this many points a peer is banned. */
export const BAN_SCORE = 100;

/** Misbehaviour points by peer. They outlive the connection, so that reconnecting does not wash them off. */
export class Scores {
  readonly #points = new Lru<PeerKey, { points: number; atMs: number }>(4096);

  /** Points now. `nowMs` is monotonic. */
  get(peer: PeerKey, nowMs: number): number {
    const entry = this.#points.get(peer);
    return entry === undefined ? 0 : entry.points * 0.5 ** ((nowMs - entry.atMs) / SCORE_HALF_LIFE_MS);
  }

  /** Adds points and returns the sum. */
  add(peer: PeerKey, points: number, nowMs: number): number {
    const sum = this.get(peer, nowMs) + points;
    this.#points.set(peer, { points: sum, atMs: nowMs });
    return sum;
  }

  forget(peer: PeerKey): void {
    this.#points.delete(peer);
  }
}
