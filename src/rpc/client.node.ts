import { Agent, request } from 'node:http';
import { readCookie } from './cookie.node.ts';
import type { Json, JsonObject } from './json.ts';
import { parseJson, writeJson } from './json.ts';

/** How a caller proves who it is: a cookie file (read again for every connection attempt), or user and password. */
export type Credentials = { readonly cookiePath: string } | { readonly user: string; readonly password: string };

/** The node answered with an error. */
export class RpcCallError extends Error {
  override readonly name = 'RpcCallError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The node could not be asked: not running, wrong credentials, no answer in time, something else on the port. */
export class RpcUnreachable extends Error {
  override readonly name = 'RpcUnreachable';
  readonly reason: 'refused' | 'credentials' | 'no-cookie' | 'forbidden' | 'timeout' | 'busy' | 'no-json';

  constructor(reason: RpcUnreachable['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly credentials: Credentials;
  /** Milliseconds until an answer must be there; default 900 s as bitcoin-cli's. */
  readonly timeoutMs?: number;
}

/** A small JSON-RPC client over one kept-alive connection pool. */
export class RpcClient {
  readonly #options: ClientOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #nextId = 1;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get #where(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  async #authorization(): Promise<string> {
    const c = this.#options.credentials;
    const { user, password } = 'cookiePath' in c ? await this.#cookie(c.cookiePath) : c;
    return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
  }

  async #cookie(path: string): Promise<{ readonly user: string; readonly password: string }> {
    try {
      return await readCookie(path);
    } catch (error) {
      throw new RpcUnreachable(
        'no-cookie',
        `cannot read the cookie ${path}: is the node running? (${(error as Error).message})`,
      );
    }
  }

  /** Calls one method; params are positional (array) or named (object). Throws RpcCallError or RpcUnreachable. */
  async call(method: string, params: readonly Json[] | JsonObject = []): Promise<unknown> {
    const id = this.#nextId++;
    const body = writeJson({ jsonrpc: '2.0', id, method, params });
    const { status, text } = await this.#post(body, await this.#authorization());
    if (status === 401) throw new RpcUnreachable('credentials', `${this.#where} refused the user or password`);
    if (status === 403)
      throw new RpcUnreachable('forbidden', `${this.#where} does not allow this user or address to call ${method}`);
    if (status === 503 || status === 429) throw new RpcUnreachable('busy', `${this.#where} is too busy`);
    const answer = parseJson(text)?.value as
      | { result?: unknown; error?: { code: number; message: string } | null }
      | null
      | undefined;
    if (answer === null || typeof answer !== 'object') {
      throw new RpcUnreachable(
        'no-json',
        `${this.#where} answered HTTP ${status} without JSON: is this a JSON-RPC port?`,
      );
    }
    if (answer.error !== undefined && answer.error !== null)
      throw new RpcCallError(answer.error.code, answer.error.message);
    return answer.result;
  }

  #post(body: string, authorization: string): Promise<{ readonly status: number; readonly text: string }> {
    const { host, port, timeoutMs = 900_000 } = this.#options;
    const bytes = Buffer.from(body, 'utf8');
    return new Promise((resolve, reject) => {
      const headers = {
        Authorization: authorization,
        'Content-Type': 'application/json',
        'Content-Length': bytes.length,
      };
      const req = request(
        { host, port, method: 'POST', path: '/', agent: this.#agent, headers, timeout: timeoutMs },
        (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.once('end', () => resolve({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
          res.once('error', reject);
        },
      );
      req.once('timeout', () =>
        req.destroy(new RpcUnreachable('timeout', `${this.#where} gave no answer in ${timeoutMs} ms`)),
      );
      req.once('error', (error: NodeJS.ErrnoException) => {
        if (error instanceof RpcUnreachable) return reject(error);
        reject(new RpcUnreachable('refused', `cannot reach a node at ${this.#where}: ${error.code ?? error.message}`));
      });
      req.end(bytes);
    });
  }

  /** Closes kept-alive connections. */
  close(): void {
    this.#agent.destroy();
  }
}
