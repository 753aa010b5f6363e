import type { BlockHeader } from '../../primitives/header.ts';
import type { HeaderContext } from '../engine.ts';

/** A rule that says which bits the next header must carry. `S` travels along the branch. */
export interface DifficultyRule<S> {
  genesis(): S;
  /** Bits of the header at ctx.height if its time is `time`; `s` is the state after its parent. */
  bits(ctx: HeaderContext, s: S, time: number): number;
  /** The state after a header that passed. */
  after(header: BlockHeader, ctx: HeaderContext, s: S): S;
  encode(s: S): Uint8Array;
  /** Throws DecodeError. */
  decode(bytes: Uint8Array): S;
}
