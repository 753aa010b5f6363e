import type { BlockHeader, SealedHeader } from '../primitives/header.ts';
import type { Check } from '../primitives/rules.ts';

/** What an engine may know of a header's ancestors: headers only, never coins, so that light nodes follow every engine. */
export interface HeaderContext {
  /** Height of the header being judged; its parent has height - 1. */
  readonly height: number;
  readonly parent: BlockHeader;
  /** The ancestor at `height` on the branch of `parent` (0 … this.height - 1). */
  ancestor(height: number): BlockHeader;
  /** Median time of the last eleven headers up to and including the parent (BIP113), Unix seconds. */
  medianTimePast(): number;
}

/** What fork choice compares. */
export interface TipWeight {
  /** Sum of expected hashes from genesis (2 per block for engines without work). */
  readonly chainWork: bigint;
  /** Arrival order: lower was seen first and wins ties. */
  readonly sequence: number;
}

/**
 * Judges headers. Pure and synchronous, everywhere the same, also in browsers. `S` is the state that travels along a
 * branch (for ASERT its clamped clock); it is small, immutable and stored with each header.
 */
export interface Judge<S> {
  genesis(): S;
  /** Judges a header whose parent is known and whose parent's state is `s`; returns the state after it. */
  verify(sealed: SealedHeader, ctx: HeaderContext, s: S, nowMs: number): Check<S>;
  /** Bits that the next header must carry if its time is `time` (Unix seconds). */
  nextBits(ctx: HeaderContext, s: S, time: number): number;
  /** True when `a` should be the tip instead of `b`. */
  better(a: TipWeight, b: TipWeight): boolean;
  encodeState(s: S): Uint8Array;
  /** Throws DecodeError. */
  decodeState(bytes: Uint8Array): S;
}

/** A header to be sealed: everything but what sealing decides. */
export interface HeaderTemplate {
  readonly header: BlockHeader;
  readonly height: number;
  /** Seconds, Unix: the header's time may be raised up to this while sealing. */
  readonly maxTime: number;
}

/** Tells a running seal to stop; `aborted` may be polled, `onAbort` called once. */
export interface StopSignal {
  readonly aborted: boolean;
  onAbort(fn: () => void): void;
}

/** Makes headers valid. Exists only where blocks are made. */
export interface Author<S> {
  /** The sealed header, or undefined when stopped first. */
  seal(template: HeaderTemplate, s: S, stop: StopSignal): Promise<SealedHeader | undefined>;
}

/** Effect of an agreement step; engines that exchange messages define theirs. */
export type Effect<M> =
  | { readonly type: 'send'; readonly to: string; readonly msg: M }
  | { readonly type: 'broadcast'; readonly msg: M }
  | { readonly type: 'wake'; readonly atMs: number };
