import type { AssumeValid } from '../chain/assumeValid.ts';
import type { AssumedCoins, Network } from '../params/network.ts';
import { parseHash } from '../primitives/hash.ts';

/** The options `assumevalid` and `minimumchainwork`; empty texts leave it to the network. */
export interface AssumptionOptions {
  readonly assumevalid: string;
  readonly minimumchainwork: string;
}

/** Work below which no chain is taken to be the network's, expected hashes. */
export function minChainWorkOf(options: Pick<AssumptionOptions, 'minimumchainwork'>, network: Network): bigint {
  const text = options.minimumchainwork;
  return text === '' ? network.minChainWork : BigInt(text.startsWith('0x') ? text : `0x${text}`);
}

/** What a full node does not verify itself. */
export function assumeValidOf(options: AssumptionOptions, network: Network): AssumeValid {
  const { assumevalid } = options;
  const named = assumevalid === '' || assumevalid === '0' ? undefined : parseHash(assumevalid.toLowerCase());
  return {
    block: assumevalid === '' ? network.assumeValid : named,
    minChainWork: minChainWorkOf(options, network),
    spacing: network.consensus.pow.spacing,
  };
}

/** Snapshots of coins that may be loaded: those of the option `assumeutxo`, then the network's. */
export function assumedCoinsOf(options: { readonly assumeutxo: readonly string[] }, network: Network): AssumedCoins[] {
  const own = options.assumeutxo.map((text): AssumedCoins => {
    const [height, block, hash, chainTx] = text.split(':') as [string, string, string, string];
    return { height: Number(height), block, hash, chainTx: Number(chainTx) };
  });
  return [...own, ...network.assumeUtxo];
}
