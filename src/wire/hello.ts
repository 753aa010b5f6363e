import { DecodeError, decodeAll, type Reader, Writer } from '../util/codec.ts';
import { MAX_HELLO_BYTES } from './limits.ts';
import type { Hello, Refusal } from './peer.ts';
import { readText, toWireText, writeText } from './text.ts';

/**
 * The exchange on the hello stream (protocol §1.1): the dialler sends `hello`; the listener answers `hello` or `refuse`; the
 * dialler ends with `accept` or `refuse`. Integers little-endian.
 */
export type HelloMessage =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'accept' }
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly detail: string };

const KIND = { hello: 1, accept: 2, refuse: 3 } as const;

/** Numbers on the wire are never reused. */
const REFUSAL_CODES: Readonly<Record<Refusal, number>> = {
  'wrong-chain': 1,
  'wrong-group': 2,
  'wrong-version': 3,
  self: 4,
  'too-many-peers': 5,
  banned: 6,
  malformed: 7,
};

const REFUSALS: ReadonlyMap<number, Refusal> = new Map(
  Object.entries(REFUSAL_CODES).map(([name, code]) => [code, name as Refusal]),
);

/** Clocks beyond this (year 9999) are nonsense, and would not be a safe integer everywhere. */
const MAX_TIME_MS = 253_402_300_800_000n;

function writeHello(w: Writer, h: Hello): void {
  w.u16(h.minVersion).u16(h.maxVersion).put(h.chainId);
  writeText(w, h.group, 'group');
  writeText(w, h.role, 'role');
  w.u32(h.services);
  writeText(w, h.userAgent, 'user agent');
  w.u32(h.height).put(h.bestHash);
  for (let i = 0n; i < 256n; i += 64n) w.u64(BigInt.asUintN(64, h.chainWork >> i));
  w.u64(BigInt(h.timeMs));
}

function readHello(r: Reader): Hello {
  const minVersion = r.u16('min version');
  const maxVersion = r.u16('max version');
  if (minVersion > maxVersion) throw new DecodeError(`versions ${minVersion} to ${maxVersion} are reversed`);
  const chainId = r.take(32, 'chain id').slice();
  const group = readText(r, 'group');
  const role = readText(r, 'role');
  const services = r.u32('services');
  const userAgent = readText(r, 'user agent');
  const height = r.u32('height');
  const bestHash = r.take(32, 'best hash').slice();
  let chainWork = 0n;
  for (let i = 0n; i < 256n; i += 64n) chainWork |= r.u64('chain work') << i;
  const time = r.u64('time');
  if (time > MAX_TIME_MS) throw new DecodeError(`time ${time} is out of range`);
  const timeMs = Number(time);
  return {
    minVersion,
    maxVersion,
    chainId,
    group,
    role,
    services,
    userAgent,
    height,
    bestHash,
    chainWork,
    timeMs,
  };
}

/** Bytes of one message of the exchange. Throws RangeError when one of our own fields cannot be carried. */
export function encodeHelloMessage(message: HelloMessage): Uint8Array {
  const w = new Writer(512).u8(KIND[message.kind]);
  if (message.kind === 'hello') writeHello(w, message.hello);
  else if (message.kind === 'refuse') {
    w.u8(REFUSAL_CODES[message.refusal]);
    writeText(w, toWireText(message.detail), 'detail');
  }
  return w.finish();
}

/** Throws DecodeError on anything that encodeHelloMessage does not produce. */
export function decodeHelloMessage(bytes: Uint8Array): HelloMessage {
  if (bytes.length > MAX_HELLO_BYTES)
    throw new DecodeError(`hello of ${bytes.length} bytes is above ${MAX_HELLO_BYTES}`);
  return decodeAll(bytes, readMessage, 'hello');
}

function readMessage(r: Reader): HelloMessage {
  const kind = r.u8('kind');
  if (kind === KIND.hello) return { kind: 'hello', hello: readHello(r) };
  if (kind === KIND.accept) return { kind: 'accept' };
  if (kind !== KIND.refuse) throw new DecodeError(`hello message of unknown kind ${kind}`);
  const code = r.u8('refusal');
  const refusal = REFUSALS.get(code);
  if (refusal === undefined) throw new DecodeError(`refusal code ${code} is unknown`);
  return { kind: 'refuse', refusal, detail: readText(r, 'detail') };
}
