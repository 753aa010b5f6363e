import type { Connection, Stream } from '@libp2p/interface';
import type { Hello, PeerKey } from '../wire/peer.ts';
import { chainOfHello } from '../wire/protocolIds.ts';
import { answerHello, type HelloPorts, HelloRefused, sayHello } from './helloExchange.ts';

/**
 * One libp2p connection from its opening through hello to its end. The dialler opens the hello stream; whoever sees no
 * finished hello within the limit closes the connection.
 */
export class Session {
  readonly connection: Connection;
  readonly key: PeerKey;
  /** Unix milliseconds. */
  readonly openedMs: number;
  /** Their hello; rejects with HelloRefused, or another error when the exchange failed. */
  readonly hello: Promise<Hello>;
  state: 'hello' | 'ready' | 'ended' = 'hello';
  /** Why we closed it; undefined while open, or when the other side closed it. */
  closeReason: string | undefined;
  readonly #helloProtocol: string;
  readonly #ports: HelloPorts;
  #resolve!: (hello: Hello) => void;
  #reject!: (error: Error) => void;
  #answering = false;

  constructor(connection: Connection, helloProtocol: string, ports: HelloPorts, nowMs: number) {
    this.connection = connection;
    this.key = connection.remotePeer.toString();
    this.openedMs = nowMs;
    this.#helloProtocol = helloProtocol;
    this.#ports = ports;
    this.hello = new Promise<Hello>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.hello.catch(() => undefined); // whoever waits gets it; nobody waiting is fine
  }

  get inbound(): boolean {
    return this.connection.direction === 'inbound';
  }

  /** Starts the exchange; settles `hello` in any case. */
  start(): void {
    const cancel = this.#ports.timers.after(this.#ports.timeoutMs, () =>
      this.fail(new Error(`no hello within ${this.#ports.timeoutMs} ms`)),
    );
    this.hello.finally(cancel).catch(() => undefined);
    if (!this.inbound) this.#settle(this.#dialled());
  }

  /** The other side opened a hello stream. Only a listener expects one, and only one. */
  answer(stream: Stream): void {
    if (!this.inbound || this.#answering || this.state !== 'hello') {
      stream.abort(new Error('unexpected hello stream'));
      return;
    }
    this.#answering = true;
    this.#settle(answerHello(stream, this.connection, this.#ports));
  }

  /** libp2p's identify tells a listener which protocols the dialler speaks: without our hello it will never say one. */
  identified(protocols: readonly string[]): void {
    if (this.state !== 'hello' || this.#answering || protocols.includes(this.#helloProtocol)) return;
    this.fail(wrongChain(protocols));
  }

  fail(error: Error): void {
    this.#reject(error);
  }

  /** Closes gracefully; aborts when that takes longer than a second. */
  close(reason: string): void {
    this.closeReason ??= reason;
    const { connection } = this;
    connection.close({ signal: AbortSignal.timeout(1000) }).catch((error: Error) => connection.abort(error));
  }

  async #dialled(): Promise<Hello> {
    let stream: Stream;
    try {
      stream = await this.connection.newStream(this.#helloProtocol, {
        signal: AbortSignal.timeout(this.#ports.timeoutMs),
      });
    } catch (error) {
      throw (error as Error).name === 'UnsupportedProtocolError' ? wrongChain([]) : error;
    }
    return sayHello(stream, this.connection, this.#ports);
  }

  #settle(exchange: Promise<Hello>): void {
    exchange.then(this.#resolve, this.#reject);
  }
}

function wrongChain(protocols: readonly string[]): HelloRefused {
  const chain = protocols.map(chainOfHello).find((id) => id !== undefined);
  const detail = chain === undefined ? 'speaks no hello of our chain' : `its chain is ${chain}…, not ours`;
  return new HelloRefused('wrong-chain', detail, true);
}
