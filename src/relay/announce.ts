import type { ChainReader } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import type { Mempool } from '../mempool/pool.ts';
import { type Block, encodeSealedBlock } from '../primitives/block.ts';
import { hashKey } from '../primitives/hash.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { Logger, Timers } from '../util/ports.ts';
import type { PeerPorts } from '../wire/messages/ask.ts';
import { encodeSealedHeader } from '../wire/messages/gossip.ts';
import { MAX_GOSSIP_BLOCK } from '../wire/messages/types.ts';
import { SERVICES, type TopicName } from '../wire/peer.ts';
import type { Heard } from './heard.ts';
import type { PublishPort } from './ports.ts';

export interface AnnouncerDeps {
  readonly chain: ChainReader;
  readonly mempool: Mempool;
  readonly net: Pick<PeerPorts, 'peers'>;
  readonly publish: PublishPort;
  /** Asks all peers for their tip, telling ours (sync's PeerTips.pollAll): reaches those that gossip does not. */
  readonly tellTip: () => void;
  /** True for a block downloaded while more are on their way (sync's BlockSync.isCatchingUp). */
  readonly isCatchingUp: (entry: HeaderEntry) => boolean;
  readonly heard: Heard;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly fail: (error: unknown) => void;
}

interface Message {
  readonly topic: TopicName;
  readonly data: () => Uint8Array;
  attempts: number;
}

/** Messages that reached nobody and wait for a peer; the oldest give way. */
const MAX_WAITING = 1000;
/** A subscription follows a new connection by some seconds; zero recipients may also mean that all peers have it. */
const MAX_ATTEMPTS = 5;
const RETRY_MS = 3000;
const TELL_MS = 500;

/** Tells the network what is new here: own blocks, tips found by catching up, transactions from RPC and reorganisations. */
export class Announcer {
  readonly #deps: AnnouncerDeps;
  readonly #waiting = new Map<string, Message>();
  readonly #life = new Lifetime();
  #newest: Block | undefined;
  #telling = false;

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { chain, mempool, timers } = this.#deps;
    this.#life.add(
      chain.events.on('connected', ({ block }) => {
        this.#newest = block;
      }),
    );
    this.#life.add(chain.events.on('tip', ({ entry, previous }) => this.#onTip(entry, previous)));
    this.#life.add(mempool.events.on('added', ({ entry }) => this.#onTx(entry.tx.wtxid, () => entry.tx.bytes)));
    this.#life.add(mempool.events.on('removed', ({ entry }) => this.#waiting.delete(`tx/${hashKey(entry.tx.wtxid)}`)));
    this.#life.add(timers.every(RETRY_MS, () => this.retry()));
  }

  close(): Promise<void> {
    return this.#life.close();
  }

  /** Announces a pool transaction again (RPC submitted one that is there already). */
  again(wtxid: Uint8Array): void {
    const entry = this.#deps.mempool.getByWtxid(wtxid);
    if (entry !== undefined)
      this.#send(`tx/${hashKey(wtxid)}`, { topic: 'tx', data: () => entry.tx.bytes, attempts: 0 });
  }

  /** True while nobody took the transaction that we announced. */
  isUnbroadcast(wtxid: Uint8Array): boolean {
    return this.#waiting.has(`tx/${hashKey(wtxid)}`);
  }

  /** Publishes again what reached nobody. Called when a peer becomes ready, too. */
  retry(): void {
    for (const [key, message] of [...this.#waiting]) this.#send(key, message);
  }

  #onTip(entry: HeaderEntry, previous: HeaderEntry): void {
    const { heard, isCatchingUp } = this.#deps;
    if (entry === previous) return;
    const block = this.#newest;
    this.#newest = undefined;
    for (const key of this.#waiting.keys()) if (!key.startsWith('tx/')) this.#waiting.delete(key);
    if (heard.hasBlock(entry.header.hash) || isCatchingUp(entry)) return;
    this.#tellTipSoon();
    // A reorganisation that was taken back ends on a block that was connected before.
    if (block === undefined || block.header.key !== entry.header.key) return;
    const bytes = encodeSealedBlock(block);
    const key = entry.header.key;
    if (bytes.length <= MAX_GOSSIP_BLOCK)
      this.#send(`block/${key}`, { topic: 'block', data: () => bytes, attempts: 0 });
    this.#send(`header/${key}`, { topic: 'header', data: () => encodeSealedHeader(block), attempts: 0 });
  }

  /** After gossip had its chance: told at once, everybody would ask for headers that are on their way. */
  #tellTipSoon(): void {
    if (this.#telling) return;
    this.#telling = true;
    this.#deps.timers.after(TELL_MS, () => {
      this.#telling = false;
      if (!this.#life.closed) this.#deps.tellTip();
    });
  }

  #onTx(wtxid: Uint8Array, data: () => Uint8Array): void {
    if (this.#deps.heard.hasTx(wtxid)) return;
    this.#send(`tx/${hashKey(wtxid)}`, { topic: 'tx', data, attempts: 0 });
  }

  #send(key: string, message: Message): void {
    if (this.#life.closed) return;
    const { publish, logger, net } = this.#deps;
    const listeners = net.peers().some((peer) => (peer.hello.services & SERVICES.RELAY) !== 0);
    if (listeners) message.attempts++;
    this.#waiting.delete(key);
    if (message.attempts < MAX_ATTEMPTS) this.#waiting.set(key, message);
    if (this.#waiting.size > MAX_WAITING) {
      const oldest = this.#waiting.keys().next();
      if (!oldest.done) this.#waiting.delete(oldest.value);
    }
    // Header gossip has listeners that relay nothing: light nodes.
    if (!listeners && message.topic !== 'header') return;
    publish(message.topic, message.data())
      .then((peers) => {
        logger.debug({ topic: message.topic, peers }, 'announced');
        if (peers > 0 && this.#waiting.get(key) === message) this.#waiting.delete(key);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** What breaks while everything is being closed is no failure. */
  #fail(error: unknown): void {
    if (!this.#life.closed) this.#deps.fail(error);
  }
}
