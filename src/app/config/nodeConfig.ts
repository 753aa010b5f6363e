import type * as z from 'zod/mini';
import type { OPTIONS, OptionKey } from './options.ts';

type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;
type Group<K extends string = OptionKey> = K extends `${infer G}.${string}` ? G : never;
type Value<K extends OptionKey> = z.output<(typeof OPTIONS)[K]['schema']>;

/** Values by TOML key, checked. */
export type OptionValues = { readonly [K in OptionKey]: Value<K> };

/**
 * A node's configuration: checked, complete, paths absolute. TOML `p2p.max_peers` is `config.p2p.maxPeers`; what has
 * neither a value nor a default is undefined.
 */
export type NodeConfig = {
  readonly [K in OptionKey as K extends `${string}.${string}` ? never : Camel<K>]: Value<K>;
} & {
  readonly [G in Group]: {
    readonly [K in OptionKey as K extends `${G}.${infer Rest}` ? Camel<Rest> : never]: Value<K>;
  };
};

const camel = (key: string): string => key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The nested object of flat checked values. */
export function nest(values: OptionValues): NodeConfig {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    const [first, second] = key.split('.') as [string, string?];
    if (second === undefined) out[camel(first)] = value;
    else {
      out[first] ??= {};
      (out[first] as Record<string, unknown>)[camel(second)] = value;
    }
  }
  return out as NodeConfig;
}
