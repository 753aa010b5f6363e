import type { Network } from '../params/network.ts';
import type { Clock } from '../util/ports.ts';
import type { Pause } from '../util/steps.ts';
import type { AssumeValid } from './assumeValid.ts';
import type { Room } from './bodyRule.ts';
import type { ChainManager } from './chainManager.ts';
import type { HaltedError } from './halt.ts';
import type { HeaderChainParts } from './headerChain.ts';
import type { ChainStore, EvidenceKeeper, ScriptChecker } from './ports.ts';

/** What a chain is made of. */
export interface ChainManagerParts {
  readonly network: Network;
  readonly judge: HeaderChainParts['judge'];
  readonly store: ChainStore;
  readonly scripts: ScriptChecker;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly evidence: EvidenceKeeper;
  /** Absent: every script is run. */
  readonly assumeValid?: AssumeValid;
  /** Absent: there is always room. */
  readonly room?: Room;
  /** As HeaderChainParts.pause. */
  readonly pause?: Pause;
  /** Throws when whoever opens the chain has given it up: `open` does then. What was done is kept, the next open goes on. */
  readonly checkStop?: () => void;
  /**
   * Told before the chain goes to the best block on disk, which takes long when the coins are behind: its events tell how
   * far it is.
   */
  readonly onOpening?: (chain: ChainManager) => void;
  /** Told once when the chain halts: the node should stop. */
  readonly onHalt?: (error: HaltedError) => void;
  /** Told of every failure of ours while a header or block was taken (a full disk): nothing was changed, nothing is lost. */
  readonly onFailure?: (error: unknown) => void;
}
