import { powAuthor } from '../consensus/pow/powAuthor.ts';
import { HashRate } from '../miner/hashRate.ts';
import { hashesAreFree } from '../miner/pace.ts';
import { Producer } from '../miner/producer.ts';
import { buildTemplate } from '../miner/template.ts';
import { ThreadedSearch } from '../miner/threadedSearch.node.ts';
import { decodeAddress } from '../primitives/address.ts';
import type { MiningBackend } from '../rpc/backend.ts';
import { EXIT, ExitError } from './exit.ts';
import { buildFullNode, type FullNode } from './fullNode.node.ts';
import { mining } from './miningBackend.node.ts';
import type { ComposeRole, RoleParts } from './role.node.ts';

/** A miner that knows seeds but has met nobody waits so long before it mines alone: its chain would most likely lose. */
const LONELY_GRACE_MS = 20_000;
const HASH_RATE_SAMPLE_MS = 2_000;

function payoutScript({ config, network }: RoleParts): Uint8Array {
  const { address } = config.mining;
  if (address === undefined) {
    throw new ExitError(EXIT.config, 'mining.address is not set: a miner must know whom to pay', {
      next: 'set mining.address in the config file, or start with --mining-address ADDRESS',
    });
  }
  const decoded = decodeAddress(address, network.prefixes);
  if (!decoded.ok) {
    throw new ExitError(EXIT.config, `mining.address ${address}: ${decoded.error} (network ${network.name})`);
  }
  return decoded.value.scriptPubKey;
}

/** May blocks be made now? Not while there is no room for them or peers have a better chain, nor in the first moments before any was met. */
function mayMineNow(parts: RoleParts, full: FullNode): () => boolean {
  const { clock, config, startedMonotonicMs } = parts;
  let met = config.seeds.length === 0 && parts.network.seeds.length === 0;
  return () => {
    met ||= full.peers.peers().length > 0 || clock.monotonicMs() - startedMonotonicMs > LONELY_GRACE_MS;
    return met && full.guard.paused === undefined && full.progress.synced();
  };
}

/** A full node that makes blocks. */
export const composeMiner: ComposeRole = async (parts) => {
  const payout = payoutScript(parts);
  const full = await buildFullNode(parts);
  const { config, network, clock, lifetime, log } = parts;
  const { timers, random } = parts.platform;
  const { chain, pool, judge } = full;
  const params = network.consensus;
  const logger = log.child({ room: 'miner' });
  const search = new ThreadedSearch({ threads: config.mining.threads, timers, log: logger });
  lifetime.add(() => search.close());
  const rate = new HashRate(clock, () => search.hashes());
  lifetime.add(timers.every(HASH_RATE_SAMPLE_MS, () => rate.sample()));
  const producer = new Producer(
    {
      ...{ chain, pool, judge, params, clock, timers, random },
      author: powAuthor(search),
      log: logger,
      mayMine: mayMineNow(parts, full),
    },
    {
      payout,
      pace: hashesAreFree(params)
        ? { meanMs: config.mining.meanDelay * 1000, idleMeanMs: config.mining.idleDelay * 1000 }
        : undefined,
    },
  );
  lifetime.add(full.guard.events.on('paused', () => producer.interrupt()));
  if (config.mining.enabled) producer.start();
  lifetime.add(() => producer.stop());
  const status: MiningBackend['status'] = () => {
    const { block } = buildTemplate({ chain, pool, judge, params, clock }, { payout, extraNonce: 0n });
    return {
      running: producer.running,
      hashRate: rate.perSecond(),
      template: { weight: block.weight, txs: block.txs.length - 1 },
    };
  };
  return { ...full, backend: { ...full.backend, ...mining(parts, full, status) } };
};
