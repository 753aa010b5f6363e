import { request } from 'node:http';

/** What a JSON-RPC call ended with: HTTP status, headers and parsed body. */
export interface RpcAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
  readonly text: string;
}

/** POSTs bytes to a JSON-RPC port and returns the raw answer. */
export function postRaw(
  port: number,
  body: string | Uint8Array,
  options: { readonly auth?: string; readonly host?: string; readonly path?: string; readonly method?: string } = {},
): Promise<RpcAnswer> {
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: options.host ?? '127.0.0.1',
        port,
        method: options.method ?? 'POST',
        path: options.path ?? '/',
        agent: false,
        timeout: 60_000,
        headers: {
          'content-type': 'application/json',
          ...(options.auth === undefined
            ? {}
            : { authorization: `Basic ${Buffer.from(options.auth).toString('base64')}` }),
        },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (c: Buffer) => chunks.push(c));
        res.on('error', reject);
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          let parsed: unknown;
          try {
            parsed = JSON.parse(text);
          } catch {
            parsed = undefined;
          }
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body: parsed, text });
        });
      },
    );
    req.on('timeout', () => req.destroy(new Error('RPC call timed out after 60 s')));
    req.on('error', reject);
    req.end(body);
  });
}

export class RpcFailure extends Error {
  readonly code: number;
  readonly status: number;

  constructor(method: string, code: number, message: string, status: number) {
    super(`${method}: ${message} (code ${code})`);
    this.code = code;
    this.status = status;
  }
}
