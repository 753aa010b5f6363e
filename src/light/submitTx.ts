import type { HeaderEntry } from '../chain/entry.ts';
import { hashKey } from '../primitives/hash.ts';
import { RULES, type RuleCode } from '../primitives/rules.ts';
import type { Tx } from '../primitives/tx.ts';
import type { PeerTips } from '../sync/peerTips.ts';
import { Lifetime } from '../util/lifetime.ts';
import { ask, faultOf, requestErrorOf } from '../wire/messages/ask.ts';
import { sendTxQuestion } from '../wire/messages/questions.ts';
import { SENDTX_CODES, type SendTxResult } from '../wire/messages/sendTx.ts';
import type { PeerKey } from '../wire/peer.ts';
import { shuffled } from './choosePeers.ts';
import type { LightPorts } from './ports.ts';
import type { Proofs } from './proofs.ts';

/** Peers that must take a transaction (protocol A.3, step 7), and how many are asked at most until so many do. */
const TAKERS = 2;
const ASK_AT_MOST = 6;
const REBROADCAST_MS = 10 * 60_000;
const TICK_MS = 60_000;
/** Own transactions that are watched; further ones are sent but not sent again. */
const MAX_WATCHED = 100;
/** After so many confirmations a transaction is no longer watched. */
const SETTLED_DEPTH = 6;
/** Sent again and refused by everyone so often: given up. */
const MAX_REFUSALS = 3;
/** Blocks looked through at once after a long sleep; older ones are found by the rebroadcast's proof question. */
const MAX_BLOCKS_BACK = 20;

export type Submission =
  | { readonly ok: true; readonly peers: readonly PeerKey[] }
  | { readonly ok: false; readonly reason: 'no-peer'; readonly detail: string }
  | {
      readonly ok: false;
      readonly reason: 'rejected';
      /** The peers' rule, undefined when it is none of ours. */
      readonly rule: RuleCode | undefined;
      readonly detail: string;
    };

export interface WatchedTx {
  readonly tx: Tx;
  readonly seenIn: HeaderEntry | undefined;
}

interface Watched extends WatchedTx {
  seenIn: HeaderEntry | undefined;
  sentMs: number;
  refusals: number;
}

/** Hands transactions to random full peers and keeps doing so until they are in a block. */
export class SubmitTx {
  readonly #ports: LightPorts;
  readonly #tips: PeerTips;
  readonly #proofs: Proofs;
  readonly #watched = new Map<string, Watched>();
  readonly #life = new Lifetime();
  #scanned: HeaderEntry;
  #scanning = false;

  constructor(ports: LightPorts, tips: PeerTips, proofs: Proofs) {
    this.#ports = ports;
    this.#tips = tips;
    this.#proofs = proofs;
    this.#scanned = ports.chain.bestHeader();
  }

  start(): void {
    const { chain, timers } = this.#ports;
    this.#life.add(chain.events.on('bestHeader', () => this.#scanSoon()));
    this.#life.add(timers.every(TICK_MS, () => this.#tick()));
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  watched(): readonly WatchedTx[] {
    return [...this.#watched.values()];
  }

  /** Sends to random peers until two took it; watched from then on when at least one did. */
  async submit(tx: Tx): Promise<Submission> {
    const sent = await this.#send(tx);
    if (sent.ok && this.#watched.size < MAX_WATCHED && !this.#watched.has(hashKey(tx.txid))) {
      const sentMs = this.#ports.clock.monotonicMs();
      this.#watched.set(hashKey(tx.txid), { tx, seenIn: undefined, sentMs, refusals: 0 });
    }
    return sent;
  }

  async #send(tx: Tx): Promise<Submission> {
    const takers: PeerKey[] = [];
    let refusal: SendTxResult | undefined;
    for (const { key } of shuffled(this.#tips.all(), this.#ports.random).slice(0, ASK_AT_MOST)) {
      const result = await this.#offer(key, tx);
      if (result === undefined) continue;
      if (result.code === SENDTX_CODES.ACCEPTED || result.code === SENDTX_CODES.KNOWN) takers.push(key);
      else refusal ??= result;
      if (takers.length >= TAKERS) break;
    }
    if (takers.length > 0) return { ok: true, peers: takers };
    if (refusal === undefined) return { ok: false, reason: 'no-peer', detail: 'no full peer answered' };
    return { ok: false, reason: 'rejected', rule: ruleIn(refusal.reason), detail: refusal.reason };
  }

  async #offer(peer: PeerKey, tx: Tx): Promise<SendTxResult | undefined> {
    try {
      return await ask(this.#ports.net, peer, sendTxQuestion(tx));
    } catch (error) {
      const failure = requestErrorOf(error);
      const fault = faultOf(failure);
      if (fault !== undefined) this.#ports.net.penalize(peer, fault, `SENDTX: ${failure.message}`);
      return undefined;
    }
  }

  #tick(): void {
    if (this.#scanned !== this.#ports.chain.bestHeader()) this.#scanSoon();
    void this.#rebroadcast().catch((error: unknown) => this.#fail(error));
  }

  /** Once a minute: what was not seen in a block for ten minutes is sent again. */
  async #rebroadcast(): Promise<void> {
    const now = this.#ports.clock.monotonicMs();
    for (const watched of [...this.#watched.values()]) {
      if (this.#life.closed) return;
      if (watched.seenIn !== undefined || now - watched.sentMs < REBROADCAST_MS) continue;
      watched.sentMs = now;
      // It may be in a block that we did not look at.
      const found = await this.#proofs.proveTx(watched.tx.txid);
      if (found.ok) {
        this.#saw(watched, found.proven.entry);
        continue;
      }
      const sent = await this.#send(watched.tx);
      watched.refusals = !sent.ok && sent.reason === 'rejected' ? watched.refusals + 1 : 0;
      if (watched.refusals < MAX_REFUSALS) continue;
      this.#watched.delete(hashKey(watched.tx.txid));
      this.#ports.logger.warn({ txid: watched.tx.id, reason: sent }, 'transaction given up: every peer refuses it');
    }
  }

  #scanSoon(): void {
    if (this.#scanning || this.#life.closed) return;
    this.#scanning = true;
    const best = this.#ports.chain.bestHeader();
    void Promise.resolve()
      .then(() => this.#scan(best))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#scanning = false;
        if (this.#ports.chain.bestHeader() !== best) this.#scanSoon();
      });
  }

  /** Looks for watched transactions in the blocks that became best since the last look. */
  async #scan(best: HeaderEntry): Promise<void> {
    const { chain } = this.#ports;
    const since = this.#scanned;
    this.#settle(best);
    const blocks: HeaderEntry[] = [];
    let at: HeaderEntry | undefined = best;
    while (at !== undefined && blocks.length < MAX_BLOCKS_BACK && chain.ancestor(since, at.height) !== at) {
      blocks.push(at);
      at = at.parent;
    }
    for (const entry of blocks.reverse()) {
      const pending = [...this.#watched.values()].filter((w) => w.seenIn === undefined);
      if (this.#life.closed) return;
      if (pending.length > 0) {
        // A whole block tells its server less about what is ours than a question for each transaction would.
        const block = await this.#proofs.fetchBlock(entry);
        // Nobody had it: the next tick looks again from here.
        if (block === undefined) return;
        const ids = new Set(block.txs.map((tx) => hashKey(tx.txid)));
        for (const watched of pending) if (ids.has(hashKey(watched.tx.txid))) this.#saw(watched, entry);
      }
      this.#scanned = entry;
    }
  }

  #saw(watched: Watched, entry: HeaderEntry): void {
    watched.seenIn = entry;
    this.#ports.logger.info({ txid: watched.tx.id, height: entry.height }, 'own transaction is in a block');
  }

  /** Forgets what is deep enough; what a reorganisation took out of the chain is pending again, and due. */
  #settle(best: HeaderEntry): void {
    const { chain } = this.#ports;
    for (const [key, watched] of this.#watched) {
      const { seenIn } = watched;
      if (seenIn === undefined) continue;
      if (chain.ancestor(best, seenIn.height) !== seenIn) {
        watched.seenIn = undefined;
        watched.sentMs -= REBROADCAST_MS;
      } else if (best.height - seenIn.height + 1 >= SETTLED_DEPTH) this.#watched.delete(key);
    }
  }

  /** What breaks while everything is being closed is no failure. */
  #fail(error: unknown): void {
    if (!this.#life.closed) this.#ports.fail(error);
  }
}

/** The rule code that a peer's reason begins with. */
function ruleIn(reason: string): RuleCode | undefined {
  const code = reason.split(':', 1)[0] ?? '';
  return Object.hasOwn(RULES, code) ? (code as RuleCode) : undefined;
}
