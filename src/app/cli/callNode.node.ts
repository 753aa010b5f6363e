import { type CallOptions, type Credentials, RpcCallError, RpcClient, RpcUnreachable } from '../../rpc/client.node.ts';
import { RPC } from '../../rpc/errors.ts';
import type { Json, JsonObject } from '../../rpc/json.ts';
import { EXIT, ExitError } from '../exit.ts';

/** Where and as whom to call. */
export interface RpcTarget {
  readonly url: string;
  /** "user:password" */
  readonly auth: string | undefined;
}

function credentialsOf(auth: string): Credentials {
  const [user = '', ...password] = auth.split(':');
  return { user, password: password.join(':') };
}

/** A node that cannot be asked, with exit code and the next command to try. */
function exitError(error: RpcUnreachable): ExitError {
  const refusedUser = error.reason === 'credentials' || error.reason === 'forbidden';
  return refusedUser
    ? new ExitError(EXIT.config, error.message, {
        next: 'give --datadir of the running node, or --user NAME:PASSWORD',
        cause: error,
      })
    : new ExitError(EXIT.unavailable, error.message, { next: 'cairn start', cause: error });
}

/** What a node is busy with that answered error -28: it starts or stops. Undefined for every other failure. */
export function warmupOf(error: unknown): string | undefined {
  return error instanceof RpcCallError && error.code === RPC.IN_WARMUP ? error.message : undefined;
}

/**
 * Calls a method of a node once. Throws RpcCallError with the node's error, and ExitError when it cannot be asked: 78 when
 * it refuses the user, else 69.
 */
export async function callNode(
  target: RpcTarget,
  method: string,
  params: readonly unknown[] | Readonly<Record<string, unknown>> = [],
  options: CallOptions & { readonly timeoutMs?: number } = {},
): Promise<unknown> {
  const { timeoutMs, ...more } = options;
  const client = new RpcClient({
    url: target.url,
    credentials: target.auth === undefined ? undefined : credentialsOf(target.auth),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  try {
    return await client.call(method, params as readonly Json[] | JsonObject, more);
  } catch (error) {
    throw error instanceof RpcUnreachable ? exitError(error) : error;
  } finally {
    client.close();
  }
}
