import type { Network } from '../../net/network.ts';
import type { PeersBackend } from '../../rpc/backend.ts';
import { type PeerKey, SERVICES } from '../../wire/peer.ts';

/** The network as RPC sees it. `services`: own bits, as of now. `offered`: a peer's, when they are known better than from its hello. */
export function peersBackend(
  net: Network,
  services: () => number,
  offered: (peer: PeerKey) => number | undefined = () => undefined,
): PeersBackend {
  return {
    key: net.key,
    get services() {
      return services();
    },
    serviceNames: (bits) =>
      Object.entries(SERVICES)
        .filter(([, bit]) => (bits & bit) !== 0)
        .map(([name]) => name),
    addresses: () => net.addresses(),
    peers: () =>
      net.peers().map((peer) => {
        const bits = offered(peer.key);
        return bits === undefined ? peer : { ...peer, hello: { ...peer.hello, services: bits } };
      }),
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
