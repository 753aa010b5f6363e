import type { Mempool, PoolEntry } from '../mempool/pool.ts';
import { type Hash256, hashKey } from '../primitives/hash.ts';
import type { Broken, Check } from '../primitives/rules.ts';
import type { Tx } from '../primitives/tx.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { Timers } from '../util/ports.ts';
import { ask, faultOf, type PeerPorts, requestErrorOf } from '../wire/messages/ask.ts';
import { txsQuestion } from '../wire/messages/questions.ts';
import { MAX_TXS } from '../wire/messages/txs.ts';
import type { PeerKey } from '../wire/peer.ts';

/** Bitcoin Core's DEFAULT_MAX_ORPHAN_TRANSACTIONS. */
const MAX_ORPHANS = 100;
/** Bytes of all orphans: a hundred of the largest would be 40 MB. */
const MAX_BYTES = 5_000_000;
const MAX_PER_PEER = 25;
/** Gossip needs its verdict within 5 s; a parent that was sent before its child is here long before. */
export const ORPHAN_WAIT_MS = 4000;

interface Orphan {
  readonly tx: Tx;
  readonly from: PeerKey;
  readonly settle: (outcome: Check<PoolEntry> | undefined) => void;
}

export interface OrphanTxsDeps {
  readonly mempool: Mempool;
  readonly net: PeerPorts;
  readonly timers: Timers;
  readonly fail: (error: unknown) => void;
}

/**
 * Transactions whose parents have not come: gossip does not keep order. The sender is asked for the parents; when they
 * are admitted, so is the child. Whoever waits for the verdict gets it, or undefined when the time is up.
 */
export class OrphanTxs {
  readonly #deps: OrphanTxsDeps;
  readonly #orphans = new Map<string, Orphan>();
  /** txid of a missing parent → keys of the orphans that wait for it. */
  readonly #byParent = new Map<string, Set<string>>();
  readonly #asking = new Set<PeerKey>();
  readonly #life = new Lifetime();
  #bytes = 0;

  constructor(deps: OrphanTxsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#life.add(this.#deps.mempool.events.on('added', ({ entry }) => this.#parentCame(entry.tx)));
    this.#life.add(() => this.#dropAll());
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  get size(): number {
    return this.#orphans.size;
  }

  /** Waits for the parents of `tx`. Resolves with the verdict once they came, or undefined. */
  wait(tx: Tx, from: PeerKey): Promise<Check<PoolEntry> | undefined> {
    const key = hashKey(tx.wtxid);
    const own = [...this.#orphans.values()].filter((o) => o.from === from).length;
    const full = this.#orphans.size >= MAX_ORPHANS || this.#bytes + tx.size > MAX_BYTES || own >= MAX_PER_PEER;
    if (full || this.#orphans.has(key) || this.#life.closed) return Promise.resolve(undefined);
    const parents = this.#missingParents(tx);
    const verdict = new Promise<Check<PoolEntry> | undefined>((resolve) => {
      const cancel = this.#deps.timers.after(ORPHAN_WAIT_MS, () => this.#remove(key, undefined));
      const settle = (outcome: Check<PoolEntry> | undefined): void => {
        cancel();
        resolve(outcome);
      };
      this.#orphans.set(key, { tx, from, settle });
    });
    this.#bytes += tx.size;
    for (const parent of parents) {
      const waiting = this.#byParent.get(hashKey(parent)) ?? new Set();
      this.#byParent.set(hashKey(parent), waiting.add(key));
    }
    void this.#fetch(parents.slice(0, MAX_TXS), from).catch((error: unknown) => this.#fail(error));
    return verdict;
  }

  #missingParents(tx: Tx): Hash256[] {
    const parents = new Map<string, Hash256>();
    for (const { prevout } of tx.inputs) {
      if (this.#deps.mempool.get(prevout.txid) === undefined) parents.set(hashKey(prevout.txid), prevout.txid);
    }
    return [...parents.values()];
  }

  /** One question per peer at a time: an orphan costs its sender little. */
  async #fetch(ids: readonly Hash256[], from: PeerKey): Promise<void> {
    if (ids.length === 0 || this.#asking.has(from)) return;
    this.#asking.add(from);
    const { net, mempool } = this.#deps;
    try {
      const wanted = new Set(ids.map(hashKey));
      for (const parent of await ask(net, from, txsQuestion(ids))) {
        if (wanted.has(hashKey(parent.txid))) await mempool.admit(parent);
        else net.penalize(from, 'unrequested-answer', `transaction ${parent.id}`);
      }
    } catch (error) {
      const failure = requestErrorOf(error);
      const fault = faultOf(failure);
      if (fault !== undefined) net.penalize(from, fault, `TXS: ${failure.message}`);
    } finally {
      this.#asking.delete(from);
    }
  }

  #parentCame(parent: Tx): void {
    const waiting = this.#byParent.get(hashKey(parent.txid));
    if (waiting === undefined) return;
    this.#byParent.delete(hashKey(parent.txid));
    // The pool is in the middle of an event: admit afterwards.
    for (const key of waiting) {
      void Promise.resolve()
        .then(() => this.#retry(key))
        .catch((error: unknown) => this.#fail(error));
    }
  }

  async #retry(key: string): Promise<void> {
    const orphan = this.#orphans.get(key);
    if (orphan === undefined) return;
    const verdict = await this.#deps.mempool.admit(orphan.tx);
    if (verdict.ok || !isMissing(verdict)) this.#remove(key, verdict);
  }

  #remove(key: string, outcome: Check<PoolEntry> | undefined): void {
    const orphan = this.#orphans.get(key);
    if (orphan === undefined) return;
    this.#orphans.delete(key);
    this.#bytes -= orphan.tx.size;
    for (const { prevout } of orphan.tx.inputs) {
      const waiting = this.#byParent.get(hashKey(prevout.txid));
      waiting?.delete(key);
      if (waiting?.size === 0) this.#byParent.delete(hashKey(prevout.txid));
    }
    orphan.settle(outcome);
  }

  #dropAll(): void {
    for (const key of [...this.#orphans.keys()]) this.#remove(key, undefined);
  }

  /** What breaks while everything is being closed is no failure. */
  #fail(error: unknown): void {
    if (!this.#life.closed) this.#deps.fail(error);
  }
}

/** True for the verdict that only says parents are unknown. */
export function isMissing(fault: Broken): boolean {
  return fault.rule === 'missing-inputs' || fault.rule === 'bad-txns-inputs-missingorspent';
}
