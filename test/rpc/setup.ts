import assert from 'node:assert/strict';
import type { Backend } from '../../src/rpc/backend.ts';
import { Dispatcher, type DispatcherParts } from '../../src/rpc/dispatch.ts';
import { RpcError } from '../../src/rpc/errors.ts';
import { type Json, type JsonObject, writeJson } from '../../src/rpc/json.ts';
import { silentLogger } from '../../src/util/ports.ts';

export function makeDispatcher(backend?: Backend, more: Partial<DispatcherParts> = {}): Dispatcher {
  const dispatcher = new Dispatcher({
    clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
    log: silentLogger,
    yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
    ...more,
  });
  if (backend !== undefined) dispatcher.ready(backend);
  return dispatcher;
}

// biome-ignore lint/suspicious/noExplicitAny: the answer of any method, as a client without types reads it
export type Loose = any;

/** Calls a method and gives the answer as a client reads it. */
export type Caller = (method: string, ...params: Json[]) => Promise<Loose>;

export function caller(backend: Backend): Caller {
  const dispatcher = makeDispatcher(backend);
  return async (method, ...params) => JSON.parse(writeJson(await dispatcher.call(method, params)));
}

/** The call must fail with this code and message. */
export async function fails(promise: Promise<unknown>, code: number, message: string | RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof RpcError, String(error));
    assert.equal(error.code, code, error.message);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });
}

/** Handles a request object and gives status-relevant parts with the body as a client reads it. */
export async function answerOf(
  dispatcher: Dispatcher,
  request: Json | undefined,
): Promise<{ kind: string; body: Loose; errorCode: number | undefined }> {
  const outcome = await dispatcher.handle(request);
  if (outcome.kind !== 'answer') return { kind: outcome.kind, body: undefined, errorCode: undefined };
  return { kind: 'answer', body: JSON.parse(writeJson(outcome.body)), errorCode: outcome.errorCode };
}

export type { Json, JsonObject };
