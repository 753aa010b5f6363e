import { targetOf } from '../../primitives/compact.ts';
import { BlockHeader, encodeHeader, type SealedHeader } from '../../primitives/header.ts';
import { assert } from '../../util/assert.ts';
import { EMPTY } from '../../util/bytes.ts';
import type { Author, HeaderTemplate, StopSignal } from '../engine.ts';

/** Finds nonces; worker threads stand behind it where blocks are mined in earnest. */
export interface NonceSearch {
  /**
   * Tries all 2^32 nonces of `header80` (80 bytes; the nonce in its last four is ignored) for a hash at or below
   * `target`. Resolves with the nonce and the header time it belongs to (the header's own unless the searcher raised
   * it), or undefined when stopped or when no nonce does.
   */
  search(
    header80: Uint8Array,
    target: bigint,
    stop: StopSignal,
  ): Promise<{ readonly nonce: number; readonly time: number } | undefined>;
}

/**
 * Author of proof-of-work headers. When all nonces of a second are used up, the time is raised by one, up to the
 * template's maxTime. Resolves with undefined when stopped, or when every time up to maxTime is used up.
 */
export function powAuthor(search: NonceSearch): Author<unknown> {
  return {
    async seal(template: HeaderTemplate, _s: unknown, stop: StopSignal): Promise<SealedHeader | undefined> {
      const target = targetOf(template.header.bits, (1n << 256n) - 1n);
      assert(target !== undefined, 'a template carries valid bits');
      for (let time = template.header.time; time <= template.maxTime && !stop.aborted; time++) {
        const attempt = encodeHeader({ ...fieldsOf(template.header), time });
        const found = await search.search(attempt, target, stop);
        if (found !== undefined) {
          const header = new BlockHeader({ ...fieldsOf(template.header), time: found.time, nonce: found.nonce });
          return { header, seal: EMPTY };
        }
      }
      return undefined;
    },
  };
}

/** The six fields, without the header's cached hash. */
function fieldsOf(h: BlockHeader) {
  const { version, prevHash, merkleRoot, time, bits, nonce } = h;
  return { version, prevHash, merkleRoot, time, bits, nonce };
}
