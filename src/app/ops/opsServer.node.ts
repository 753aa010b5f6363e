import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RestHandler } from '../../rpc/rest/answer.ts';
import type { Logger } from '../../util/ports.ts';
import type { Metrics } from './metrics.node.ts';
import type { OpsSource } from './opsSource.ts';

export interface OpsSettings {
  readonly bind: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface OpsServer {
  /** http://host:port */
  readonly url: string;
  close(): Promise<void>;
}

export interface OpsDeps {
  readonly source: OpsSource;
  readonly log: Logger;
  /** Present when ops.rest is on. */
  readonly rest?: RestHandler;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

const text = (status: number, body: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});
const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

function send(res: ServerResponse, answer: Answer, head: boolean): void {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  res.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': body.length,
    'cache-control': 'no-store',
  });
  res.end(head ? undefined : body);
}

/**
 * Health and metrics on a listener of its own: /livez (the process answers), /readyz (503 while warming up, syncing, out
 * of disk or stopping), /health (JSON), /metrics (Prometheus), and /rest/… when a handler is given. Throws when the port
 * is taken.
 */
export async function startOpsServer(settings: OpsSettings, deps: OpsDeps): Promise<OpsServer> {
  const { source, log, rest } = deps;
  let metrics: Promise<Metrics> | undefined;

  async function readyz(): Promise<Answer> {
    const state = source.readiness();
    return state.ready ? text(200, 'ready') : text(503, `${state.reason}: ${state.detail}`);
  }
  async function health(): Promise<Answer> {
    const state = source.readiness();
    return json(200, { live: true, ...state, ...(await source.health()) });
  }
  async function scrape(): Promise<Answer> {
    // Loaded at the first scrape: a node that nobody scrapes never pays for it.
    metrics ??= import('./metrics.node.ts').then(({ createMetrics }) => createMetrics(source));
    const ready = await metrics;
    return { status: 200, type: ready.contentType, body: await ready.render() };
  }

  async function route(req: IncomingMessage): Promise<Answer> {
    if (req.method !== 'GET' && req.method !== 'HEAD') return text(405, 'only GET');
    const url = URL.parse(req.url ?? '/', 'http://localhost');
    switch (url?.pathname) {
      case '/livez':
        return text(200, 'live');
      case '/readyz':
        return readyz();
      case '/health':
        return health();
      case '/metrics':
        return scrape();
      default: {
        const answer =
          url !== null && rest !== undefined && url.pathname.startsWith('/rest/')
            ? await rest(url.pathname, url.searchParams)
            : undefined;
        return answer ?? text(404, `paths: /livez /readyz /health /metrics${rest === undefined ? '' : ' /rest/…'}`);
      }
    }
  }

  const server: Server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8192 },
    (req, res) => {
      req.resume();
      route(req)
        .catch((error: unknown) => {
          log.error({ err: error, path: req.url }, 'health listener failed');
          return text(500, 'internal error');
        })
        .then((answer) => send(res, answer, req.method === 'HEAD'))
        .catch(() => res.destroy());
    },
  );
  // A scraper and a probe or two; more connections are not health checks.
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: settings.bind, port: settings.port }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = settings.bind.includes(':') ? `[${settings.bind}]` : settings.bind;
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
