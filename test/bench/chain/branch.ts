import assert from 'node:assert/strict';
import { contextAfter, IndexEntry } from '../../../src/chain/headerIndex.ts';
import { judgeFor } from '../../../src/consensus/registry.ts';
import { targetBytes } from '../../../src/miner/inlineSearch.ts';
import { jsKernel } from '../../../src/miner/powKernel.ts';
import type { Network } from '../../../src/params/network.ts';
import { targetOf } from '../../../src/primitives/compact.ts';
import { BlockHeader, encodeHeader } from '../../../src/primitives/header.ts';
import { EMPTY } from '../../../src/util/bytes.ts';
import type { SeededRandom } from './random.ts';

const NONCES = 2 ** 32;

/** A growing branch from genesis whose headers are all valid. Blocks come on schedule, give or take less than a spacing. */
export class Branch {
  readonly network: Network;
  readonly #judge: ReturnType<typeof judgeFor>;
  readonly #random: SeededRandom;
  #tip: IndexEntry;

  constructor(network: Network, random: SeededRandom, tip?: IndexEntry) {
    this.network = network;
    this.#random = random;
    this.#judge = judgeFor(network);
    this.#tip = tip ?? new IndexEntry(network.genesis, undefined, this.#judge.genesis(), 0);
  }

  /** Another branch that starts with the same tip. */
  fork(): Branch {
    return new Branch(this.network, this.#random, this.#tip);
  }

  get height(): number {
    return this.#tip.height;
  }
  get tip(): BlockHeader {
    return this.#tip.header;
  }

  /** What the next header must and may carry. */
  next(): { readonly height: number; readonly prevHash: Uint8Array; readonly time: number; readonly bits: number } {
    const parent = this.#tip;
    const height = parent.height + 1;
    const { spacing } = this.network.consensus.pow;
    const time = this.network.genesis.header.time + height * spacing + this.#random.between(0, spacing - 1);
    const bits = this.#judge.nextBits(contextAfter(parent), parent.state, time);
    return { height, prevHash: parent.header.hash, time, bits };
  }

  /** Finds the nonce of a header that follows the tip and makes it the tip. */
  seal(unsealed: BlockHeader): BlockHeader {
    const { version, prevHash, merkleRoot, time, bits } = unsealed;
    const target = targetOf(bits, 1n << 256n);
    assert(target !== undefined);
    const nonce = jsKernel(encodeHeader(unsealed), targetBytes(target)).find(0, NONCES);
    assert(nonce !== undefined);
    const header = new BlockHeader({ version, prevHash, merkleRoot, time, bits, nonce });
    const verdict = this.#judge.verify({ header, seal: EMPTY }, contextAfter(this.#tip), this.#tip.state, time * 1000);
    assert(verdict.ok, 'a generated header is valid');
    this.#tip = new IndexEntry({ header, seal: EMPTY }, this.#tip, verdict.value, this.#tip.height + 1);
    return header;
  }
}
