import { Lru } from '../util/lru.ts';
import type { PeerKey } from '../wire/peer.ts';

/** Points halve every so often: five small faults within minutes are an attack, one an hour is a bad line. */
export const SCORE_HALF_LIFE_MS = 600_000;
/** At this many points a peer is banned. */
export const BAN_SCORE = 100;

/** Misbehaviour points by peer. They outlive the connection, so that reconnecting does not wash them off. */
export class Scores {
  readonly #points = new Lru<PeerKey, { points: number; atMs: number }>(4096);

  /** Points now. `nowMs` is monotonic. */
  get(peer: PeerKey, nowMs: number): number {
    return this.#decayed(peer, nowMs).points;
  }

  /** Adds points and returns the sum. */
  add(peer: PeerKey, points: number, nowMs: number): number {
    const { points: before, atMs } = this.#decayed(peer, nowMs);
    this.#points.set(peer, { points: before + points, atMs });
    return before + points;
  }

  /** In whole steps, so that faults in quick succession add up exactly. */
  #decayed(peer: PeerKey, nowMs: number): { points: number; atMs: number } {
    const entry = this.#points.get(peer);
    if (entry === undefined) return { points: 0, atMs: nowMs };
    const steps = Math.floor((nowMs - entry.atMs) / SCORE_HALF_LIFE_MS);
    return { points: entry.points * 0.5 ** steps, atMs: entry.atMs + steps * SCORE_HALF_LIFE_MS };
  }

  forget(peer: PeerKey): void {
    this.#points.delete(peer);
  }
}
