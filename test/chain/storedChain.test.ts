import assert from 'node:assert/strict';
import { StoredChainError } from '../../src/chain/halt.ts';
import { TIP_KEY } from '../../src/store/schema.ts';
import { SummedKv } from '../../src/store/summedKv.ts';
import type { KvOp } from '../../src/util/ports.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { mineChain } from './regtestMiner.ts';
import { acceptAll, openChain } from './setup.ts';

async function filled(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { chain, store } = await openChain(disk);
  await acceptAll(chain, mineChain(chain.genesis, 3));
  await store.flush();
  return disk;
}

/** The database as the chain sees it. */
function records(disk: MemoryDisk): SummedKv {
  return new SummedKv(disk.kv, { path: 'memory' });
}

async function headerRecords(disk: MemoryDisk): Promise<[Uint8Array, Uint8Array][]> {
  const out: [Uint8Array, Uint8Array][] = [];
  for await (const [key, value] of records(disk).iterate({ gte: Uint8Array.of(0x10), lt: Uint8Array.of(0x11) }))
    out.push([key, value]);
  return out;
}

async function refusesAfter(disk: MemoryDisk, ops: readonly KvOp[], message: RegExp): Promise<void> {
  await records(disk).batch(ops, { sync: true });
  await assert.rejects(
    openChain(disk),
    (error: unknown) => error instanceof StoredChainError && message.test(error.message) && error.hint.length > 0,
  );
}

describe('chain: damaged chain state is named, not followed', () => {
  it('a header in the middle is missing', async () => {
    const disk = await filled();
    const [, second] = await headerRecords(disk);
    await refusesAfter(disk, [{ type: 'del', key: (second as [Uint8Array, Uint8Array])[0] }], /ancestor/);
  });

  it('but headers above the coins that a power cut took are only left out, with what stood on them', async () => {
    const disk = await filled();
    const { chain } = await openChain(disk);
    const more = mineChain(chain.tip(), 3);
    await acceptAll(chain, more);
    const headers = await headerRecords(disk);
    await records(disk).batch([{ type: 'del', key: (headers.at(-2) as [Uint8Array, Uint8Array])[0] }], { sync: true });
    const again = await openChain(disk);
    assert.equal(again.chain.tip().height, 4);
    assert.equal(again.chain.bestHeader().height, 4);
    assert.deepEqual(await acceptAll(again.chain, more), ['known', 'connected', 'connected']);
  });

  it('the header of the tip is missing', async () => {
    const disk = await filled();
    const last = (await headerRecords(disk)).at(-1) as [Uint8Array, Uint8Array];
    await refusesAfter(disk, [{ type: 'del', key: last[0] }], /tip/);
  });

  it('the tip is no block at all', async () => {
    await refusesAfter(await filled(), [{ type: 'put', key: TIP_KEY, value: new Uint8Array(32) }], /tip/);
  });

  it('a header tells another work than its ancestors add up to', async () => {
    const disk = await filled();
    const [key, value] = (await headerRecords(disk))[2] as [Uint8Array, Uint8Array];
    // header80, empty seal (00), then the length and bytes of the work.
    const changed = value.slice();
    assert.equal(changed[81], 1);
    changed[82] = 0x77;
    await refusesAfter(disk, [{ type: 'put', key, value: changed }], /height or work/);
  });

  it('a header is not the one it was stored as', async () => {
    const disk = await filled();
    const [key, value] = (await headerRecords(disk))[3] as [Uint8Array, Uint8Array];
    const changed = value.slice();
    // The nonce.
    changed[76] = (changed[76] as number) ^ 1;
    await refusesAfter(disk, [{ type: 'put', key, value: changed }], /not the one/);
  });
});
