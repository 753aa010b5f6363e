import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { pipe } from 'it-pipe';
import type { RuleCode } from '../primitives/rules.ts';
import { DecodeError } from '../util/codec.ts';
import { Lru } from '../util/lru.ts';
import type { Clock, Logger, Timers } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import {
  ANSWER_BIT,
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  encodeError,
  isAnswerType,
  isRequestType,
} from '../wire/frame.ts';
import { MAX_FRAME_BYTES, MAX_MESSAGE_PAYLOAD } from '../wire/limits.ts';
import { type PeerKey, type StreamName, WIRE_ERRORS, type WireMessage, WireRefusal } from '../wire/peer.ts';
import { FrameError, FrameReader, writeFrame } from './frames.ts';
import type { NetworkLimits } from './options.ts';
import { Slots } from './slots.ts';
import { TokenBucket } from './tokenBucket.ts';

export type RequestHandler = (from: PeerKey, message: WireMessage) => Promise<WireMessage>;

export interface RequestServerPorts {
  /** Protocol ids. */
  readonly streams: Readonly<Record<StreamName, string>>;
  /** Resolves when the connection has passed hello. */
  ready(connection: Connection): Promise<unknown>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: NetworkLimits;
  readonly logger: Logger;
  penalize(peer: PeerKey, rule: RuleCode, detail: string): void;
}

/** So many requests over the rate are answered RATE before one counts as a fault: an honest peer slows down by then. */
const RATE_ANSWERS_PER_PENALTY = 256;

interface Quota {
  readonly requests: TokenBucket;
  readonly bytes: TokenBucket;
  readonly slots: Slots;
  refused: number;
  /** Requests whose answer has not left. */
  working: number;
}

/**
 * Answers requests. Per peer: a token bucket for requests and one for bytes answered, and at most `concurrentPerPeer`
 * requests worked on at once; more stay unread, which reaches the sender as back-pressure. Over all peers, answers that
 * slow readers have not taken are bounded: beyond it each peer is served one request at a time.
 */
export class RequestServer {
  readonly #ports: RequestServerPorts;
  /** Kept after a peer left: reconnecting does not refill its buckets. */
  readonly #quotas = new Lru<PeerKey, Quota>(1024);
  readonly #handlers = new Map<StreamName, RequestHandler>();
  #node: Libp2p | undefined;
  /** Bytes of answers that wait to be taken, over all peers. */
  #unsent = 0;

  constructor(ports: RequestServerPorts) {
    this.#ports = ports;
  }

  /** One handler per stream name. */
  handle(name: StreamName, handler: RequestHandler): void {
    if (this.#handlers.has(name)) throw new Error(`stream ${name} has a handler already`);
    this.#handlers.set(name, handler);
    if (this.#node !== undefined) void this.#register(this.#node, name, handler);
  }

  /** Before the node starts. */
  async attach(node: Libp2p): Promise<void> {
    this.#node = node;
    for (const [name, handler] of this.#handlers) await this.#register(node, name, handler);
  }

  async #register(node: Libp2p, name: StreamName, handler: RequestHandler): Promise<void> {
    await node.handle(
      this.#ports.streams[name],
      async (stream, connection) => {
        await this.#ports.ready(connection);
        await this.serve(stream, connection.remotePeer.toString(), handler);
      },
      { maxInboundStreams: 4, maxOutboundStreams: 4 },
    );
  }

  /** Serves one stream that `peer` opened, until it ends. */
  async serve(stream: Stream, peer: PeerKey, handler: RequestHandler): Promise<void> {
    const { limits, timers } = this.#ports;
    const quota = this.#quota(peer);
    const reader = new FrameReader(stream, {
      maxFrame: MAX_FRAME_BYTES,
      frameTimeoutMs: limits.frameTimeoutMs,
      timers,
    });
    const writes = new SerialQueue();
    const working = new Set<Promise<void>>();
    const send = (id: number, answer: WireMessage): Promise<void> => this.#send(stream, writes, id, answer);
    try {
      await pipe(
        () => reader.frames(),
        async function* (source) {
          for await (const frame of source) yield decodeEnvelope(frame);
        },
        async (source) => {
          for await (const request of source) {
            checkType(request);
            await quota.slots.take();
            quota.working++;
            const work = this.#work(request, peer, quota, handler, send)
              .catch((error: Error) => stream.abort(error))
              .finally(() => {
                quota.working--;
                quota.slots.give();
                working.delete(work);
              });
            working.add(work);
          }
        },
      );
      await Promise.all(working);
      await stream.close();
    } catch (error) {
      if (error instanceof UnrequestedAnswer) this.#ports.penalize(peer, 'unrequested-answer', error.message);
      else if (error instanceof DecodeError || error instanceof FrameError)
        this.#ports.penalize(peer, 'protocol-violation', error.message);
      stream.abort(error as Error);
    }
  }

  async #work(
    request: Envelope,
    peer: PeerKey,
    quota: Quota,
    handler: RequestHandler,
    send: (id: number, answer: WireMessage) => Promise<void>,
  ): Promise<void> {
    const refused = this.#overQuota(peer, quota);
    const answer = refused ?? (await this.#handle(request, peer, handler));
    const size = answer.payload.length;
    quota.bytes.spend(size, this.#ports.clock.monotonicMs());
    this.#unsent += size;
    try {
      await send(request.requestId, answer);
    } finally {
      this.#unsent -= size;
    }
  }

  #overQuota(peer: PeerKey, quota: Quota): WireMessage | undefined {
    const now = this.#ports.clock.monotonicMs();
    if (!quota.requests.take(1, now) || !quota.bytes.solvent(now)) {
      if (++quota.refused % RATE_ANSWERS_PER_PENALTY === 0)
        this.#ports.penalize(peer, 'protocol-violation', 'goes on asking above the rate');
      return encodeError(WIRE_ERRORS.RATE, 'too many requests');
    }
    quota.refused = 0;
    // Then one request at a time each: slow readers must not lock out the others.
    if (quota.working > 1 && this.#unsent > this.#ports.limits.answerMemoryBytes)
      return encodeError(WIRE_ERRORS.BUSY, 'busy');
    return undefined;
  }

  async #handle(request: Envelope, peer: PeerKey, handler: RequestHandler): Promise<WireMessage> {
    try {
      const answer = await handler(peer, { type: request.type, payload: request.payload });
      if (answer.type !== (request.type | ANSWER_BIT))
        throw new Error(`handler answered type ${request.type} with 0x${answer.type.toString(16)}`);
      if (answer.payload.length > MAX_MESSAGE_PAYLOAD)
        throw new Error(`handler answered ${answer.payload.length} bytes`);
      return answer;
    } catch (error) {
      if (error instanceof WireRefusal) return encodeError(error.code, error.message);
      this.#ports.logger.error({ peer, type: request.type, err: error }, 'answering a request failed');
      return encodeError(WIRE_ERRORS.BUSY, 'internal error');
    }
  }

  #send(stream: Stream, writes: SerialQueue, id: number, answer: WireMessage): Promise<void> {
    const { limits, timers } = this.#ports;
    return writes.run(() => writeFrame(stream, encodeEnvelope(id, answer), timers, limits.frameTimeoutMs));
  }

  #quota(peer: PeerKey): Quota {
    const known = this.#quotas.get(peer);
    if (known !== undefined) return known;
    const { limits, clock } = this.#ports;
    const now = clock.monotonicMs();
    const quota: Quota = {
      requests: new TokenBucket(limits.requestsPerSecond, limits.requestBurst, now),
      bytes: new TokenBucket(limits.answerBytesPerSecond, limits.answerBurstBytes, now),
      slots: new Slots(limits.concurrentPerPeer),
      refused: 0,
      working: 0,
    };
    this.#quotas.set(peer, quota);
    return quota;
  }
}

class UnrequestedAnswer extends Error {}

function checkType({ type }: Envelope): void {
  if (isAnswerType(type)) throw new UnrequestedAnswer(`answer 0x${type.toString(16)} to no request`);
  if (!isRequestType(type)) throw new DecodeError(`request type ${type}`);
}
