import type { HelloRefusal } from '../wire/helloCheck.ts';
import type { PeerKey } from '../wire/peer.ts';
import { ipOf, ownerOf } from './address.ts';
import type { Meter } from './meter.ts';
import type { Peer, PeerTable } from './peers.ts';
import { chooseVictim } from './pruning.ts';

export interface RoomPorts {
  readonly peers: PeerTable;
  readonly meter: Meter;
  readonly maxPeers: number;
  readonly targetOutbound: number;
  isManual(key: PeerKey): boolean;
  scoreOf(key: PeerKey): number;
  disconnect(key: PeerKey, reason: string): void;
}

/** Decides who stays when there are more peers than places. */
export class Room {
  readonly #ports: RoomPorts;

  constructor(ports: RoomPorts) {
    this.#ports = ports;
  }

  /** Undefined when the newcomer may stay; then somebody else may have been sent away for it. */
  admit(key: PeerKey, inbound: boolean): HelloRefusal | undefined {
    const { peers, maxPeers, isManual, disconnect } = this.#ports;
    if (peers.size < maxPeers || peers.get(key) !== undefined) return undefined;
    const victim = inbound || isManual(key) ? this.#victim() : undefined;
    if (victim !== undefined) disconnect(victim, 'made room for another peer');
    else if (!isManual(key)) return { refusal: 'too-many-peers', detail: `${peers.size} peers, no more` };
    return undefined;
  }

  /** Several newcomers at the same moment may all have found the last place: sends away who is too many. */
  trim(): void {
    const { peers, maxPeers, disconnect } = this.#ports;
    if (peers.size <= maxPeers) return;
    const victim = this.#victim();
    if (victim !== undefined) disconnect(victim, 'too many peers');
  }

  #victim(): PeerKey | undefined {
    const { peers, meter, targetOutbound, isManual, scoreOf } = this.#ports;
    const all = [...peers.values()];
    // Connections that we chose are the hardest for an attacker to get: the first ones, up to the target, stay.
    const chosen = new Set(
      all
        .filter((p) => !p.inbound)
        .sort((a, b) => a.connectedMs - b.connectedMs)
        .slice(0, targetOutbound),
    );
    return chooseVictim(
      all.map((peer) => ({
        key: peer.key,
        keep: chosen.has(peer) || isManual(peer.key),
        owner: ownerOfPeer(peer),
        connectedMs: peer.connectedMs,
        minPingMs: peer.minPingMs,
        bytesReceived: peer.traffic(meter).received,
        score: Math.round(scoreOf(peer.key)),
      })),
    );
  }
}

function ownerOfPeer(peer: Peer): string {
  const ip = ipOf(peer.session.connection.remoteAddr);
  return ip === undefined ? peer.key : ownerOf(ip);
}
