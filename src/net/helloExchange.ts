import type { Connection, Stream } from '@libp2p/interface';
import { DecodeError } from '../util/codec.ts';
import type { Timers } from '../util/ports.ts';
import { decodeHelloMessage, encodeHelloMessage, type HelloMessage } from '../wire/hello.ts';
import { checkHello, type HelloRefusal } from '../wire/helloCheck.ts';
import { MAX_HELLO_BYTES } from '../wire/limits.ts';
import type { Hello, Refusal } from '../wire/peer.ts';
import { FrameError, FrameReader, writeFrame } from './frames.ts';

/** The connection ends: one side refused the other. */
export class HelloRefused extends Error {
  override readonly name = 'HelloRefused';
  readonly refusal: Refusal;
  readonly byUs: boolean;

  constructor(refusal: Refusal, detail: string, byUs: boolean) {
    super(detail);
    this.refusal = refusal;
    this.byUs = byUs;
  }
}

export interface HelloPorts {
  readonly timers: Timers;
  readonly timeoutMs: number;
  /** Our hello as of now. */
  ours(): Hello;
  /** Reasons beyond the hello itself, such as no room; undefined to let the peer in. */
  admit(connection: Connection, theirs: Hello): HelloRefusal | undefined;
}

class Exchange {
  readonly #stream: Stream;
  readonly #reader: FrameReader;
  readonly #ports: HelloPorts;

  constructor(stream: Stream, ports: HelloPorts) {
    this.#stream = stream;
    this.#ports = ports;
    this.#reader = new FrameReader(stream, {
      maxFrame: MAX_HELLO_BYTES,
      frameTimeoutMs: ports.timeoutMs,
      timers: ports.timers,
    });
  }

  send(message: HelloMessage): Promise<void> {
    return writeFrame(this.#stream, encodeHelloMessage(message), this.#ports.timers, this.#ports.timeoutMs);
  }

  /** The next message; a refusal from the other side is thrown, nonsense is refused. */
  async receive(): Promise<HelloMessage> {
    let message: HelloMessage;
    try {
      const frame = await this.#reader.read();
      if (frame === undefined) throw new Error('peer closed the hello stream');
      message = decodeHelloMessage(frame);
    } catch (error) {
      if (error instanceof DecodeError || error instanceof FrameError) return this.refuse('malformed', error.message);
      throw error;
    }
    if (message.kind === 'refuse') throw new HelloRefused(message.refusal, message.detail, false);
    return message;
  }

  async receiveHello(): Promise<Hello> {
    const message = await this.receive();
    return message.kind === 'hello' ? message.hello : this.refuse('malformed', `${message.kind} instead of hello`);
  }

  /** Tells the other side why, waits until that has left, and throws. */
  async refuse(refusal: Refusal, detail: string): Promise<never> {
    try {
      await this.send({ kind: 'refuse', refusal, detail });
      await this.#stream.close();
    } catch {
      // The other side is gone already: what counts is our own verdict.
    }
    throw new HelloRefused(refusal, detail, true);
  }

  async check(connection: Connection, theirs: Hello): Promise<void> {
    const refused = checkHello(this.#ports.ours(), theirs) ?? this.#ports.admit(connection, theirs);
    if (refused !== undefined) await this.refuse(refused.refusal, refused.detail);
  }

  sendHello(): Promise<void> {
    return this.send({ kind: 'hello', hello: this.#ports.ours() });
  }

  close(): Promise<void> {
    return this.#stream.close();
  }
}

/** The dialler's side: hello, their hello, accept. Returns their hello; throws HelloRefused or the stream's error. */
export async function sayHello(stream: Stream, connection: Connection, ports: HelloPorts): Promise<Hello> {
  const exchange = new Exchange(stream, ports);
  await exchange.sendHello();
  const theirs = await exchange.receiveHello();
  await exchange.check(connection, theirs);
  await exchange.send({ kind: 'accept' });
  exchange.close().catch(() => stream.abort(new Error('hello stream did not close')));
  return theirs;
}

/** The listener's side: their hello, ours, their accept. */
export async function answerHello(stream: Stream, connection: Connection, ports: HelloPorts): Promise<Hello> {
  const exchange = new Exchange(stream, ports);
  const theirs = await exchange.receiveHello();
  await exchange.check(connection, theirs);
  await exchange.sendHello();
  const end = await exchange.receive();
  if (end.kind !== 'accept') await exchange.refuse('malformed', `${end.kind} instead of accept`);
  exchange.close().catch(() => stream.abort(new Error('hello stream did not close')));
  return theirs;
}
