import type { TopicName } from '../wire/peer.ts';

/** Below these a peer gets no gossip, nothing we publish, and is not listened to; chosen with the weights below. */
export const SCORE_THRESHOLDS = {
  gossipThreshold: -40,
  publishThreshold: -80,
  graylistThreshold: -160,
  acceptPXThreshold: 100,
  opportunisticGraftThreshold: 5,
} as const;

/** Points a peer can earn in one topic by staying in the mesh, and by being first to deliver. */
const MAX_IN_MESH = 10;
const MAX_FIRST = 40;
/** gossipsub's mesh degree. */
const D = 8;
const INTERVAL_MS = 1000;

interface TopicTraffic {
  readonly weight: number;
  readonly perSecond: number;
  readonly firstDecayMs: number;
  readonly invalidDecayMs: number;
}

/** What honest traffic looks like. One invalid block costs more than one invalid transaction, and is forgotten later. */
export function expectedTraffic(blockSeconds: number): Readonly<Record<TopicName, TopicTraffic>> {
  const block = { perSecond: 1 / blockSeconds, firstDecayMs: 20 * blockSeconds * 1000, invalidDecayMs: 3_600_000 };
  return {
    block: { weight: 0.5, ...block },
    header: { weight: 0.2, ...block },
    tx: { weight: 0.3, perSecond: 20, firstDecayMs: 60_000, invalidDecayMs: 600_000 },
  };
}

/** Factor per interval at which a counter falls to 1 % after `ms`. */
function decayFor(ms: number): number {
  return 0.01 ** (INTERVAL_MS / ms);
}

function topicParams(t: TopicTraffic, maxPositive: number) {
  const firstDecay = decayFor(t.firstDecayMs);
  const firstCap = Math.max(1, (2 * t.perSecond) / D / (1 - firstDecay));
  return {
    topicWeight: t.weight,
    timeInMeshQuantum: 1000,
    timeInMeshCap: 3600,
    timeInMeshWeight: MAX_IN_MESH / 3600,
    firstMessageDeliveriesDecay: firstDecay,
    firstMessageDeliveriesCap: firstCap,
    firstMessageDeliveriesWeight: MAX_FIRST / firstCap,
    // Silence is no fault where blocks are rare: mesh delivery is not scored.
    meshMessageDeliveriesWeight: 0,
    meshMessageDeliveriesDecay: 0.5,
    meshMessageDeliveriesCap: 1,
    meshMessageDeliveriesThreshold: 1,
    meshMessageDeliveriesWindow: 2000,
    meshMessageDeliveriesActivation: 60_000,
    meshFailurePenaltyWeight: 0,
    meshFailurePenaltyDecay: 0.5,
    invalidMessageDeliveriesWeight: -maxPositive / t.weight,
    invalidMessageDeliveriesDecay: decayFor(t.invalidDecayMs),
  };
}

export interface ScoringOptions {
  readonly topics: Readonly<Record<TopicName, string>>;
  readonly blockSeconds: number;
  /** Many nodes share one address (loopback, a classroom): being neighbours is then no sign of an attack. */
  readonly sharedIps: boolean;
  /** Zero or below: what the peer did wrong outside gossip. */
  appSpecificScore(peer: string): number;
}

/**
 * gossipsub score parameters. The library's defaults do not punish invalid messages at all; these are scaled so that one
 * invalid message costs all a peer can earn, and three put it below the graylist threshold.
 */
export function scoreParams(options: ScoringOptions) {
  const traffic = expectedTraffic(options.blockSeconds);
  const names = Object.keys(traffic) as TopicName[];
  const maxPositive = (MAX_IN_MESH + MAX_FIRST) * names.reduce((sum, name) => sum + traffic[name].weight, 0);
  const cap = maxPositive / 2;
  return {
    decayInterval: INTERVAL_MS,
    decayToZero: 0.01,
    retainScore: 3_600_000,
    topicScoreCap: cap,
    appSpecificWeight: 1,
    appSpecificScore: options.appSpecificScore,
    IPColocationFactorThreshold: 3,
    IPColocationFactorWeight: options.sharedIps ? 0 : -cap,
    IPColocationFactorWhitelist: new Set<string>(),
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyWeight: -10,
    behaviourPenaltyDecay: decayFor(600_000),
    topics: Object.fromEntries(names.map((name) => [options.topics[name], topicParams(traffic[name], maxPositive)])),
  };
}
