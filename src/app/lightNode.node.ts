import { HeaderChain } from '../chain/headerChain.ts';
import { judgeFor } from '../consensus/registry.ts';
import { LightClient } from '../light/lightClient.ts';
import { preloadNetwork } from '../net/host.node.ts';
import { turns } from '../platform/turns.node.ts';
import { openHeaderStore } from '../store/openStores.node.ts';
import { minChainWorkOf } from './assumptions.ts';
import { headersBackend } from './backend/headers.ts';
import { lightProofs, lightSubmission } from './backend/light.ts';
import { nodeBackend } from './backend/node.node.ts';
import { peersBackend } from './backend/peers.ts';
import { scriptBackend } from './backend/scripts.ts';
import { lightOps } from './ops/lightOps.ts';
import { peerNetwork } from './peerNetwork.node.ts';
import type { ComposeRole } from './role.node.ts';
import { helloOf } from './wiring/fullWiring.ts';
import { wireLight } from './wiring/lightWiring.ts';
import { logHeaders } from './wiring/progressLines.ts';

/** A light node serves nobody. */
const LIGHT_SERVICES = 0;
/** Full peers that are compared with each other (protocol A.3). */
const MIN_PEERS = { development: 2, other: 3 } as const;

/** A light node: headers, proofs, own transactions. */
export const composeLight: ComposeRole = async (parts) => {
  const { config, network, clock, lifetime, fail } = parts;
  const { timers, random } = parts.platform;
  const libp2p = preloadNetwork();
  libp2p.catch(() => {});
  const judge = judgeFor(network);
  parts.warmup('Loading headers…');
  const store = await openHeaderStore({
    ...{ dir: config.datadir, network, held: parts.held },
    tell: (message) => parts.log.warn({}, message),
  });
  lifetime.add(() => store.close());
  const opening = { pause: turns.pause, checkStop: () => parts.stop.throwIfAborted() };
  const chain = await HeaderChain.open({ network, judge, store, clock, ...opening });
  await libp2p;
  const net = peerNetwork(parts, LIGHT_SERVICES, helloOf(chain.bestHeader()));
  lifetime.add(() => net.stop());
  const client = new LightClient({
    ...{ chain, net, judge, clock, timers, random, fail },
    params: network.consensus,
    minPeers: config.p2p.minLightPeers ?? (network.development ? MIN_PEERS.development : MIN_PEERS.other),
    minChainWork: minChainWorkOf(config, network),
    logger: parts.log.child({ room: 'light' }),
  });
  lifetime.add(() => client.close());
  wireLight({ chain, net, client, lifetime });
  logHeaders({ chain, client, clock, timers, lifetime, log: parts.log.child({ room: 'chain' }) });

  parts.warmup('Starting network…');
  await net.start();
  client.start();

  return {
    peers: net,
    backend: {
      node: nodeBackend(parts, {
        warnings: () => client.info().warnings,
        sync: () => {
          const info = client.info();
          return { ...info, blocks: info.headers };
        },
      }),
      headers: headersBackend({
        chain,
        judge,
        tip: () => chain.bestHeader(),
        onTip: (listener) => chain.events.on('bestHeader', listener),
        chainTx: () => undefined,
      }),
      scripts: scriptBackend(network.prefixes),
      transactions: lightSubmission(client),
      proofs: lightProofs(client),
      peers: peersBackend(net, () => LIGHT_SERVICES),
      light: { info: () => client.info() },
      ...(network.development ? { development: { setMockTime: (seconds: number) => clock.setMockTime(seconds) } } : {}),
    },
    ops: lightOps({ chain, client, net, clock, lifetime }),
  };
};
