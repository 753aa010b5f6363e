import type { Rebuild } from '../store/rebuild.ts';
import type { Logger } from '../util/ports.ts';
import type { NodeConfig } from './config/nodeConfig.ts';

/** Why a node is no longer running. */
export interface StopReason {
  /** Exit code of the process: 0 after a clean stop. */
  readonly code: number;
  readonly reason: string;
}

/** A node that is up: its listeners answer, whatever it is still catching up with. */
export interface RunningNode {
  readonly role: string;
  readonly peerId: string;
  /** Own multiaddrs with /p2p/. */
  readonly addresses: readonly string[];
  readonly rpcUrl: string;
  readonly opsUrl: string | undefined;
  /** Stops everything in order and flushes. Calling it again gives the same promise. */
  stop(): Promise<void>;
  /** Resolves when the node has stopped for any reason: stop(), the RPC `stop`, or its own failure. */
  readonly stopped: Promise<StopReason>;
}

/** What a node is given by the process it runs in. */
export interface NodeDeps {
  readonly log: Logger;
  /** What of the chain is to be made anew before the node is up. */
  readonly rebuild?: Rebuild;
  /** The transaction index is made anew while the node runs. */
  readonly reindexTxs?: boolean;
  /** Asks the node to stop while it starts: startNode then closes what was opened and throws the reason. */
  readonly stop?: AbortSignal;
  /** Told whenever stopping has got on. */
  readonly progress?: () => void;
  /** Told where JSON-RPC and health are answered, before the node is up. */
  readonly listening?: (at: Pick<RunningNode, 'role' | 'rpcUrl' | 'opsUrl'>) => void;
}

export type StartNode = (config: NodeConfig, deps: NodeDeps) => Promise<RunningNode>;
