import type { OptionValues } from './nodeConfig.ts';
import type { OptionKey } from './options.ts';
import type { Origin } from './origin.ts';

/** Defaults that depend on other values: what a person gave is never changed. */
export function withDerivedDefaults(values: OptionValues, originOf: (key: OptionKey) => Origin): OptionValues {
  // An index of blocks that are gone cannot be built again.
  if (values.prune !== 0 && originOf('txindex').source === 'default') return { ...values, txindex: false };
  return values;
}
