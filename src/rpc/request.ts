import { RPC, RpcError } from './errors.ts';
import { type Json, type JsonObject, typeName } from './json.ts';

/** "2.0", or everything older, in which result and error are both present. */
export type Dialect = '1' | '2.0';

/** A request object as read. With `error` it cannot run; `id` is undefined when there was none. */
export type Call = { readonly dialect: Dialect; readonly id: Json | undefined } & (
  | { readonly error: RpcError }
  | { readonly error: undefined; readonly method: string; readonly params: readonly Json[] | JsonObject | null }
);

const invalid = (message: string): RpcError => new RpcError(RPC.INVALID_REQUEST, message);

/** Reads one request object with Bitcoin Core's checks in its order (JSONRPCRequest::parse). */
export function readCall(request: Json): Call {
  if (typeName(request) !== 'object') return { dialect: '1', id: null, error: invalid('Invalid Request object') };
  const object = request as JsonObject;
  const id = Object.hasOwn(object, 'id') ? object.id : undefined;
  const version = Object.hasOwn(object, 'jsonrpc') ? (object.jsonrpc ?? null) : null;
  let dialect: Dialect = '1';
  if (version !== null) {
    if (typeof version !== 'string') return { dialect, id, error: invalid('jsonrpc field must be a string') };
    if (version === '2.0') dialect = '2.0';
    else if (version !== '1.0' && version !== '1.1') {
      return { dialect, id, error: invalid('JSON-RPC version not supported') };
    }
  }
  const method = Object.hasOwn(object, 'method') ? (object.method ?? null) : null;
  if (method === null) return { dialect, id: id ?? null, error: invalid('Missing method') };
  if (typeof method !== 'string') return { dialect, id: id ?? null, error: invalid('Method must be a string') };
  const params = Object.hasOwn(object, 'params') ? (object.params ?? null) : null;
  const type = typeName(params);
  if (type !== 'null' && type !== 'array' && type !== 'object') {
    return { dialect, id: id ?? null, error: invalid('Params must be an array or object') };
  }
  return { dialect, id, error: undefined, method, params: params as readonly Json[] | JsonObject | null };
}
