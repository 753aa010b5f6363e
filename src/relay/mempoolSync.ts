import type { Mempool } from '../mempool/pool.ts';
import { type Hash256, hashKey } from '../primitives/hash.ts';
import type { Tx } from '../primitives/tx.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { Logger, Random, Timers } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import { ask, faultOf, type PeerPorts, requestErrorOf } from '../wire/messages/ask.ts';
import { mempoolQuestion, txsQuestion } from '../wire/messages/questions.ts';
import { MAX_TXS } from '../wire/messages/txs.ts';
import { type PeerKey, SERVICES } from '../wire/peer.ts';
import type { Heard } from './heard.ts';
import { isMissing } from './orphanTxs.ts';
import type { RejectedTxs } from './rejectedTxs.ts';

export interface MempoolSyncDeps {
  readonly mempool: Mempool;
  readonly net: PeerPorts;
  readonly heard: Heard;
  readonly rejected: RejectedTxs;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly fail: (error: unknown) => void;
}

/** Pools are compared with a random peer this often: gossip loses messages, a partition loses many. */
const PERIOD_MS = 30_000;
/** A few are announced on, which mends the pools beyond us; a whole pool at start-up is not. */
const ANNOUNCE_UP_TO = 100;
/** Peers that wait to be asked; beyond it new ones are left to the periodic comparison. */
const MAX_QUEUE = 8;

/** Fetches the transactions that a peer's pool has and ours lacks: when it becomes ready, and now and then. */
export class MempoolSync {
  readonly #deps: MempoolSyncDeps;
  readonly #queue = new SerialQueue();
  readonly #life = new Lifetime();

  constructor(deps: MempoolSyncDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#life.add(this.#deps.timers.every(PERIOD_MS, () => this.#pickPeer()));
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  /** A peer became ready. */
  onReady(peer: { readonly key: PeerKey; readonly hello: { readonly services: number } }): void {
    if (!servesPool(peer) || this.#queue.size >= MAX_QUEUE) return;
    void this.#queue.run(() => this.#compare(peer.key)).catch((error: unknown) => this.#fail(error));
  }

  #pickPeer(): void {
    const { net, random } = this.#deps;
    const peers = net.peers().filter(servesPool);
    const peer = peers[Math.floor(random.unit() * peers.length)];
    if (peer !== undefined) this.onReady(peer);
  }

  async #compare(peer: PeerKey): Promise<void> {
    const { net, mempool, rejected, logger } = this.#deps;
    if (this.#life.closed) return;
    try {
      const theirs = await ask(net, peer, mempoolQuestion());
      const unknown = theirs.filter((id) => mempool.getByWtxid(id) === undefined && rejected.get(id) === undefined);
      // Kept from being announced again only when there are many.
      if (unknown.length > ANNOUNCE_UP_TO) for (const id of unknown) this.#deps.heard.addTx(id);
      let admitted = 0;
      for (let i = 0; i < unknown.length && !this.#life.closed; i += MAX_TXS) {
        admitted += await this.#fetch(peer, unknown.slice(i, i + MAX_TXS));
      }
      if (admitted > 0) logger.debug({ peer, admitted, offered: theirs.length }, 'pool compared');
    } catch (error) {
      const failure = requestErrorOf(error);
      const fault = faultOf(failure);
      if (fault !== undefined) net.penalize(peer, fault, `MEMPOOL: ${failure.message}`);
    }
  }

  /** An answer may be cut by bytes: what is missing is asked for again while answers bring something. */
  async #fetch(peer: PeerKey, ids: readonly Hash256[]): Promise<number> {
    const { net } = this.#deps;
    const wanted = new Map(ids.map((id) => [hashKey(id), id]));
    let admitted = 0;
    while (wanted.size > 0) {
      const txs = await ask(net, peer, txsQuestion([...wanted.values()]));
      if (txs.length === 0) break;
      for (const tx of txs) {
        if (!wanted.delete(hashKey(tx.wtxid))) {
          net.penalize(peer, 'unrequested-answer', `transaction ${tx.id}`);
          return admitted;
        }
        if (await this.#admit(peer, tx)) admitted++;
      }
    }
    return admitted;
  }

  async #admit(peer: PeerKey, tx: Tx): Promise<boolean> {
    const verdict = await this.#deps.mempool.admit(tx);
    if (verdict.ok) return true;
    if (isMissing(verdict)) return false;
    this.#deps.rejected.add(tx.wtxid, verdict);
    this.#deps.net.penalize(peer, verdict.rule, `transaction ${tx.id}: ${verdict.detail}`);
    return false;
  }

  /** What breaks while everything is being closed is no failure. */
  #fail(error: unknown): void {
    if (!this.#life.closed) this.#deps.fail(error);
  }
}

/** Full nodes, pruned or not. */
function servesPool({ hello }: { readonly hello: { readonly services: number } }): boolean {
  return (hello.services & (SERVICES.NETWORK | SERVICES.NETWORK_LIMITED)) !== 0;
}
