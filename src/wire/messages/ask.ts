import type { RuleCode } from '../../primitives/rules.ts';
import { DecodeError } from '../../util/codec.ts';
import { type Pause, type Steps, walkSteps } from '../../util/steps.ts';
import { ANSWER_BIT } from '../frame.ts';
import { type Hello, type PeerKey, PeerRequestError, type StreamName, type WireMessage } from '../peer.ts';
import type { MessageType } from './types.ts';

/** Sends one request to a peer and resolves with its answer; throws PeerRequestError (net's `request`). */
export type RequestPort = (
  peer: PeerKey,
  stream: StreamName,
  message: WireMessage,
  options?: { readonly timeoutMs?: number },
) => Promise<WireMessage>;

/** A connected peer as the drivers see it. */
export interface PeerView {
  readonly key: PeerKey;
  readonly hello: Hello;
}

/** What the drivers ask of the network; net's Network fits as it is. */
export interface PeerPorts {
  /** Peers that passed hello. */
  peers(): readonly PeerView[];
  request: RequestPort;
  /** Adds the rule's penalty to the peer's score. */
  penalize(peer: PeerKey, rule: RuleCode, detail: string): void;
}

/** One question: what is sent and how its answer is read. `decode` may throw DecodeError. */
export interface Question<A> {
  readonly stream: StreamName;
  readonly type: MessageType;
  readonly payload: Uint8Array;
  readonly decode: (payload: Uint8Array) => A;
  /** The same in steps, for answers that may be large. */
  readonly decodeInSteps?: (payload: Uint8Array) => Steps<A>;
  readonly timeoutMs: number;
}

/**
 * Asks and decodes, with the pauses that `pause` wants. An answer of another type or with bad bytes is a PeerRequestError
 * with reason 'malformed'.
 */
export async function ask<A>(
  net: Pick<PeerPorts, 'request'>,
  peer: PeerKey,
  question: Question<A>,
  pause?: Pause,
): Promise<A> {
  const { stream, type, payload, timeoutMs, decodeInSteps } = question;
  const answer = await net.request(peer, stream, { type, payload }, { timeoutMs });
  if (answer.type !== (type | ANSWER_BIT)) {
    throw new PeerRequestError(peer, 'malformed', `answer of type ${answer.type} to a request of type ${type}`);
  }
  try {
    if (decodeInSteps === undefined) return question.decode(answer.payload);
    return await walkSteps(decodeInSteps(answer.payload), pause);
  } catch (error) {
    if (error instanceof DecodeError) throw new PeerRequestError(peer, 'malformed', error.message);
    throw error;
  }
}

/**
 * The rule a failed request breaks: bad bytes are the peer's fault, error answers and lost connections are not. Silence
 * is judged by those who wait for more than one answer (sync's Patience).
 */
export function faultOf(error: PeerRequestError): RuleCode | undefined {
  return error.reason === 'malformed' ? 'malformed' : undefined;
}

/** Passes PeerRequestErrors on as values; any other throw is our own failure and stays one. */
export function requestErrorOf(error: unknown): PeerRequestError {
  if (error instanceof PeerRequestError) return error;
  throw error;
}
