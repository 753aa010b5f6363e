import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../util/ports.ts';
import { writeAnswer } from './answer.node.ts';
import { Authenticator, mayCall, type RpcAuth, type Whitelist } from './auth.node.ts';
import { AllowList, isLoopback } from './bindRules.node.ts';
import { BodyBudget, readBody } from './body.node.ts';
import type { Dispatcher, OnGone } from './dispatch.ts';
import { RPC } from './errors.ts';
import { parseJson, writeJson } from './json.ts';

/** 32 MiB: the largest request (Bitcoin Core MAX_SIZE); a 4 MB block in hex takes 8. */
const DEFAULT_MAX_BODY = 32 * 1024 * 1024;
/** Bodies held in memory together, in largest bodies. */
const BODIES_AT_ONCE = 8;
/** Requests taken at once; they wait for their turn inside. Beyond it callers are told to come back (503). */
const DEFAULT_WORK_QUEUE = 4096;
/** Bitcoin Core waits this long before it tells of a wrong password. */
const WRONG_PASSWORD_DELAY_MS = 250;
/** Wrong passwords being delayed at the same time; more are answered at once, so that they cannot pile up. */
const MAX_DELAYED = 256;
/** A client must have sent its headers, and its whole request, in these times. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60_000;
/** Idle connections are kept longer than clients usually keep theirs, so that we are not the one who closes. */
const KEEP_ALIVE_MS = 120_000;
/** A client that takes nothing of its answer for so long is dropped, and the answer with it. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Requests still running when the server stops get this long. */
const DRAIN_MS = 3_000;

export interface HttpOptions {
  /** Interface to listen on. Anything but loopback needs `allowIps` and `auth` that is not just the cookie. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The cookie's entry and those of the configuration. */
  readonly auth: readonly RpcAuth[];
  /** True when `auth` holds more than the cookie. */
  readonly explicitAuth: boolean;
  /** Addresses and networks that may connect beside loopback. */
  readonly allowIps: readonly string[];
  readonly whitelist?: Whitelist;
  /** Bytes of a request at most, default 32 MiB. */
  readonly maxBody?: number;
  /** Requests that may run and wait before 503, default 4096. */
  readonly workQueue?: number;
  readonly log: Logger;
  /** Shorter in tests. */
  readonly timeouts?: {
    readonly headersMs: number;
    readonly requestMs: number;
    readonly checkMs: number;
    readonly answerMs: number;
  };
}

export interface RpcHttpServer {
  readonly host: string;
  readonly port: number;
  /** "http://127.0.0.1:18443" */
  readonly url: string;
  /** Takes no more connections, lets running requests finish, then closes everything. */
  stop(): Promise<void>;
}

/** HTTP status of a failed call of the old dialect. */
function statusOf(errorCode: number | undefined): number {
  if (errorCode === undefined) return 200;
  if (errorCode === RPC.METHOD_NOT_FOUND) return 404;
  return errorCode === RPC.INVALID_REQUEST ? 400 : 500;
}

const isEndpoint = (path: string | undefined): boolean => path === '/' || (path?.startsWith('/wallet/') ?? false);

class RequestHandler {
  readonly #options: HttpOptions;
  readonly #dispatcher: Dispatcher;
  readonly #allow: AllowList;
  readonly #auth: Authenticator;
  readonly #maxBody: number;
  readonly #workQueue: number;
  readonly #bodies: BodyBudget;
  #open = 0;
  #delayed = 0;
  draining = false;

  constructor(dispatcher: Dispatcher, options: HttpOptions, allow: AllowList) {
    this.#dispatcher = dispatcher;
    this.#options = options;
    this.#allow = allow;
    this.#auth = new Authenticator(options.auth);
    this.#maxBody = options.maxBody ?? DEFAULT_MAX_BODY;
    this.#workQueue = options.workQueue ?? DEFAULT_WORK_QUEUE;
    this.#bodies = new BodyBudget(BODIES_AT_ONCE * this.#maxBody);
  }

  /** Answers text, or nothing. With `close` the connection ends after it. */
  #send(res: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
    if (res.destroyed || res.headersSent) return;
    const bytes = Buffer.from(body, 'utf8');
    const close = this.draining ? { Connection: 'close' } : {};
    const length = status === 204 ? {} : { 'Content-Length': String(bytes.length) };
    res.writeHead(status, { ...length, ...close, ...headers });
    writeAnswer(res, bytes, this.#options.timeouts?.answerMs ?? ANSWER_TIMEOUT_MS);
  }

  handle(req: IncomingMessage, res: ServerResponse): void {
    this.#open++;
    res.once('close', () => this.#open--);
    this.#serve(req, res).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'rpc request failed');
      this.#send(res, 500, '');
    });
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!this.#allow.allows(req.socket.remoteAddress)) return this.#send(res, 403, '');
    if (!isEndpoint(req.url)) return this.#send(res, 404, '');
    if (req.method !== 'POST') {
      return this.#send(res, 405, 'JSONRPC server handles only POST requests', { Allow: 'POST' });
    }
    const verdict = this.#auth.check(req.headers.authorization);
    if (!verdict.ok) return this.#refuse(req, res, verdict.tried);
    if (this.#open > this.#workQueue) return this.#send(res, 503, 'Work queue depth exceeded', { 'Retry-After': '1' });
    const body = await readBody(req, this.#maxBody, this.#bodies);
    if (body.kind === 'gone') return;
    if (body.kind === 'too-large') return this.#send(res, 413, '', { Connection: 'close' });
    if (body.kind === 'busy')
      return this.#send(res, 503, 'Too many large requests', { 'Retry-After': '1', Connection: 'close' });
    try {
      await this.#run(verdict.user, body.text, res);
    } finally {
      body.release();
    }
  }

  async #refuse(req: IncomingMessage, res: ServerResponse, tried: boolean): Promise<void> {
    if (tried) {
      this.#options.log.warn({ from: req.socket.remoteAddress }, 'rpc: wrong user or password');
      if (this.#delayed < MAX_DELAYED) {
        this.#delayed++;
        await new Promise((resolve) => setTimeout(resolve, WRONG_PASSWORD_DELAY_MS));
        this.#delayed--;
      }
    }
    this.#send(res, 401, '', { 'WWW-Authenticate': 'Basic realm="jsonrpc"' });
  }

  async #run(user: string, text: string | undefined, res: ServerResponse): Promise<void> {
    const request = text === undefined ? undefined : parseJson(text)?.value;
    const { whitelist, log } = this.#options;
    const onGone: OnGone = (listener) => {
      if (res.destroyed) listener();
      res.once('close', listener);
      return () => res.off('close', listener);
    };
    const outcome = await this.#dispatcher.handle(request, (method) => mayCall(whitelist, user, method), onGone);
    if (outcome.kind === 'nothing') return this.#send(res, 204, '');
    if (outcome.kind === 'forbidden') {
      log.warn({ user, method: outcome.method }, 'rpc: user may not call this method');
      return this.#send(res, 403, '');
    }
    const json = `${writeJson(outcome.body)}\n`;
    this.#send(res, statusOf(outcome.errorCode), json, { 'Content-Type': 'application/json' });
  }
}

function checkBinding(options: HttpOptions, allow: AllowList): void {
  if (isLoopback(options.host)) return;
  const missing = [
    ...(options.explicitAuth ? [] : ['an rpcauth entry']),
    ...(allow.empty ? ['an allow list (rpcallowip)'] : []),
  ];
  if (missing.length > 0) {
    throw new Error(
      `JSON-RPC will not listen on ${options.host}, which other machines can reach, without ${missing.join(' and ')}`,
    );
  }
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Starts listening. Throws RangeError for a bad allow list, Error for a forbidden interface or a port in use (EADDRINUSE). */
export async function startRpcHttp(dispatcher: Dispatcher, options: HttpOptions): Promise<RpcHttpServer> {
  const allow = new AllowList(options.allowIps);
  checkBinding(options, allow);
  const handler = new RequestHandler(dispatcher, options, allow);
  const server = createServer(
    {
      headersTimeout: options.timeouts?.headersMs ?? HEADERS_TIMEOUT_MS,
      requestTimeout: options.timeouts?.requestMs ?? REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: options.timeouts?.checkMs ?? 2_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
      // Simple tools send no Host; nothing here depends on it.
      requireHostHeader: false,
    },
    (req, res) => handler.handle(req, res),
  );
  server.maxConnections = 2 * (options.workQueue ?? DEFAULT_WORK_QUEUE) + 64;
  const { address, port, family } = await listen(server, options.host, options.port);
  server.on('error', (error) => options.log.error({ err: error }, 'rpc listener failed'));
  const shown = family === 'IPv6' ? `[${address}]` : address;
  return {
    host: address,
    port,
    url: `http://${shown}:${port}`,
    async stop() {
      handler.draining = true;
      dispatcher.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      await closed;
      clearTimeout(force);
    },
  };
}
