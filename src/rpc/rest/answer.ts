import { type Hash256, parseHash } from '../../primitives/hash.ts';
import { isHex, toHex } from '../../util/hex.ts';
import { type Json, writeJson } from '../json.ts';
import type { CallContext, With } from '../spec.ts';

/** An answer of the REST interface (Bitcoin Core's /rest/…). */
export interface RestAnswer {
  readonly status: number;
  readonly type: 'application/json' | 'text/plain' | 'application/octet-stream';
  readonly body: string | Uint8Array;
}

/** What a request gives besides its path; URLSearchParams fits. */
export interface RestQuery {
  get(name: string): string | null;
}

/** Answers GET /rest/…; undefined when there is no such path. */
export type RestHandler = (path: string, query: RestQuery) => Promise<RestAnswer | undefined>;

/** What an endpoint is given: the path after its prefix without the format, the format, the query and the node. */
export interface RestRequest {
  readonly param: string;
  readonly format: RestFormat | undefined;
  readonly query: RestQuery;
  readonly context: CallContext<With<'blocks'>>;
}

export type RestEndpoint = (request: RestRequest) => Promise<RestAnswer>;

const FORMATS = ['bin', 'hex', 'json'] as const;
export type RestFormat = (typeof FORMATS)[number];

/** A request that is refused, with the status and text of Bitcoin Core. */
export class RestRefusal extends Error {
  override readonly name = 'RestRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const badRequest = (message: string): RestRefusal => new RestRefusal(400, message);
export const missing = (message: string): RestRefusal => new RestRefusal(404, message);

/** "abc.json" as "abc" and "json"; what has no known format stays whole (ParseDataFormat). */
export function splitFormat(text: string): { readonly param: string; readonly format: RestFormat | undefined } {
  const dot = text.lastIndexOf('.');
  const format = FORMATS.find((one) => one === text.slice(dot + 1));
  return dot < 0 || format === undefined ? { param: text, format: undefined } : { param: text.slice(0, dot), format };
}

/** A displayed hash of the path. 400 "Invalid hash: …". */
export function restHash(text: string): Hash256 {
  if (text.length !== 64 || !isHex(text)) throw badRequest(`Invalid hash: ${text}`);
  return parseHash(text);
}

/** The same thing in the formats an endpoint has. */
export interface Forms {
  readonly bin?: () => Promise<Uint8Array> | Uint8Array;
  /** Default: the bytes of `bin` as hex digits. */
  readonly hex?: () => Promise<string> | string;
  readonly json: () => Promise<Json | undefined> | Json | undefined;
}

/** Answers in the format asked for; 404 "output format not found (available: …)" for another. */
export async function inFormat(format: RestFormat | undefined, forms: Forms): Promise<RestAnswer> {
  const { bin, hex, json } = forms;
  if (format === 'json') {
    return { status: 200, type: 'application/json', body: `${writeJson((await json()) ?? null)}\n` };
  }
  if (bin === undefined) throw missing('output format not found (available: json)');
  if (format === 'bin') return { status: 200, type: 'application/octet-stream', body: await bin() };
  if (format === 'hex') {
    return { status: 200, type: 'text/plain', body: `${hex === undefined ? toHex(await bin()) : await hex()}\n` };
  }
  throw missing(`output format not found (available: ${FORMATS.map((one) => `.${one}`).join(', ')})`);
}
