import type { Network } from '../../params/network.ts';
import { decodeAddress } from '../../primitives/address.ts';
import { ConfigError } from './configError.ts';
import type { OptionValues } from './nodeConfig.ts';
import type { OptionKey } from './options.ts';
import { DEFAULT_ORIGIN, type Origin } from './origin.ts';

/**
 * Throws ConfigError, which names where the value comes from, when mining.address is set and is no address of the
 * network: coins paid to the form of another network would look lost to their owner.
 */
export function checkMiningAddress(
  loaded: { readonly values: OptionValues; readonly origins: ReadonlyMap<OptionKey, Origin> },
  network: Network,
): void {
  const key = 'mining.address';
  const address = loaded.values[key];
  if (address === undefined || decodeAddress(address, network.prefixes).ok) return;
  const origin = loaded.origins.get(key) ?? DEFAULT_ORIGIN;
  throw new ConfigError([{ origin, key, reason: `"${address}" is not an address of network ${network.name}` }]);
}
