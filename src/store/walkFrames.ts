import type { BlockFile } from './blockFs.ts';
import { FRAME, FRAME_HEAD, type FrameForm, lengthInHead, MAX_PAYLOAD, openFrame } from './recordFrame.ts';

/** Read at once, so that small records do not cost a read each. */
const WINDOW = 1024 * 1024;

/** A record, or a stretch of bytes that is none. */
export type Frame =
  | { readonly offset: number; readonly payload: Uint8Array }
  | {
      readonly offset: number;
      /** Bytes until the next record. */
      readonly length: number;
      /** "has a wrong checksum" */
      readonly fault: string;
    };

/**
 * Every record of a file in [from, end), without knowing where they are. Behind a damaged one it goes on at the next frame
 * that is whole. Payloads are views, good until the next step.
 */
export async function* walkFrames(file: BlockFile, form: FrameForm, end: number, from = 0): AsyncGenerator<Frame> {
  const view = new FileWindow(file, end);
  for (let at = from; at < end; ) {
    const payload = await frameAt(view, at, form);
    if (payload instanceof Uint8Array) {
      yield { offset: at, payload };
      at += FRAME + payload.length;
      continue;
    }
    const next = await nextWhole(view, at, form);
    yield { offset: at, length: next - at, fault: payload.fault };
    at = next;
  }
}

async function frameAt(
  view: FileWindow,
  at: number,
  form: FrameForm,
): Promise<Uint8Array | { readonly fault: string }> {
  const head = await view.read(at, FRAME_HEAD);
  if (head.length < FRAME_HEAD) return { fault: 'is cut off' };
  const length = lengthInHead(head, form.magic);
  if (length !== undefined) return openFrame(await view.read(at, FRAME + length), length, form);
  const magicFits = form.magic.every((byte, i) => head[i] === byte);
  return { fault: magicFits ? `has a length above ${MAX_PAYLOAD}` : 'has a wrong network magic' };
}

/** Offset of the first whole frame after `at`, or the end. */
async function nextWhole(view: FileWindow, at: number, form: FrameForm): Promise<number> {
  const { magic } = form;
  for (let from = at + 1; from < view.end; ) {
    const bytes = await view.read(from, Math.min(WINDOW, view.end - from));
    const found = indexOf(bytes, magic);
    if (found < 0) {
      // The magic may lie across two windows.
      from += Math.max(1, bytes.length - magic.length + 1);
      continue;
    }
    if ((await frameAt(view, from + found, form)) instanceof Uint8Array) return from + found;
    from += found + 1;
  }
  return view.end;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const first = wanted[0] as number;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1))
    if (at + wanted.length <= bytes.length && wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  return -1;
}

/** Reads that mostly go forwards, out of one large read. */
class FileWindow {
  readonly end: number;
  readonly #file: BlockFile;
  #at = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(file: BlockFile, end: number) {
    this.#file = file;
    this.end = end;
  }

  /** Up to `size` bytes from `at`; fewer only at the end. A view. */
  async read(at: number, size: number): Promise<Uint8Array> {
    const wanted = Math.min(size, this.end - at);
    if (at < this.#at || at + wanted > this.#at + this.#bytes.length) {
      this.#bytes = await this.#file.read(at, Math.min(Math.max(wanted, WINDOW), this.end - at));
      this.#at = at;
    }
    return this.#bytes.subarray(at - this.#at, at - this.#at + wanted);
  }
}
