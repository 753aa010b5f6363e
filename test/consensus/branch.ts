import type { HeaderContext, Judge } from '../../src/consensus/engine.ts';
import { headerContext } from '../../src/consensus/headerContext.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { BlockHeader, type HeaderFields } from '../../src/primitives/header.ts';
import type { Check } from '../../src/primitives/rules.ts';
import { EMPTY } from '../../src/util/bytes.ts';

/** A branch of headers with the judge's state after each, kept in an array: what a header tree is for real nodes. */
export class Branch<S> {
  readonly judge: Judge<S>;
  readonly headers: BlockHeader[];
  readonly states: S[];

  constructor(judge: Judge<S>, genesis: BlockHeader) {
    this.judge = judge;
    this.headers = [genesis];
    this.states = [judge.genesis()];
  }

  /** A branch of its own that starts as this one is now. */
  fork(): Branch<S> {
    const copy = new Branch(this.judge, this.headers[0] as BlockHeader);
    copy.headers.push(...this.headers.slice(1));
    copy.states.push(...this.states.slice(1));
    return copy;
  }

  get tip(): BlockHeader {
    return this.headers.at(-1) as BlockHeader;
  }
  get state(): S {
    return this.states.at(-1) as S;
  }

  /** What the judge may know about the next header. */
  context(): HeaderContext {
    return headerContext(this.headers.length, this.tip, (h) => this.headers[h] as BlockHeader);
  }

  verify(header: BlockHeader, nowMs: number, seal: Uint8Array = EMPTY): Check<S> {
    return this.judge.verify({ header, seal }, this.context(), this.state, nowMs);
  }

  /** Judges the header and, when it passes, extends the branch by it. */
  add(header: BlockHeader, nowMs = header.time * 1000): Check<S> {
    const verdict = this.verify(header, nowMs);
    if (verdict.ok) {
      this.headers.push(header);
      this.states.push(verdict.value);
    }
    return verdict;
  }

  /** The next header's fields with the bits that are due; fields given replace them. */
  next(fields: Partial<HeaderFields> = {}): HeaderFields {
    const time = fields.time ?? this.tip.time + 1;
    return {
      version: 0x20000000,
      prevHash: this.tip.hash,
      merkleRoot: ZERO_HASH,
      time,
      bits: this.judge.nextBits(this.context(), this.state, time),
      nonce: 0,
      ...fields,
    };
  }
}

/** The header with the first nonce whose hash is at or below `target` (above it with `miss`). Cheap targets only. */
export function mined(fields: HeaderFields, target: bigint, miss = false): BlockHeader {
  for (let nonce = 0; ; nonce++) {
    const header = new BlockHeader({ ...fields, nonce });
    const number = BigInt(`0x${header.id}`);
    if (number <= target !== miss) return header;
  }
}
