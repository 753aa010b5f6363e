import type { IncomingMessage } from 'node:http';

/** Bytes of request bodies held in memory by all requests together. */
export class BodyBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

export type Body =
  /** text is undefined when the bytes are not UTF-8. `release` gives the memory back to the budget. */
  | { readonly kind: 'read'; readonly text: string | undefined; release(): void }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'busy' }
  /** The client went away. */
  | { readonly kind: 'gone' };

function toText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Reads a request's body, never holding more than `max` bytes of it nor more than the budget has left. */
export function readBody(req: IncomingMessage, max: number, budget: BodyBudget): Promise<Body> {
  if (Number(req.headers['content-length'] ?? 0) > max) return Promise.resolve({ kind: 'too-large' });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let over = false;
    const settle = (body: Body): void => {
      if (over) return;
      over = true;
      if (body.kind !== 'read') {
        budget.give(length);
        req.removeAllListeners('data');
        req.pause();
      }
      resolve(body);
    };
    req.on('data', (chunk: Buffer) => {
      if (over) return;
      if (length + chunk.length > max) return settle({ kind: 'too-large' });
      if (!budget.take(chunk.length)) return settle({ kind: 'busy' });
      length += chunk.length;
      chunks.push(chunk);
    });
    req.once('end', () =>
      settle({ kind: 'read', text: toText(Buffer.concat(chunks)), release: () => budget.give(length) }),
    );
    req.once('close', () => settle({ kind: 'gone' }));
    req.once('error', () => settle({ kind: 'gone' }));
  });
}
