import type { PeerKey } from '../wire/peer.ts';

export interface Candidate {
  readonly key: PeerKey;
  /** Manual peers and the outbound ones we chose ourselves are never given up. */
  readonly keep: boolean;
  /** IP owner; peers of one owner count as one party. */
  readonly owner: string;
  readonly connectedMs: number;
  readonly minPingMs: number | undefined;
  readonly bytesReceived: number;
  readonly score: number;
}

/** So many peers are safe for each of: longest connected, quickest to answer, most useful. */
const PROTECTED_PER_QUALITY = 4;

/**
 * Who makes room for a newcomer. Peers with penalties go first. Then some are protected by qualities that an attacker with
 * many identities cannot all have (the idea of Bitcoin Core's eviction); of the rest, the youngest peer of the owner with
 * most connections goes. Undefined when nobody may be given up.
 */
export function chooseVictim(candidates: readonly Candidate[]): PeerKey | undefined {
  const open = candidates.filter((c) => !c.keep);
  const worst = open.filter((c) => c.score > 0).sort((a, b) => b.score - a.score)[0];
  if (worst !== undefined) return worst.key;

  const safe = new Set<Candidate>();
  const protect = (order: (a: Candidate, b: Candidate) => number): void => {
    const rest = open.filter((c) => !safe.has(c)).sort(order);
    for (const c of rest.slice(0, PROTECTED_PER_QUALITY)) safe.add(c);
  };
  protect((a, b) => a.connectedMs - b.connectedMs);
  protect((a, b) => (a.minPingMs ?? Number.MAX_VALUE) - (b.minPingMs ?? Number.MAX_VALUE));
  protect((a, b) => b.bytesReceived - a.bytesReceived);

  const byOwner = new Map<string, Candidate[]>();
  for (const c of open) if (!safe.has(c)) byOwner.set(c.owner, [...(byOwner.get(c.owner) ?? []), c]);
  const youngest = (group: readonly Candidate[]): Candidate =>
    group.reduce((a, b) => (a.connectedMs >= b.connectedMs ? a : b));
  const crowded = [...byOwner.values()].sort(
    (a, b) => b.length - a.length || youngest(b).connectedMs - youngest(a).connectedMs,
  )[0];
  return crowded === undefined ? undefined : youngest(crowded).key;
}
