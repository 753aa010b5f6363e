import type { Stream } from '@libp2p/interface';
import * as varint from 'uint8-varint';
import { Uint8ArrayList } from 'uint8arraylist';
import type { Timers } from '../util/ports.ts';

/** The peer broke the framing: too long, cut off, or a length that is no varint. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Unread bytes at which the sender is told to wait. Below the 2 MiB at which libp2p would drop the stream. */
const HIGH_WATER = 512 * 1024;
/** A varint of MAX_FRAME_BYTES takes four bytes. */
const MAX_LENGTH_BYTES = 4;

/**
 * Reads frames `varint length ‖ bytes` from a libp2p stream with back-pressure that reaches the sender: the stream is
 * paused while more than HIGH_WATER bytes wait unread. One reader per stream, one `read` at a time.
 */
export class FrameReader {
  readonly #stream: Stream;
  readonly #maxFrame: number;
  readonly #frameTimeoutMs: number;
  readonly #timers: Timers;
  readonly #buffer = new Uint8ArrayList();
  #wake: (() => void) | undefined;
  #error: Error | undefined;
  #ended = false;
  #want = 1;
  #resuming = false;

  constructor(
    stream: Stream,
    options: { readonly maxFrame: number; readonly frameTimeoutMs: number; readonly timers: Timers },
  ) {
    this.#stream = stream;
    this.#maxFrame = options.maxFrame;
    this.#frameTimeoutMs = options.frameTimeoutMs;
    this.#timers = options.timers;
    stream.addEventListener('message', (event) => {
      this.#buffer.append(event.data);
      this.#maybePause();
      this.#wake?.();
    });
    // 'end', not 'remoteCloseWrite': the latter comes before the last bytes.
    stream.addEventListener('end', () => this.#finish());
    stream.addEventListener('close', (event) => {
      if (event.error !== undefined) this.#fail(event.error);
      else if (stream.readBufferLength === 0) this.#finish();
    });
    if (stream.readableEnded) this.#ended = true;
  }

  /** Bytes received and not yet read: what a slow consumer holds in memory. */
  get buffered(): number {
    return this.#buffer.byteLength;
  }

  /** The next frame, or undefined at a clean end. Throws FrameError on bad framing, the stream's error when it breaks. */
  async read(): Promise<Uint8Array | undefined> {
    if (!(await this.#need(1))) return undefined;
    const cancel = this.#timers.after(this.#frameTimeoutMs, () =>
      this.#fail(new FrameError(`frame not complete within ${this.#frameTimeoutMs} ms`)),
    );
    try {
      const [length, at] = await this.#length();
      if (length > this.#maxFrame) throw new FrameError(`frame of ${length} bytes is above ${this.#maxFrame}`);
      if (!(await this.#need(at + length))) throw new FrameError('stream ended inside a frame');
      const bytes = this.#buffer.subarray(at, at + length);
      this.#buffer.consume(at + length);
      // A plain array: chunks are Buffers, whose slice() would share memory where a copy is expected.
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } finally {
      cancel();
    }
  }

  /** All frames until the clean end: the source of a pipeline. */
  async *frames(): AsyncGenerator<Uint8Array> {
    for (let frame = await this.read(); frame !== undefined; frame = await this.read()) yield frame;
  }

  async #length(): Promise<readonly [length: number, bytes: number]> {
    let n = 1;
    while ((this.#buffer.get(n - 1) & 0x80) !== 0) {
      if (n >= MAX_LENGTH_BYTES) throw new FrameError('frame length is no varint below 2^28');
      if (!(await this.#need(++n))) throw new FrameError('stream ended inside a frame length');
    }
    return [varint.decode(this.#buffer.subarray(0, n)), n];
  }

  /** Waits until `n` bytes are there; false when the stream ended before. */
  async #need(n: number): Promise<boolean> {
    this.#want = n;
    while (this.#buffer.byteLength < n) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return false;
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#resume();
      if (this.#buffer.byteLength < n && !this.#ended && this.#error === undefined) await woken;
      this.#wake = undefined;
    }
    this.#want = 1;
    return true;
  }

  #resume(): void {
    if (this.#stream.readStatus !== 'paused') return;
    this.#resuming = true;
    try {
      this.#stream.resume();
    } finally {
      this.#resuming = false;
    }
    this.#maybePause();
  }

  /** Never while resume() hands out what was buffered (yamux would undo the pause), never while a read needs more. */
  #maybePause(): void {
    const full = this.#buffer.byteLength >= Math.max(HIGH_WATER, this.#want);
    if (full && !this.#resuming && this.#stream.readStatus === 'readable' && this.#stream.status === 'open')
      this.#stream.pause();
  }

  #finish(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#wake?.();
  }
}

/**
 * Sends one frame and resolves when the stream can take more. Rejects when the stream breaks, or stays full for
 * `timeoutMs` (the reader is too slow); the stream is then of no use.
 */
export async function writeFrame(stream: Stream, frame: Uint8Array, timers: Timers, timeoutMs: number): Promise<void> {
  if (stream.send(new Uint8ArrayList(varint.encode(frame.byteLength), frame))) return;
  if (stream.status !== 'open') throw new Error(`stream is ${stream.status}`); // send() may abort it at once
  // The 'drain' event: onDrain() resolves at once for ever after the first time.
  await new Promise<void>((resolve, reject) => {
    const onDrain = (): void => settle(resolve);
    const onClose = (): void => settle(() => reject(new Error(`stream is ${stream.status}`)));
    const cancel = timers.after(timeoutMs, () =>
      settle(() => reject(new Error(`peer took no data for ${timeoutMs} ms`))),
    );
    function settle(then: () => void): void {
      cancel();
      stream.removeEventListener('drain', onDrain);
      stream.removeEventListener('close', onClose);
      then();
    }
    stream.addEventListener('drain', onDrain);
    stream.addEventListener('close', onClose);
  });
}
