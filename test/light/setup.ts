import { HeaderChain } from '../../src/chain/headerChain.ts';
import type { StoredHeader } from '../../src/chain/ports.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { LightClient } from '../../src/light/lightClient.ts';
import { onHeader } from '../../src/relay/onHeader.ts';
import { type LogFields, type Logger, silentLogger } from '../../src/util/ports.ts';
import { regtest } from '../chain/regtestMiner.ts';
import { helloWith, type SimNet, type SimPeer, seededRandom } from '../support/simNet.ts';

/** A light node in the simulated network. */
export interface LightNode {
  readonly client: LightClient;
  readonly chain: HeaderChain;
  readonly net: SimPeer;
  readonly warnings: string[];
  readonly failures: unknown[];
}

export async function openLight(sim: SimNet, key = 'light', minPeers = 2): Promise<LightNode> {
  const stored: StoredHeader[] = [];
  const chain = await HeaderChain.open({
    network: regtest,
    judge: judgeFor(regtest),
    store: {
      loadHeaders: async function* () {
        yield* stored;
      },
      putHeaders: async (headers) => {
        stored.push(...headers);
      },
    },
    clock: sim.clock,
  });
  const net = sim.add(key);
  const warnings: string[] = [];
  const failures: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (_: LogFields, message: string) => {
      warnings.push(message);
    },
  };
  const client = new LightClient({
    chain,
    net,
    judge: judgeFor(regtest),
    params: regtest.consensus,
    clock: sim.clock,
    timers: sim.clock,
    random: seededRandom(11),
    logger,
    minPeers,
    minChainWork: 0n,
    fail: (error) => failures.push(error),
  });
  net.hello = () => helloWith({ services: 0, role: 'light', bestHash: chain.bestHeader().header.hash });
  net.onReady = (peer) => client.onReady(peer);
  net.onGone = (peer) => client.onGone(peer);
  net.gossip.set('header', onHeader({ chain, net, headers: client.headers, tips: client.tips }));
  client.start();
  return { client, chain, net, warnings, failures };
}
