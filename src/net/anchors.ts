import type { PeerKey } from '../wire/peer.ts';
import { parseAddress, peerIdOf } from './address.ts';

/** Peers remembered at most. */
export const MAX_ANCHORS = 64;
/** Addresses remembered of each. */
const MAX_ADDRESSES = 4;
/** A peer not met for so long is forgotten. */
const MAX_AGE_MS = 30 * 86_400_000;

interface Anchor {
  readonly key: PeerKey;
  readonly addresses: readonly string[];
  readonly lastMs: number;
}

/**
 * Good peers of this run and earlier ones, so that a restarted node finds its way back without seeds. Kept in a file of
 * our own, small and readable, because it must survive the loss of the peer store.
 */
export class Anchors {
  readonly #anchors = new Map<PeerKey, Anchor>();

  /** Takes what was kept; whatever is no anchor is left out. */
  restore(content: unknown, nowMs: number): void {
    if (!Array.isArray(content)) return;
    for (const item of content.slice(0, MAX_ANCHORS)) {
      const { addresses, lastMs } = (item ?? {}) as Partial<Record<keyof Anchor, unknown>>;
      if (!Array.isArray(addresses) || typeof lastMs !== 'number' || nowMs - lastMs > MAX_AGE_MS) continue;
      for (const address of addresses.slice(0, MAX_ADDRESSES))
        if (typeof address === 'string') this.#restore(address, lastMs);
    }
  }

  #restore(address: string, lastMs: number): void {
    let key: PeerKey | undefined;
    try {
      key = peerIdOf(parseAddress(address));
    } catch {
      return;
    }
    if (key === undefined) return;
    const addresses = [...(this.#anchors.get(key)?.addresses ?? []), address];
    this.#anchors.set(key, { key, addresses, lastMs: Math.min(lastMs, Number.MAX_SAFE_INTEGER) });
  }

  /** The peer is connected now, and can be reached at these multiaddrs (with /p2p/). */
  met(key: PeerKey, addresses: readonly string[], nowMs: number): void {
    if (addresses.length === 0) return;
    this.#anchors.set(key, { key, addresses: addresses.slice(0, MAX_ADDRESSES), lastMs: nowMs });
    if (this.#anchors.size > MAX_ANCHORS) this.#anchors.delete(this.#sorted().at(-1)?.key as PeerKey);
  }

  forget(key: PeerKey): void {
    this.#anchors.delete(key);
  }

  /** One line per peer, last met first. */
  list(): readonly Anchor[] {
    return this.#sorted();
  }

  #sorted(): Anchor[] {
    return [...this.#anchors.values()].sort((a, b) => b.lastMs - a.lastMs);
  }
}
