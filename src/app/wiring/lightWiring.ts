import type { HeaderChain } from '../../chain/headerChain.ts';
import type { LightClient } from '../../light/lightClient.ts';
import type { Network } from '../../net/network.ts';
import { onHeader } from '../../relay/onHeader.ts';
import type { Lifetime } from '../../util/lifetime.ts';
import { helloOf } from './fullWiring.ts';

export interface LightWiring {
  readonly chain: HeaderChain;
  readonly net: Network;
  readonly client: LightClient;
  readonly lifetime: Lifetime;
}

/** Headers from gossip, peers that come and go, and what hello says of our chain. */
export function wireLight({ chain, net, client, lifetime }: LightWiring): void {
  net.onGossip('header', onHeader({ chain, net, headers: client.headers, tips: client.tips }));
  lifetime.add(net.events.on('ready', ({ peer }) => client.onReady(peer)));
  lifetime.add(net.events.on('gone', ({ peer }) => client.onGone(peer)));
  lifetime.add(chain.events.on('bestHeader', ({ entry }) => net.setHello(helloOf(entry))));
}
