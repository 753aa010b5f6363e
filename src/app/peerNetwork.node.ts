import { createNetwork } from '../net/host.node.ts';
import type { Network as PeerNetwork } from '../net/network.ts';
import type { Network } from '../params/network.ts';
import type { Hello } from '../wire/peer.ts';
import type { RoleParts } from './role.node.ts';
import { USER_AGENT } from './version.ts';

/** The libp2p network of a role, configured but not started. `services`: bits of wire/peer.ts. */
export function peerNetwork(
  parts: RoleParts,
  services: number,
  best: Pick<Hello, 'height' | 'bestHash' | 'chainWork'>,
): PeerNetwork {
  const { config, network, platform, log } = parts;
  const { p2p } = config;
  return createNetwork({
    chain: network,
    group: config.group,
    role: config.role,
    services,
    userAgent: USER_AGENT,
    best,
    dataDir: config.datadir,
    privateKey: parts.privateKey,
    listen: p2p.listen,
    announce: p2p.announce,
    seeds: [...config.seeds, ...network.seeds],
    targetOutbound: p2p.targetOutbound,
    maxPeers: p2p.maxPeers,
    maxPerIp: p2p.maxPerIp,
    banSeconds: p2p.banSeconds,
    mdns: p2p.mdns,
    blockSeconds: blockSeconds(network),
    logger: log.child({ room: 'net' }),
    platform,
  });
}

/** Blocks mined at will on regtest's easiest target: our development miner's pace, rather than the 600 s never kept there. */
const DEVELOPMENT_BLOCK_SECONDS = 15;

/** What to expect between blocks, seconds. */
function blockSeconds({ development, consensus }: Network): number {
  return development && consensus.pow.noRetarget ? DEVELOPMENT_BLOCK_SECONDS : consensus.pow.spacing;
}
