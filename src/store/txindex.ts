import type { ChainCommit, FilePosition } from '../chain/ports.ts';
import { decodeSealedBlock } from '../primitives/block.ts';
import { type Hash256, hashKey } from '../primitives/hash.ts';
import { prevHashOf } from '../primitives/header.ts';
import type { Kv, KvOp } from '../util/ports.ts';
import { decodeStored } from './errors.ts';
import { readHeaders } from './headerStore.ts';
import { PREFIX, rangeOf, TXINDEX_STATE_KEY, txKey } from './schema.ts';

/** Operations per batch while the index is built or dropped: about 1 MB. Synced, as headers are (headerStore.ts). */
const CHUNK = 10_000;

/** Index writes that belong to a commit. */
export function indexOps(change: ChainCommit): KvOp[] {
  const ops: KvOp[] = [];
  for (const tx of change.disconnect?.txs ?? []) ops.push({ type: 'del', key: txKey(tx.txid) });
  if (change.connect !== undefined) {
    const { block, txs } = change.connect;
    for (const tx of txs) ops.push({ type: 'put', key: txKey(tx.txid), value: block });
  }
  return ops;
}

/** Indexes the active chain below `tip` (undefined: nothing yet), then marks the index complete. A crash starts over. */
export async function buildTxindex(
  kv: Kv,
  path: string,
  tip: Hash256 | undefined,
  readBody: (at: FilePosition) => Promise<Uint8Array>,
): Promise<void> {
  if (tip !== undefined) {
    const headers = new Map<string, { readonly prev: Hash256; readonly body: FilePosition | undefined }>();
    for await (const stored of readHeaders(kv, path)) {
      headers.set(hashKey(stored.hash), { prev: prevHashOf(stored.header80).slice(), body: stored.body });
    }
    let ops: KvOp[] = [];
    for (let hash = tip, at = headers.get(hashKey(hash)); at !== undefined; at = headers.get(hashKey(hash))) {
      if (at.body !== undefined) {
        const bytes = await readBody(at.body);
        const { txs } = decodeStored(path, 'block body', () => decodeSealedBlock(bytes));
        for (const tx of txs) ops.push({ type: 'put', key: txKey(tx.txid), value: hash });
      }
      hash = at.prev;
      if (ops.length < CHUNK) continue;
      await kv.batch(ops, { sync: true });
      ops = [];
    }
    await kv.batch(ops, { sync: true });
  }
  await kv.batch([{ type: 'put', key: TXINDEX_STATE_KEY, value: Uint8Array.of(1) }], { sync: true });
}

/** Unmarks the index first, so that a crash in the middle never leaves a marked, partial one. */
export async function dropTxindex(kv: Kv): Promise<void> {
  await kv.batch([{ type: 'del', key: TXINDEX_STATE_KEY }], { sync: true });
  let ops: KvOp[] = [];
  for await (const [key] of kv.iterate(rangeOf(PREFIX.TX))) {
    ops.push({ type: 'del', key });
    if (ops.length < CHUNK) continue;
    await kv.batch(ops, { sync: true });
    ops = [];
  }
  await kv.batch(ops, { sync: true });
}
