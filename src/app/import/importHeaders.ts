import type { HeaderChainWriter } from '../../chain/chain.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import { decodeHeader, HEADER_SIZE } from '../../primitives/header.ts';
import { type Broken, broken } from '../../primitives/rules.ts';
import { EMPTY } from '../../util/bytes.ts';
import type { ByteSource } from './byteSource.ts';

/** Headers handed over at once, as a peer would send them. */
const RUN = 2000;

export interface HeadersResult {
  /** Read from the source, and of them new to the chain. */
  readonly read: number;
  readonly added: number;
  /** Last header that was accepted. */
  readonly last: HeaderEntry | undefined;
  readonly stopped: boolean;
  /** The first header refused, where the reading ended. `block`: its hash as displayed. */
  readonly refused: { readonly offset: number; readonly block: string | undefined; readonly fault: Broken } | undefined;
}

/** Hands concatenated 80-byte headers to a header chain, up to the first that it refuses. */
export async function importHeaders(
  source: ByteSource,
  chain: HeaderChainWriter,
  hooks: { readonly stopped: () => boolean; readonly progress: (read: number) => void },
): Promise<HeadersResult> {
  let read = 0;
  let added = 0;
  let last: HeaderEntry | undefined;
  if (source.size === 0) {
    // What holds nothing proves nothing: an empty download is not a valid chain.
    const refused = { offset: 0, block: undefined, fault: broken('malformed', 'the file is empty') };
    return { read, added, last, stopped: false, refused };
  }
  for (let at = 0; at < source.size; at += RUN * HEADER_SIZE) {
    if (hooks.stopped()) return { read, added, last, stopped: true, refused: undefined };
    const bytes = await source.read(at, RUN * HEADER_SIZE);
    const count = Math.floor(bytes.length / HEADER_SIZE);
    const headers = Array.from({ length: count }, (_, i) => ({
      header: decodeHeader(bytes.subarray(i * HEADER_SIZE, (i + 1) * HEADER_SIZE)),
      seal: EMPTY,
    }));
    const outcome = await chain.acceptHeaders(headers);
    added += outcome.added.length;
    last = outcome.last ?? last;
    if (outcome.error !== undefined) {
      const lastKey = outcome.last?.header.key;
      const bad = lastKey === undefined ? 0 : headers.findIndex(({ header }) => header.key === lastKey) + 1;
      const offset = at + bad * HEADER_SIZE;
      const refused = { offset, block: headers[bad]?.header.id, fault: outcome.error };
      return { read: read + bad, added, last, stopped: false, refused };
    }
    read += count;
    hooks.progress(read);
    const rest = bytes.length - count * HEADER_SIZE;
    if (rest > 0) {
      const fault = broken('malformed', `${rest} bytes at the end are no header of ${HEADER_SIZE}`);
      const refused = { offset: at + count * HEADER_SIZE, block: undefined, fault };
      return { read, added, last, stopped: false, refused };
    }
  }
  return { read, added, last, stopped: false, refused: undefined };
}
