import { request } from 'node:http';
import { EXIT, ExitError } from '../exit.ts';

/** Where and as whom to call. */
export interface RpcTarget {
  readonly url: string;
  /** "user:password" */
  readonly auth: string | undefined;
}

/** The node answered with an error. */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** RPC_IN_WARMUP of Bitcoin Core: listening, not ready yet. */
export const RPC_WARMUP = -28;
/** Answers are bounded by what a person or a supervisor asks for; a block as JSON may be tens of megabytes. */
const MAX_ANSWER = 512 << 20;

interface Reply {
  readonly status: number;
  readonly text: string;
}

function post(target: RpcTarget, body: string, timeoutMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    };
    if (target.auth !== undefined) headers.authorization = `Basic ${Buffer.from(target.auth).toString('base64')}`;
    const req = request(target.url, { method: 'POST', headers, timeout: timeoutMs }, (res) => {
      const chunks: Buffer[] = [];
      let size = 0;
      res.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER) req.destroy(new Error(`answer of more than ${MAX_ANSWER} bytes`));
        else chunks.push(chunk);
      });
      res.on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
    });
    req.on('timeout', () => req.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    req.on('error', reject);
    req.end(body);
  });
}

/** Keeps numbers as they were written (amounts have 8 decimals, `0.00001000`): JSON.stringify prints them unchanged. */
function parseExact(text: string): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  return JSON.parse(text, ((_key: string, value: unknown, context: { source: string }) =>
    typeof value === 'number' ? rawJSON(context.source) : value) as (key: string, value: unknown) => unknown);
}

/**
 * Calls a method. `params` is an array, or an object for named arguments. Throws RpcFailure with the node's error, and
 * ExitError (69) when nobody answers. With `exact` numbers come back as raw JSON for printing.
 */
export async function callRpc(
  target: RpcTarget,
  method: string,
  params: readonly unknown[] | Readonly<Record<string, unknown>> = [],
  options: { readonly timeoutMs?: number; readonly exact?: boolean } = {},
): Promise<unknown> {
  let reply: Reply;
  try {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    reply = await post(target, body, options.timeoutMs ?? 900_000);
  } catch (error) {
    throw new ExitError(EXIT.unavailable, `no node answers at ${target.url}: ${(error as Error).message}`, {
      next: 'cairn start',
      cause: error,
    });
  }
  if (reply.status === 401 || reply.status === 403) {
    throw new ExitError(EXIT.config, `${target.url} refused the user (HTTP ${reply.status})`, {
      next: 'give --datadir of the running node, or --user NAME:PASSWORD',
    });
  }
  let answer: { result?: unknown; error?: { code: number; message: string } | null };
  try {
    answer = (options.exact === true ? parseExact(reply.text) : JSON.parse(reply.text)) as typeof answer;
  } catch {
    throw new ExitError(EXIT.unavailable, `${target.url} answers HTTP ${reply.status} without JSON: is it a node?`);
  }
  if (answer.error !== undefined && answer.error !== null) {
    const { code, message } = JSON.parse(JSON.stringify(answer.error)) as { code: number; message: string };
    throw new RpcFailure(code, message);
  }
  return answer.result;
}
