import type { HeaderChainReader, HeaderChainWriter } from '../chain/chain.ts';
import type { Clock, Logger, Random, Timers } from '../util/ports.ts';
import type { PeerPorts } from '../wire/messages/ask.ts';

export type LightChain = HeaderChainReader & HeaderChainWriter;

/** What the light client asks of its surroundings; the same in Node and in a browser. */
export interface LightPorts {
  readonly chain: LightChain;
  readonly net: PeerPorts;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Our own failure (disk, bug): the app stops the node. */
  readonly fail: (error: unknown) => void;
}
