import type { BlockHeader } from '../primitives/header.ts';

/**
 * How far a block has got. Header-only → body stored → connected at least once (all rules hold); or invalid, itself or
 * by an ancestor. A bad copy of a body never changes the status.
 */
export type BlockStatus = 'header' | 'stored' | 'valid' | 'invalid' | 'invalid-ancestor';

/** True for blocks that break a rule, themselves or through an ancestor. */
export function isInvalid(entry: { readonly status: BlockStatus }): boolean {
  return entry.status === 'invalid' || entry.status === 'invalid-ancestor';
}

/** A header in the tree. `status` and `hasBody` change; everything else is fixed. */
export interface HeaderEntry {
  readonly header: BlockHeader;
  readonly seal: Uint8Array;
  readonly height: number;
  /** Expected hashes from genesis to here, inclusive. */
  readonly chainWork: bigint;
  readonly parent: HeaderEntry | undefined;
  /** The engine's state after this header. */
  readonly state: unknown;
  /** Order of arrival. */
  readonly sequence: number;
  /** Median time past of the branch ending here (BIP113 "GetMedianTimePast"), Unix seconds. */
  readonly medianTime: number;
  readonly status: BlockStatus;
  /** True when the body is on disk (false for headers and for pruned blocks). */
  readonly hasBody: boolean;
  /** Number of transactions, 0 while unknown. */
  readonly txCount: number;
}
