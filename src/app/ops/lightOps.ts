import type { HeaderChain } from '../../chain/headerChain.ts';
import type { LightClient } from '../../light/lightClient.ts';
import type { Network } from '../../net/network.ts';
import type { Lifetime } from '../../util/lifetime.ts';
import type { Clock } from '../../util/ports.ts';
import type { OpsSource } from './opsSource.ts';

/** Health and metrics of a light node. */
export function lightOps(p: {
  readonly chain: HeaderChain;
  readonly client: LightClient;
  readonly net: Network;
  readonly clock: Clock;
  readonly lifetime: Lifetime;
}): OpsSource {
  const { chain, client, net, clock } = p;
  return {
    readiness() {
      if (p.lifetime.closed) return { ready: false, reason: 'stopping', detail: 'the node is stopping' };
      const { initialDownload, phase, headers, peerHeight } = client.info();
      if (initialDownload)
        return { ready: false, reason: 'syncing', detail: `${phase}: header ${headers} of ${peerHeight}` };
      return { ready: true };
    },
    async health() {
      const { phase, headers, servers, agreeing, wanted, warnings, stalledReason } = client.info();
      return { phase, headers, servers, agreeing, wanted, warnings, stalled: stalledReason ?? null };
    },
    async metrics() {
      const peers = net.peers();
      const { bytesSent, bytesReceived } = net.totals();
      const best = chain.bestHeader();
      return {
        cairn_height: best.height,
        cairn_headers: best.height,
        cairn_peers: peers.length,
        cairn_peers_inbound: peers.filter((peer) => peer.inbound).length,
        cairn_last_block_age_seconds: Math.max(0, Math.floor(clock.nowMs() / 1000) - best.header.time),
        cairn_network_received_bytes_total: bytesReceived,
        cairn_network_sent_bytes_total: bytesSent,
      };
    },
  };
}
