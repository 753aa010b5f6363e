import type { GossipsubMessage } from '@libp2p/gossipsub';
import type { RuleCode } from '../primitives/rules.ts';
import type { Clock, Logger, Timers } from '../util/ports.ts';
import { MAX_GOSSIP_BYTES } from '../wire/limits.ts';
import type { GossipVerdict, PeerKey, TopicName } from '../wire/peer.ts';
import { TOPIC_NAMES } from '../wire/protocolIds.ts';
import { boundMemory, forgetMessage, type GossipRouter } from './gossipRouter.ts';

export type GossipHandler = (from: PeerKey, data: Uint8Array) => Promise<GossipVerdict>;

export interface GossipPorts {
  readonly topics: Readonly<Record<TopicName, string>>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly verdictMs: number;
  messageId(topic: string, data: Uint8Array): string;
  penalize(peer: PeerKey, rule: RuleCode, detail: string): void;
}

/** Messages being judged at once; beyond it new ones are ignored: a flood must not fill memory. */
const MAX_JUDGING = 2048;

/** Publishing and judging. Nothing is forwarded that no handler accepted. */
export class Gossip {
  readonly #ports: GossipPorts;
  readonly #handlers = new Map<TopicName, GossipHandler>();
  readonly #names: ReadonlyMap<string, TopicName>;
  #router: GossipRouter | undefined;
  #judging = 0;

  constructor(ports: GossipPorts) {
    this.#ports = ports;
    this.#names = new Map(TOPIC_NAMES.map((name) => [ports.topics[name], name]));
  }

  /** Subscribes the topics that have a handler; before that, gossip is neither heard nor forwarded. */
  start(router: GossipRouter): void {
    this.#router = router;
    router.addEventListener('gossipsub:message', (event) => void this.#judge(event.detail));
    for (const name of this.#handlers.keys()) router.subscribe(this.#ports.topics[name]);
  }

  stop(): void {
    this.#router = undefined;
  }

  handle(topic: TopicName, handler: GossipHandler): void {
    if (this.#handlers.has(topic)) throw new Error(`topic ${topic} has a handler already`);
    this.#handlers.set(topic, handler);
    this.#router?.subscribe(this.#ports.topics[topic]);
  }

  /** Returns to how many peers it went. Throws RangeError above MAX_GOSSIP_BYTES. */
  async publish(name: TopicName, data: Uint8Array): Promise<number> {
    if (data.length > MAX_GOSSIP_BYTES)
      throw new RangeError(`gossip of ${data.length} bytes is above ${MAX_GOSSIP_BYTES}`);
    const router = this.#router;
    if (router === undefined) return 0;
    const topic = this.#ports.topics[name];
    try {
      const { recipients } = await router.publish(topic, data);
      // Every stream may have broken, or the library refused the size: it says so only by an empty list.
      if (recipients.length === 0) forgetMessage(router, this.#ports.messageId(topic, data));
      return recipients.length;
    } catch (error) {
      const reason = (error as Error).message;
      // Nobody listens yet, or the network has it already: neither is a failure.
      if (reason === 'PublishError.NoPeersSubscribedToTopic' || reason === 'PublishError.Duplicate') return 0;
      throw error;
    }
  }

  async #judge({ msgId, msg, propagationSource }: GossipsubMessage): Promise<void> {
    const from = propagationSource.toString();
    let verdict: GossipVerdict = 'ignore';
    if (this.#judging < MAX_JUDGING) {
      this.#judging++;
      try {
        const { buffer, byteOffset, byteLength } = msg.data; // a Buffer: handlers get a plain array
        verdict = await this.#verdict(from, msg.topic, new Uint8Array(buffer, byteOffset, byteLength));
      } finally {
        this.#judging--;
      }
    }
    if (this.#router === undefined) return;
    this.#router.reportMessageValidationResult(msgId, from, verdict);
    boundMemory(this.#router);
  }

  #verdict(from: PeerKey, topic: string, data: Uint8Array): GossipVerdict | Promise<GossipVerdict> {
    const name = this.#names.get(topic);
    const handler = name === undefined ? undefined : this.#handlers.get(name);
    if (handler === undefined) return 'ignore';
    if (data.length > MAX_GOSSIP_BYTES) {
      this.#ports.penalize(from, 'protocol-violation', `gossip of ${data.length} bytes on ${name}`);
      return 'reject';
    }
    return this.#inTime((async () => handler(from, data))(), from, topic);
  }

  /** The handler's verdict, or ignore when it fails (our fault, nobody is blamed) or takes too long to be of use. */
  async #inTime(judged: Promise<GossipVerdict>, from: PeerKey, topic: string): Promise<GossipVerdict> {
    const { timers, verdictMs, logger } = this.#ports;
    return new Promise((resolve) => {
      const cancel = timers.after(verdictMs, () => {
        logger.warn({ peer: from, topic, verdictMs }, 'no verdict on gossip in time');
        resolve('ignore');
      });
      judged
        .catch((err: unknown): GossipVerdict => {
          logger.error({ peer: from, topic, err }, 'judging gossip failed');
          return 'ignore';
        })
        .then((verdict) => {
          cancel();
          resolve(verdict);
        });
    });
  }
}
