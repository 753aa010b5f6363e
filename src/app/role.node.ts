import type { PrivateKey } from '@libp2p/interface';
import type { Network as PeerNetwork } from '../net/network.ts';
import type { Network } from '../params/network.ts';
import type { Platform } from '../platform/platform.ts';
import type { Backend } from '../rpc/backend.ts';
import type { FlushProgress } from '../store/coinFlush.ts';
import type { Datadir } from '../store/openDatadir.node.ts';
import type { Rebuild } from '../store/rebuild.ts';
import type { Lifetime } from '../util/lifetime.ts';
import type { Logger } from '../util/ports.ts';
import type { NodeConfig } from './config/nodeConfig.ts';
import type { RebuildInfo } from './db/rebuildProgress.ts';
import type { MockableClock } from './mockClock.ts';
import type { OpsSource } from './ops/opsSource.ts';

/** What every role is built from. Everything opened is given to `lifetime`, which closes it in reverse order. */
export interface RoleParts {
  readonly config: NodeConfig;
  readonly network: Network;
  /** The data directory, held by this process. */
  readonly held: Datadir;
  readonly privateKey: PrivateKey;
  /** `platform.clock` is `clock`. */
  readonly platform: Platform;
  readonly clock: MockableClock;
  readonly log: Logger;
  readonly lifetime: Lifetime;
  /** Tells what the node is busy with until it is up. */
  readonly warmup: (message: string, info?: RebuildInfo) => void;
  /** Aborted when the node is to stop: long work then ends early, by throwing its reason. */
  readonly stop: AbortSignal;
  /** Hears how far a flush of the coins is. */
  readonly onFlush: FlushProgress;
  /** What of the chain is to be made anew first. */
  readonly rebuild: Rebuild | undefined;
  /** The transaction index is to be made anew. */
  readonly reindexTxs: boolean;
  /** Our own failure: the node stops, with the exit code of the error. */
  readonly fail: (error: unknown) => void;
  /** An orderly stop, asked for over RPC. */
  readonly requestStop: () => void;
  readonly startedMonotonicMs: number;
}

/** A role that is up. */
export interface Role {
  readonly backend: Backend;
  readonly ops: OpsSource;
  readonly peers: PeerNetwork;
}

export type ComposeRole = (parts: RoleParts) => Promise<Role>;
