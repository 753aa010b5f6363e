import { type Json, type JsonObject, typeName } from './json.ts';

/** Error codes of JSON-RPC 2.0 and Bitcoin Core (src/rpc/protocol.h). */
export const RPC = {
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INTERNAL_ERROR: -32603,
  PARSE_ERROR: -32700,
  MISC_ERROR: -1,
  TYPE_ERROR: -3,
  INVALID_ADDRESS_OR_KEY: -5,
  OUT_OF_MEMORY: -7,
  INVALID_PARAMETER: -8,
  CLIENT_NOT_CONNECTED: -9,
  CLIENT_IN_INITIAL_DOWNLOAD: -10,
  DATABASE_ERROR: -20,
  DESERIALIZATION_ERROR: -22,
  CLIENT_NODE_ALREADY_ADDED: -23,
  CLIENT_NODE_NOT_ADDED: -24,
  VERIFY_ERROR: -25,
  VERIFY_REJECTED: -26,
  VERIFY_ALREADY_IN_CHAIN: -27,
  IN_WARMUP: -28,
  CLIENT_NODE_NOT_CONNECTED: -29,
  CLIENT_INVALID_IP_OR_SUBNET: -30,
} as const;

/** An error answer. Thrown by methods and argument checks; anything else that is thrown is our own failure (-32603). */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }

  toJson(): JsonObject {
    return { code: this.code, message: this.message };
  }
}

/** "-3 JSON value of type X is not of expected type Y" (Bitcoin Core UniValue::type_error). */
export function typeError(value: Json | undefined, expected: string): RpcError {
  return new RpcError(RPC.TYPE_ERROR, `JSON value of type ${typeName(value)} is not of expected type ${expected}`);
}

export function invalidParameter(message: string): RpcError {
  return new RpcError(RPC.INVALID_PARAMETER, message);
}

export function notFound(message: string): RpcError {
  return new RpcError(RPC.INVALID_ADDRESS_OR_KEY, message);
}

export function decodeFailed(message: string): RpcError {
  return new RpcError(RPC.DESERIALIZATION_ERROR, message);
}
