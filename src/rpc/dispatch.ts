import type { Clock, Logger } from '../util/ports.ts';
import type { Backend } from './backend.ts';
import { bindArgs } from './bind.ts';
import { RPC, RpcError } from './errors.ts';
import { type Json, type JsonObject, RawJson, writeJson } from './json.ts';
import { allMethods } from './methods/all.ts';
import { createRegistry, type Registry } from './registry.ts';
import { type Call, type Dialect, readCall } from './request.ts';
import { Slots } from './slots.ts';
import type { CallContext } from './spec.ts';

/** Calls that run at the same time; more wait. Bounds the blocks and answers held in memory at once. */
const RUNNING_CALLS = 32;
/** Members of a batch run before others get a turn. */
const BATCH_TURN = 32;
/** Characters of all answers of a batch: V8 has no strings of more than 2^29, and memory is finite. */
const MAX_BATCH_ANSWER = 128 * 1024 * 1024;

/** Subscribes to the caller's going away; returns the end of it. */
export type OnGone = (listener: () => void) => () => void;

const TOO_MUCH = new RpcError(RPC.OUT_OF_MEMORY, 'The batch has too long an answer: this call was not made');

/** What a request came to. `errorCode` is set when a single call of the old dialect failed: HTTP shows it in its status. */
export type Outcome =
  | { readonly kind: 'answer'; readonly body: Json; readonly errorCode?: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'forbidden'; readonly method: string };

/** An answer object: 2.0 has result or error, the old dialect both (one null) and the id only when there was one. */
function reply(
  dialect: Dialect,
  id: Json | undefined,
  result: Json | undefined,
  error: RpcError | undefined,
): JsonObject {
  const value = error === undefined ? { result: result ?? null } : { error: error.toJson() };
  if (dialect === '2.0') return { jsonrpc: '2.0', ...value, id };
  return { result: null, error: null, ...value, id };
}

/** Answers that make no sense of the request at all: old dialect, id null (Bitcoin Core). */
function unreadable(error: RpcError): Outcome {
  return { kind: 'answer', body: reply('1', null, undefined, error), errorCode: error.code };
}

export interface DispatcherParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves after other work had a turn. */
  readonly yieldTurn: () => Promise<void>;
  /** Smaller in tests. */
  readonly maxBatchAnswer?: number;
}

/** Takes parsed requests, runs methods, gives answers back. Knows nothing of HTTP. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #maxBatchAnswer: number;
  readonly #slots = new Slots(RUNNING_CALLS);
  readonly #active = new Set<{ readonly method: string; readonly sinceMs: number }>();
  readonly #endListeners = new Set<() => void>();
  #stopped = false;
  #warmup = 'RPC server started';
  #ready: CallContext | undefined;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#maxBatchAnswer = parts.maxBatchAnswer ?? MAX_BATCH_ANSWER;
  }

  /** What callers are told (-28) until `ready`, and after `close`. */
  setWarmup(message: string): void {
    this.#warmup = message;
  }

  /** From now on methods run. */
  ready(backend: Backend): Registry {
    const registry = createRegistry(allMethods, backend);
    this.#ready = { backend, registry, onEnd: this.#onEnd(undefined), active: () => [...this.#active] };
    return registry;
  }

  /** From now on callers are told `message` (-28) again; calls under way go on, waiting methods return at once. */
  close(message: string): void {
    this.#ready = undefined;
    this.#warmup = message;
    this.stop();
  }

  /** Waiting methods return at once. */
  stop(): void {
    this.#stopped = true;
    for (const listener of [...this.#endListeners]) listener();
  }

  #onEnd(onGone: OnGone | undefined): CallContext['onEnd'] {
    return (listener) => {
      if (this.#stopped) listener();
      this.#endListeners.add(listener);
      const unlisten = onGone?.(listener);
      return () => {
        this.#endListeners.delete(listener);
        unlisten?.();
      };
    };
  }

  #context(): CallContext {
    if (this.#ready === undefined) throw new RpcError(RPC.IN_WARMUP, this.#warmup);
    return this.#ready;
  }

  /** Runs `job` in one of the places for running calls: for interfaces other than JSON-RPC. Throws -28 until ready. */
  async use<T>(job: (context: CallContext) => Promise<T>): Promise<T> {
    const context = this.#context();
    return await this.#slots.run(() => job(context));
  }

  /** Runs one method. Throws RpcError. */
  async call(method: string, params: readonly Json[] | JsonObject | null, onGone?: OnGone): Promise<Json> {
    const context = this.#context();
    const spec = context.registry.find(method);
    if (spec === undefined) throw notOffered(context.registry, method);
    const args = bindArgs(spec, params);
    const entry = { method, sinceMs: this.#parts.clock.monotonicMs() };
    this.#active.add(entry);
    try {
      const run = () => spec.run(args, onGone === undefined ? context : { ...context, onEnd: this.#onEnd(onGone) });
      return (await (spec.waits === true ? run() : this.#slots.run(run))) ?? null;
    } catch (error) {
      if (error instanceof RpcError) throw error;
      this.#parts.log.error({ method, err: error }, 'rpc method failed');
      const what = error instanceof Error ? error.message : String(error);
      throw new RpcError(RPC.INTERNAL_ERROR, `Internal error: ${what}`);
    } finally {
      this.#active.delete(entry);
    }
  }

  /** The answer to a whole request body. `allows`: may the user call a method; `onGone`: tells when the caller went away. */
  async handle(
    request: Json | undefined,
    allows: (method: string) => boolean = () => true,
    onGone?: OnGone,
  ): Promise<Outcome> {
    if (request === undefined) return unreadable(new RpcError(RPC.PARSE_ERROR, 'Parse error'));
    if (Array.isArray(request)) return this.#batch(request, allows, onGone);
    if (request === null || typeof request !== 'object') {
      return unreadable(new RpcError(RPC.PARSE_ERROR, 'Top-level object parse error'));
    }
    const call = readCall(request);
    if (call.error === undefined && !allows(call.method)) return { kind: 'forbidden', method: call.method };
    const { body, error } = await this.#answer(call, onGone);
    if (body === undefined) return { kind: 'nothing' };
    return error === undefined || call.dialect === '2.0'
      ? { kind: 'answer', body }
      : { kind: 'answer', body, errorCode: error.code };
  }

  async #batch(
    members: readonly Json[],
    allows: (method: string) => boolean,
    onGone: OnGone | undefined,
  ): Promise<Outcome> {
    for (const member of members) {
      const method = (member as { method?: unknown } | null)?.method;
      if (typeof method === 'string' && !allows(method)) return { kind: 'forbidden', method };
    }
    const answers: Json[] = [];
    let length = 0;
    for (const [at, member] of members.entries()) {
      if (at % BATCH_TURN === BATCH_TURN - 1) await this.#parts.yieldTurn();
      const call = readCall(member);
      const { body } = await this.#answer(length < this.#maxBatchAnswer ? call : { ...call, error: TOO_MUCH }, onGone);
      if (body === undefined) continue;
      const text = writeJson(body);
      length += text.length;
      answers.push(new RawJson(text));
    }
    // `[]` gives `[]`; a batch of notifications only gives nothing.
    return answers.length === 0 && members.length > 0 ? { kind: 'nothing' } : { kind: 'answer', body: answers };
  }

  /** Runs a call; `body` is undefined for notifications. */
  async #answer(
    call: Call,
    onGone: OnGone | undefined,
  ): Promise<{ readonly body: JsonObject | undefined; readonly error?: RpcError }> {
    if (call.error !== undefined)
      return { body: reply(call.dialect, call.id, undefined, call.error), error: call.error };
    const quiet = call.dialect === '2.0' && call.id === undefined;
    try {
      const result = await this.call(call.method, call.params, onGone);
      return { body: quiet ? undefined : reply(call.dialect, call.id, result, undefined) };
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      return { body: quiet ? undefined : reply(call.dialect, call.id, undefined, error), error };
    }
  }
}

/** -32601, with the reason when another role would have the method. */
function notOffered(registry: Registry, method: string): RpcError {
  const missing = registry.missing(method);
  const why =
    missing === undefined || missing.length === 0
      ? ''
      : ` (${method} is not available on this node: it has no ${missing.join(', ')})`;
  return new RpcError(RPC.METHOD_NOT_FOUND, `Method not found${why}`);
}
