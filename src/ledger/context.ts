import type { ConsensusParams } from '../params/network.ts';

/** Where on a branch a block stands: all that its header's ancestors tell about it. */
export interface BlockContext {
  /** Height of the block. */
  readonly height: number;
  /** Median time past of its parent (BIP113), Unix seconds. */
  readonly medianTimePast: number;
  readonly params: ConsensusParams;
}

/** What connecting needs besides: relative locks look at the times of older blocks. */
export interface ConnectContext extends BlockContext {
  /** Median time past of the branch's block at a height below the block's own, Unix seconds. */
  medianTimeAt(height: number): number;
  /** Hash of the branch's block at a height below the block's own, as displayed. */
  idAt(height: number): string;
}
