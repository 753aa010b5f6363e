import { DecodeError } from '../../util/codec.ts';
import { ANSWER_BIT } from '../../wire/frame.ts';
import type { PeerPorts } from '../../wire/messages/ask.ts';
import { type PeerKey, WIRE_ERRORS, type WireMessage, WireRefusal } from '../../wire/peer.ts';

/** Answers one request's payload; throws WireRefusal or DecodeError. */
export type Answerer = (from: PeerKey, payload: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Answers requests on a stream (net's `serve`). */
export type RequestHandler = (from: PeerKey, message: WireMessage) => Promise<WireMessage>;

/** Calls the answerer of the request's type. Bad bytes are BAD_REQUEST and the sender's fault, other types NOT_SERVED. */
export function dispatch(answerers: ReadonlyMap<number, Answerer>, net: Pick<PeerPorts, 'penalize'>): RequestHandler {
  return async (from, { type, payload }) => {
    const answerer = answerers.get(type);
    if (answerer === undefined) throw new WireRefusal(WIRE_ERRORS.NOT_SERVED, `type ${type} is not served here`);
    try {
      return { type: type | ANSWER_BIT, payload: await answerer(from, payload) };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      net.penalize(from, 'malformed', `request of type ${type}: ${error.message}`);
      throw new WireRefusal(WIRE_ERRORS.BAD_REQUEST, error.message);
    }
  };
}
