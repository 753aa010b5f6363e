import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One keep-alive HTTP connection to a JSON-RPC port; written by hand so that the client costs little of what is measured. */
export class RpcConnection {
  readonly #socket: Socket;
  readonly #head: string;
  #received: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(socket: Socket, auth: string) {
    this.#socket = socket;
    const basic = Buffer.from(auth).toString('base64');
    this.#head = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic ${basic}\r\nContent-Type: application/json\r\n`;
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#wake());
  }

  /** `auth`: user:password. */
  static async open(port: number, auth: string): Promise<RpcConnection> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new RpcConnection(socket, auth);
  }

  /** Sends the body and resolves with the answer's; throws unless its status is 200. One call at a time. */
  async call(body: string): Promise<string> {
    this.#socket.write(`${this.#head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    for (;;) {
      const answer = this.#answer();
      if (answer !== undefined) return answer;
      if (this.#socket.destroyed) throw new Error('the node closed the connection');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Takes one whole answer from what was received. */
  #answer(): string | undefined {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = /^content-length: (\d+)/im.exec(head);
    if (!head.startsWith('HTTP/1.1 200 ') || length === null) throw new Error(`unexpected answer: ${head}`);
    const end = headEnd + 4 + Number(length[1]);
    if (this.#received.length < end) return undefined;
    const text = this.#received.toString('utf8', headEnd + 4, end);
    this.#received = this.#received.subarray(end);
    return text;
  }
}
