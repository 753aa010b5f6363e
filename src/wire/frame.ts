import { DecodeError, decodeAll, Reader, Writer } from '../util/codec.ts';
import { MAX_MESSAGE_PAYLOAD, MESSAGE_HEADER_BYTES } from './limits.ts';
import { WIRE_ERRORS, type WireErrorCode, type WireMessage } from './peer.ts';
import { readText, toWireText, writeText } from './text.ts';

/** Answers set this bit of the request's type (protocol §A.3). */
export const ANSWER_BIT = 0x80;
/** The type of every error answer. */
export const ERROR_TYPE = 0xff;

/** A request or answer with the id that pairs them. */
export interface Envelope {
  readonly type: number;
  readonly requestId: number;
  readonly payload: Uint8Array;
}

/** True for types a request may have: 0 … 0x7e (0x7f would make its answer look like an error). */
export function isRequestType(type: number): boolean {
  return Number.isInteger(type) && type >= 0 && type < 0x7f;
}

/** True for types an answer may have: 0x80 … 0xff. */
export function isAnswerType(type: number): boolean {
  return (type & ANSWER_BIT) !== 0;
}

/** `type u8 ‖ reqId u32 ‖ payload`. Throws RangeError when the payload is above MAX_MESSAGE_PAYLOAD. */
export function encodeEnvelope(requestId: number, message: WireMessage): Uint8Array {
  const { type, payload } = message;
  if (payload.length > MAX_MESSAGE_PAYLOAD)
    throw new RangeError(`payload of ${payload.length} bytes is above ${MAX_MESSAGE_PAYLOAD}`);
  return new Writer(MESSAGE_HEADER_BYTES + payload.length).u8(type).u32(requestId).put(payload).finish();
}

/** The payload is a view on `frame`. Throws DecodeError. */
export function decodeEnvelope(frame: Uint8Array): Envelope {
  const r = new Reader(frame);
  const type = r.u8('type');
  const requestId = r.u32('request id');
  if (r.left > MAX_MESSAGE_PAYLOAD) throw new DecodeError(`payload of ${r.left} bytes is above ${MAX_MESSAGE_PAYLOAD}`);
  return { type, requestId, payload: r.take(r.left) };
}

/** An error answer: `code u8 ‖ text`. Characters the wire cannot carry are replaced. */
export function encodeError(code: WireErrorCode, text: string): WireMessage {
  const w = new Writer().u8(code);
  writeText(w, toWireText(text), 'error text');
  return { type: ERROR_TYPE, payload: w.finish() };
}

const CODES: ReadonlySet<number> = new Set(Object.values(WIRE_ERRORS));

/** Throws DecodeError on an unknown code, text above its limit or bytes left over. */
export function decodeError(payload: Uint8Array): { readonly code: WireErrorCode; readonly text: string } {
  return decodeAll(
    payload,
    (r) => {
      const code = r.u8('error code');
      if (!CODES.has(code)) throw new DecodeError(`error code ${code} is unknown`);
      return { code: code as WireErrorCode, text: readText(r, 'error text') };
    },
    'error answer',
  );
}
