import type { Network } from '../../net/network.ts';
import type { PeersBackend } from '../../rpc/backend.ts';
import { SERVICES } from '../../wire/peer.ts';

/** The network as RPC sees it. `services`: own bits. */
export function peersBackend(net: Network, services: number): PeersBackend {
  return {
    key: net.key,
    services,
    serviceNames: (bits) =>
      Object.entries(SERVICES)
        .filter(([, bit]) => (bits & bit) !== 0)
        .map(([name]) => name),
    addresses: () => net.addresses(),
    peers: () => net.peers(),
    totals: () => net.totals(),
    connect: (address) => net.connect(address),
    addManual: (address) => net.addManual(address),
    removeManual: (address) => net.removeManual(address),
    manual: () => net.manual(),
    disconnect: (peer, reason) => net.disconnect(peer, reason),
    ban: (target, seconds, reason) => net.ban(target, seconds, reason),
    unban: (target) => net.unban(target),
    bans: () => net.bans(),
  };
}
