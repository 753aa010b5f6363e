import type { Stream } from '@libp2p/interface';
import type { RuleCode } from '../primitives/rules.ts';
import { DecodeError } from '../util/codec.ts';
import type { Timers } from '../util/ports.ts';
import { SerialQueue } from '../util/queue.ts';
import { ANSWER_BIT, decodeEnvelope, decodeError, ERROR_TYPE, encodeEnvelope } from '../wire/frame.ts';
import { MAX_FRAME_BYTES, MAX_OUTSTANDING_REQUESTS } from '../wire/limits.ts';
import { type PeerKey, PeerRequestError, type StreamName, type WireMessage } from '../wire/peer.ts';
import { FrameError, FrameReader, writeFrame } from './frames.ts';

export interface RequestClientPorts {
  readonly timers: Timers;
  readonly frameTimeoutMs: number;
  /** Opens a stream to a ready peer; rejects when it is none. */
  open(peer: PeerKey, stream: StreamName): Promise<Stream>;
  penalize(peer: PeerKey, rule: RuleCode, detail: string): void;
}

/** Timed-out requests whose answer may still come without being a fault. */
const MAX_EXPIRED = 1024;

interface Pending {
  readonly type: number;
  readonly settle: (result: WireMessage | PeerRequestError) => void;
}

/** One persistent stream to one peer: requests go out in order, answers come back in any order. */
class Channel {
  readonly #peer: PeerKey;
  readonly #ports: RequestClientPorts;
  readonly #stream: Promise<Stream>;
  readonly #writes = new SerialQueue();
  readonly #pending = new Map<number, Pending>();
  readonly #expired = new Set<number>();
  #nextId = 1;
  closed = false;

  constructor(peer: PeerKey, name: StreamName, ports: RequestClientPorts) {
    this.#peer = peer;
    this.#ports = ports;
    this.#stream = ports.open(peer, name);
    this.#stream.then(
      (stream) => this.#read(stream),
      (error: Error) => this.end('disconnected', error.message),
    );
  }

  request(message: WireMessage, timeoutMs: number): Promise<WireMessage> {
    const id = this.#nextId;
    this.#nextId = (id % 0xffffffff) + 1;
    const frame = encodeEnvelope(id, message);
    return new Promise<WireMessage>((resolve, reject) => {
      const cancel = this.#ports.timers.after(timeoutMs, () => {
        this.#expire(id);
        settle(new PeerRequestError(this.#peer, 'timeout', `no answer within ${timeoutMs} ms`));
      });
      const settle = (result: WireMessage | PeerRequestError): void => {
        cancel();
        this.#pending.delete(id);
        if (result instanceof PeerRequestError) reject(result);
        else resolve(result);
      };
      this.#pending.set(id, { type: message.type, settle });
      this.#writes
        .run(async () => writeFrame(await this.#stream, frame, this.#ports.timers, this.#ports.frameTimeoutMs))
        .catch((error: Error) => this.end('disconnected', error.message));
    });
  }

  /** Rejects what waits and drops the stream. The next request opens a new one. */
  end(reason: PeerRequestError['reason'], detail: string): void {
    if (this.closed) return;
    this.closed = true;
    for (const { settle } of [...this.#pending.values()]) settle(new PeerRequestError(this.#peer, reason, detail));
    this.#stream.then((stream) => stream.abort(new Error(detail))).catch(() => undefined);
  }

  #expire(id: number): void {
    this.#expired.add(id);
    if (this.#expired.size > MAX_EXPIRED) this.#expired.delete(this.#expired.values().next().value as number);
  }

  async #read(stream: Stream): Promise<void> {
    const { timers, frameTimeoutMs } = this.#ports;
    const reader = new FrameReader(stream, { maxFrame: MAX_FRAME_BYTES, frameTimeoutMs, timers });
    try {
      for await (const frame of reader.frames()) this.#take(frame);
      this.end('disconnected', 'peer closed the stream');
    } catch (error) {
      const detail = (error as Error).message;
      if (error instanceof DecodeError || error instanceof FrameError) {
        this.end('malformed', detail);
        this.#ports.penalize(this.#peer, 'protocol-violation', detail);
      } else this.end('disconnected', detail);
    }
  }

  #take(frame: Uint8Array): void {
    const { type, requestId, payload } = decodeEnvelope(frame);
    const pending = this.#pending.get(requestId);
    if (pending === undefined) {
      if (!this.#expired.delete(requestId))
        this.#ports.penalize(this.#peer, 'unrequested-answer', `answer 0x${type.toString(16)} to no request`);
      return;
    }
    if (type === ERROR_TYPE) {
      const { code, text } = decodeError(payload);
      pending.settle(new PeerRequestError(this.#peer, 'answer', `peer answered ${text || `code ${code}`}`, code));
    } else if (type === (pending.type | ANSWER_BIT)) pending.settle({ type, payload });
    else throw new DecodeError(`answer of type 0x${type.toString(16)} to a request of type ${pending.type}`);
  }
}

/** Requests to peers. At most MAX_OUTSTANDING_REQUESTS wait per peer; beyond that `request` rejects with `busy`. */
export class RequestClient {
  readonly #ports: RequestClientPorts;
  readonly #channels = new Map<PeerKey, Map<StreamName, Channel>>();
  readonly #outstanding = new Map<PeerKey, number>();

  constructor(ports: RequestClientPorts) {
    this.#ports = ports;
  }

  async request(peer: PeerKey, name: StreamName, message: WireMessage, timeoutMs: number): Promise<WireMessage> {
    const waiting = this.#outstanding.get(peer) ?? 0;
    if (waiting >= MAX_OUTSTANDING_REQUESTS)
      throw new PeerRequestError(peer, 'busy', `${waiting} requests to this peer wait for an answer`);
    this.#outstanding.set(peer, waiting + 1);
    try {
      return await this.#channel(peer, name).request(message, timeoutMs);
    } finally {
      const left = (this.#outstanding.get(peer) ?? 1) - 1;
      if (left > 0) this.#outstanding.set(peer, left);
      else this.#outstanding.delete(peer);
    }
  }

  /** The peer is gone, or its connection changed. */
  drop(peer: PeerKey, detail: string): void {
    for (const channel of this.#channels.get(peer)?.values() ?? []) channel.end('disconnected', detail);
    this.#channels.delete(peer);
  }

  dropAll(detail: string): void {
    for (const peer of [...this.#channels.keys()]) this.drop(peer, detail);
  }

  #channel(peer: PeerKey, name: StreamName): Channel {
    let channels = this.#channels.get(peer);
    if (channels === undefined) {
      channels = new Map();
      this.#channels.set(peer, channels);
    }
    let channel = channels.get(name);
    if (channel === undefined || channel.closed) {
      channel = new Channel(peer, name, this.#ports);
      channels.set(name, channel);
    }
    return channel;
  }
}
