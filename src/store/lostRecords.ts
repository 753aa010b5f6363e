import type { FilePosition, StoredHeader } from '../chain/ports.ts';
import type { Kv } from '../util/ports.ts';
import type { FileEnds } from './fileEndsCodec.ts';
import { headerOps, readHeaders } from './headerStore.ts';
import type { FileEnd } from './recordFiles.ts';

/** Headers rewritten in one batch. */
const CHUNK = 5000;

function isLost(at: FilePosition | undefined, end: FileEnd): boolean {
  return at !== undefined && (at.file > end.file || (at.file === end.file && at.offset >= end.offset));
}

/** The header without what was lost: without its body nothing is known of the block, without undo it was not connected. */
function without({ body, undo, ...rest }: StoredHeader, ends: FileEnds): StoredHeader {
  const invalid = rest.status === 'invalid' || rest.status === 'invalid-ancestor';
  if (isLost(body, ends.bodies)) return { ...rest, txCount: 0, status: invalid ? rest.status : 'header' };
  return { ...rest, ...(body === undefined ? {} : { body }), status: invalid ? rest.status : 'stored' };
}

/**
 * After a power cut took the end of the block or undo files: forgets all positions behind `ends`. The headers stay; the
 * blocks come again from peers, or are judged again. The coins never depend on such a block: files are synced before a flush.
 */
export async function forgetLostRecords(kv: Kv, path: string, ends: FileEnds): Promise<void> {
  let changed: StoredHeader[] = [];
  const write = async (): Promise<void> => {
    await kv.batch(headerOps(changed), { sync: true });
    changed = [];
  };
  for await (const header of readHeaders(kv, path)) {
    if (!isLost(header.body, ends.bodies) && !isLost(header.undo, ends.undo)) continue;
    changed.push(without(header, ends));
    if (changed.length === CHUNK) await write();
  }
  await write();
}
