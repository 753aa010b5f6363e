import type { ServerResponse } from 'node:http';

/** Larger answers go out in pieces, so that it shows whether the client takes them. */
const PIECE = 256 * 1024;

/**
 * Writes the body and ends the response. A client that takes not a single piece within `ms` (and up to twice that) is
 * dropped: answers must not stay in memory because nobody reads them. Answers of pipelined requests wait for those before
 * them without being counted.
 */
export function writeAnswer(res: ServerResponse, bytes: Uint8Array, ms: number): void {
  let at = 0;
  let seen = -1;
  const timer = setInterval(() => {
    if (res.socket === null) return;
    if (at === seen) res.destroy();
    seen = at;
  }, ms).unref();
  res.once('close', () => clearInterval(timer));
  const next = (): void => {
    while (bytes.length - at > PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      at += PIECE;
      if (!res.write(piece)) return void res.once('drain', next);
    }
    const rest = bytes.subarray(at);
    at = bytes.length;
    res.end(rest);
  };
  next();
}
