import { effectOf, type RuleCode } from '../primitives/rules.ts';
import type { Clock, Logger } from '../util/ports.ts';
import type { PeerKey } from '../wire/peer.ts';
import { ipOf, isLocal } from './address.ts';
import type { Bans } from './bans.ts';
import type { Connections } from './connections.ts';
import type { PeerTable } from './peers.ts';
import { BAN_SCORE, type Scores } from './score.ts';
import type { Session } from './session.ts';

export interface DisciplinePorts {
  readonly scores: Scores;
  readonly bans: Bans;
  readonly peers: PeerTable;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long misbehaviour bans. */
  readonly banSeconds: number;
  onBanned(peer: PeerKey, reason: string): void;
}

/** Turns broken rules into points, and points into bans. */
export class Discipline {
  readonly #ports: DisciplinePorts;

  constructor(ports: DisciplinePorts) {
    this.#ports = ports;
  }

  penalize(peer: PeerKey, rule: RuleCode, detail: string): void {
    const { scores, bans, clock, logger, banSeconds } = this.#ports;
    const { penalty } = effectOf(rule);
    if (penalty === 0) return;
    const score = scores.add(peer, penalty, clock.monotonicMs());
    logger.info({ peer, rule, detail, penalty, score: Math.round(score) }, 'peer broke a rule');
    if (score < BAN_SCORE || bans.has(peer, clock.nowMs())) return;
    const reason = `${rule}: ${detail}`;
    const ip = this.#publicIpOf(peer);
    this.ban(peer, banSeconds, reason);
    // A new peer id costs nothing: on public addresses the ban holds for the address too.
    if (ip !== undefined) this.ban(ip, banSeconds, reason);
  }

  /** Bans a peer id or IP address and closes the connections it holds for. */
  ban(target: string, seconds: number, reason: string): void {
    const { bans, peers, connections, clock, logger, onBanned } = this.#ports;
    const createdMs = clock.nowMs();
    bans.add({ target, createdMs, untilMs: createdMs + seconds * 1000, reason });
    logger.warn({ target, reason, seconds }, 'banned');
    const hit = [...peers.values()].filter((p) => isTarget(p.session, target));
    connections.disconnectWhere((session) => isTarget(session, target), `banned: ${reason}`);
    for (const peer of hit) onBanned(peer.key, reason);
  }

  /** False when there was no such ban. The points are forgiven as well. */
  unban(target: string): boolean {
    const had = this.#ports.bans.remove(target);
    if (had) this.#ports.scores.forget(target);
    return had;
  }

  /** The peer's address, when it says something about who it is: not on loopback and private networks. */
  #publicIpOf(peer: PeerKey): string | undefined {
    const address = this.#ports.peers.get(peer)?.session.connection.remoteAddr;
    const ip = address === undefined ? undefined : ipOf(address);
    return ip === undefined || isLocal(ip) ? undefined : ip;
  }
}

function isTarget(session: Session, target: string): boolean {
  return session.key === target || ipOf(session.connection.remoteAddr) === target;
}
