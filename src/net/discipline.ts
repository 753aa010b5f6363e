import { effectOf, type RuleCode } from '../primitives/rules.ts';
import type { Clock, Logger } from '../util/ports.ts';
import type { PeerKey } from '../wire/peer.ts';
import type { Bans } from './bans.ts';
import { BAN_SCORE, type Scores } from './score.ts';

/** How long misbehaviour bans: 24 hours. */
export const BAN_SECONDS = 86_400;

export interface DisciplinePorts {
  readonly scores: Scores;
  readonly bans: Bans;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The peer's address, when it says something about who it is: not on loopback and private networks. */
  publicIpOf(peer: PeerKey): string | undefined;
  disconnect(peer: PeerKey, reason: string): void;
  onBanned(peer: PeerKey, reason: string): void;
}

/** Turns broken rules into points, and points into bans. */
export class Discipline {
  readonly #ports: DisciplinePorts;

  constructor(ports: DisciplinePorts) {
    this.#ports = ports;
  }

  penalize(peer: PeerKey, rule: RuleCode, detail: string): void {
    const { scores, clock, logger } = this.#ports;
    const { penalty } = effectOf(rule);
    if (penalty === 0) return;
    const score = scores.add(peer, penalty, clock.monotonicMs());
    logger.info({ peer, rule, detail, penalty, score: Math.round(score) }, 'peer broke a rule');
    if (score >= BAN_SCORE) this.#ban(peer, `${rule}: ${detail}`);
  }

  #ban(peer: PeerKey, reason: string): void {
    const { bans, clock, logger, publicIpOf, disconnect, onBanned } = this.#ports;
    const createdMs = clock.nowMs();
    if (bans.has(peer, createdMs)) return;
    const untilMs = createdMs + BAN_SECONDS * 1000;
    const ip = publicIpOf(peer);
    // A new peer id costs nothing: on public addresses the ban holds for the address too.
    for (const target of ip === undefined ? [peer] : [peer, ip]) bans.add({ target, createdMs, untilMs, reason });
    logger.warn({ peer, ip, reason, seconds: BAN_SECONDS }, 'peer banned');
    disconnect(peer, `banned: ${reason}`);
    onBanned(peer, reason);
  }
}
