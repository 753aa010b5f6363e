import { Agent, request } from 'node:http';
import { readCookie } from './cookie.node.ts';
import type { Json, JsonObject } from './json.ts';
import { parseJson, writeJson } from './json.ts';

/** How a caller proves who it is: a cookie file (read again for every call), or user and password. */
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

  constructor(reason: RpcUnreachable['reason'], message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.reason = reason;
  }
}

export interface ClientOptions {
  /** http://host:port/ */
  readonly url: string;
  /** Undefined: none are sent. */
  readonly credentials: Credentials | undefined;
  /** Milliseconds until an answer must be there; default 900 s as bitcoin-cli's. */
  readonly timeoutMs?: number;
}

export interface CallOptions {
  /** Numbers of the result keep the text they came in (amounts have 8 decimals, `0.00001000`): JSON.stringify prints it. */
  readonly exact?: boolean;
}

/** Bytes of an answer: a block as JSON may be tens of megabytes, V8 has no strings above 512 MiB. */
const MAX_ANSWER = 500 << 20;

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string } | null;
}

/** JSON with its numbers as raw JSON (JSON.rawJSON of ES2025). Throws SyntaxError. */
function parseExact(text: string): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  const keep = (_key: string, value: unknown, context: { readonly source: string }): unknown =>
    typeof value === 'number' ? rawJSON(context.source) : value;
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}

/** The answer object of a body, undefined when it is none. With `exact` the result's numbers are raw JSON. */
function readAnswer(text: string, exact: boolean): Answer | undefined {
  const plain = parseJson(text)?.value;
  if (plain === null || typeof plain !== 'object') return undefined;
  const answer = plain as Answer;
  return exact && !answer.error ? (parseExact(text) as Answer) : answer;
}

/** A small JSON-RPC client over one kept-alive connection pool. */
export class RpcClient {
  readonly #options: ClientOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #nextId = 1;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async #authorization(): Promise<string | undefined> {
    const c = this.#options.credentials;
    if (c === undefined) return undefined;
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
        error,
      );
    }
  }

  /** Calls one method; params are positional (array) or named (object). Throws RpcCallError or RpcUnreachable. */
  async call(method: string, params: readonly Json[] | JsonObject = [], options: CallOptions = {}): Promise<unknown> {
    const { url } = this.#options;
    const id = this.#nextId++;
    const body = writeJson({ jsonrpc: '2.0', id, method, params });
    const { status, text } = await this.#post(body, await this.#authorization());
    if (status === 401) throw new RpcUnreachable('credentials', `${url} refused the user or password`);
    if (status === 403) {
      throw new RpcUnreachable('forbidden', `${url} does not allow this user or address to call ${method}`);
    }
    if (status === 503 || status === 429) throw new RpcUnreachable('busy', `${url} is too busy`);
    const answer = readAnswer(text, options.exact === true);
    if (answer === undefined) {
      throw new RpcUnreachable(
        'no-json',
        `${url} answers HTTP ${status} without JSON: is it the JSON-RPC port of a node?`,
      );
    }
    const { error } = answer;
    if (error !== undefined && error !== null) throw new RpcCallError(error.code, error.message);
    return answer.result;
  }

  #post(body: string, authorization: string | undefined): Promise<{ readonly status: number; readonly text: string }> {
    const { url, timeoutMs = 900_000 } = this.#options;
    const target = URL.parse(url);
    if (target?.protocol !== 'http:') throw new RpcUnreachable('refused', `${url} is no http:// address`);
    const bytes = Buffer.from(body, 'utf8');
    return new Promise((resolve, reject) => {
      const headers = {
        ...(authorization === undefined ? {} : { Authorization: authorization }),
        'Content-Type': 'application/json',
        'Content-Length': bytes.length,
      };
      const req = request(target, { method: 'POST', agent: this.#agent, headers, timeout: timeoutMs }, (res) => {
        const chunks: Buffer[] = [];
        let size = 0;
        res.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MAX_ANSWER) chunks.push(chunk);
          else req.destroy(new Error(`an answer of more than ${MAX_ANSWER} bytes`));
        });
        res.once('end', () => resolve({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
        res.once('error', reject);
      });
      req.once('timeout', () => req.destroy(new RpcUnreachable('timeout', `${url} gave no answer in ${timeoutMs} ms`)));
      req.once('error', (error: NodeJS.ErrnoException) => {
        if (error instanceof RpcUnreachable) return reject(error);
        reject(new RpcUnreachable('refused', `no node answers at ${url}: ${error.message}`, error));
      });
      req.end(bytes);
    });
  }

  /** Closes kept-alive connections. */
  close(): void {
    this.#agent.destroy();
  }
}
