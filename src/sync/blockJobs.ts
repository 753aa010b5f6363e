import type { HeaderEntry } from '../chain/entry.ts';
import type { Block } from '../primitives/block.ts';
import { assert } from '../util/assert.ts';
import type { PeerKey } from '../wire/peer.ts';

/** A block on its way: asked from one or two peers, then held until its turn, then with the chain. */
export type BlockJob = AskedJob | HeldJob | AcceptingJob;

export interface AskedJob {
  readonly state: 'asked';
  readonly entry: HeaderEntry;
  /** When each peer was asked, monotonic milliseconds. */
  readonly peers: ReadonlyMap<PeerKey, number>;
}

export interface HeldJob {
  readonly state: 'held';
  readonly entry: HeaderEntry;
  readonly block: Block;
  readonly peer: PeerKey;
  readonly bytes: number;
  readonly sinceMs: number;
}

export interface AcceptingJob {
  readonly state: 'accepting';
  readonly entry: HeaderEntry;
  readonly peer: PeerKey;
}

/** What an input, output or witness item takes besides its bytes: an object and a view. */
const ITEM_BYTES = 120;

/** About what a decoded block takes in memory. A block of tiny witness items takes many times its size. */
export function memoryOf(block: Block): number {
  let items = 0;
  for (const { inputs, outputs } of block.txs) {
    items += inputs.length + outputs.length;
    for (const { witness } of inputs) items += witness.length;
  }
  return block.size + ITEM_BYTES * items;
}

/** All jobs by block; transitions that cannot happen are assertions. */
export class BlockJobs {
  readonly #jobs = new Map<string, BlockJob>();
  #heldBytes = 0;

  get size(): number {
    return this.#jobs.size;
  }
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get(entry: HeaderEntry): BlockJob | undefined {
    return this.#jobs.get(entry.header.key);
  }

  all(): BlockJob[] {
    return [...this.#jobs.values()];
  }

  /** A peer is being asked for the block. */
  ask(entry: HeaderEntry, peer: PeerKey, nowMs: number): void {
    const job = this.get(entry);
    assert(job === undefined || job.state === 'asked', `block ${entry.header.id} is asked for again`);
    const peers = new Map((job as AskedJob | undefined)?.peers);
    peers.set(peer, nowMs);
    this.#jobs.set(entry.header.key, { state: 'asked', entry, peers });
  }

  /** The peer's request ended without the block; the job goes when nobody else was asked. */
  unask(entry: HeaderEntry, peer: PeerKey): void {
    const job = this.get(entry);
    if (job?.state !== 'asked' || !job.peers.has(peer)) return;
    const peers = new Map(job.peers);
    peers.delete(peer);
    if (peers.size === 0) this.#jobs.delete(entry.header.key);
    else this.#jobs.set(entry.header.key, { state: 'asked', entry, peers });
  }

  /** The block came, which takes `bytes` of memory. False when another copy came first. */
  hold(entry: HeaderEntry, peer: PeerKey, { block, bytes }: Pick<HeldJob, 'block' | 'bytes'>, nowMs: number): boolean {
    const job = this.get(entry);
    if (job?.state !== 'asked') return false;
    this.#heldBytes += bytes;
    this.#jobs.set(entry.header.key, { state: 'held', entry, block, peer, bytes, sinceMs: nowMs });
    return true;
  }

  /** Takes a held block out for the chain. */
  accept(job: HeldJob): void {
    assert(this.get(job.entry) === job, `block ${job.entry.header.id} is not held`);
    this.#heldBytes -= job.bytes;
    this.#jobs.set(job.entry.header.key, { state: 'accepting', entry: job.entry, peer: job.peer });
  }

  /** The job is over, or is to start anew. */
  drop(entry: HeaderEntry): void {
    const job = this.get(entry);
    if (job?.state === 'held') this.#heldBytes -= job.bytes;
    this.#jobs.delete(entry.header.key);
  }

  /** The held block to hand over next: the lowest whose parent's body is known, by `ready`; else undefined. */
  lowestHeld(ready: (entry: HeaderEntry) => boolean): HeldJob | undefined {
    let lowest: HeldJob | undefined;
    for (const job of this.#jobs.values()) {
      if (job.state !== 'held' || !ready(job.entry)) continue;
      if (lowest === undefined || job.entry.height < lowest.entry.height) lowest = job;
    }
    return lowest;
  }
}
