import assert from 'node:assert/strict';
import { StoreError } from '../../src/store/errors.ts';
import { type FileEnd, RecordFiles } from '../../src/store/recordFiles.ts';
import { toHex } from '../../src/util/hex.ts';
import { MemoryDisk } from './memoryDisk.ts';

const MAGIC = Uint8Array.of(0xfa, 0xbf, 0xb5, 0xda);
const open = (disk: MemoryDisk, end?: FileEnd, maxBytes = 100): Promise<RecordFiles> =>
  RecordFiles.open(disk.fs, { prefix: 'blk', magic: MAGIC, maxBytes }, end);
const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
const corrupt = (pattern: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.kind === 'corrupt' && pattern.test(error.message);

describe('store: record files', () => {
  it('frames a record with magic, length and CRC-32', async () => {
    const disk = new MemoryDisk();
    const files = await open(disk);
    const at = await files.append(Uint8Array.of(1, 2, 3));
    assert.deepEqual(at, { file: 0, offset: 0, size: 3 });
    // CRC-32 of 03000000 010203.
    assert.equal(toHex(disk.file('blk00000.dat')), 'fabfb5da03000000010203ec9c7906');
    assert.equal(disk.file('blk00000.dat').length, 15);
    assert.deepEqual(await files.read(at), Uint8Array.of(1, 2, 3));
  });

  it('begins a new file when one is full, reads from all, and keeps few open', async () => {
    const disk = new MemoryDisk();
    const files = await open(disk);
    const places = [];
    for (let i = 0; i < 40; i++) places.push(await files.append(bytes(50, i)));
    await files.sync();
    assert.equal(disk.fileNames.length, 40);
    for (const [i, at] of places.entries()) assert.deepEqual(await files.read(at), bytes(50, i));
    assert.equal(files.totalBytes, 40 * 62);
    // A record larger than a file has one to itself.
    const big = await files.append(bytes(500, 1));
    assert.deepEqual(await files.read(big), bytes(500, 1));
    assert.equal(big.offset, 0);
  });

  it('a full file and its name survive a power cut once the next is begun, synced or not', async () => {
    const disk = new MemoryDisk();
    const files = await open(disk);
    const first = await files.append(bytes(50, 1));
    const second = await files.append(bytes(50, 2));
    await files.append(bytes(50, 3));
    await disk.restart('power cut');
    const again = await open(disk, { file: 2, offset: 0 });
    assert.deepEqual(await again.read(first), bytes(50, 1));
    assert.deepEqual(await again.read(second), bytes(50, 2));
  });

  it('cuts what lies behind the committed end, and whole files after it', async () => {
    const disk = new MemoryDisk();
    const files = await open(disk);
    const kept = await files.append(bytes(20, 1));
    await files.sync();
    const end = files.end;
    for (let i = 0; i < 5; i++) await files.append(bytes(50, 2));
    await disk.restart('kill');
    assert.ok(disk.fileNames.length > 2);
    const again = await open(disk, end);
    assert.deepEqual(disk.fileNames, ['blk00000.dat']);
    assert.equal(disk.file('blk00000.dat').length, 32);
    assert.equal(again.totalBytes, 32);
    assert.deepEqual(await again.read(kept), bytes(20, 1));
    assert.deepEqual(await again.append(bytes(5, 3)), { file: 0, offset: 32, size: 5 });
  });

  it('what sync covered survives a power cut, also in the files left behind', async () => {
    const disk = new MemoryDisk();
    const files = await open(disk);
    const places = [
      await files.append(bytes(60, 1)),
      await files.append(bytes(60, 2)),
      await files.append(bytes(10, 3)),
    ];
    await files.sync();
    await disk.restart('power cut');
    const again = await open(disk, files.end);
    assert.deepEqual(await again.read(places[0] as never), bytes(60, 1));
    assert.deepEqual(await again.read(places[1] as never), bytes(60, 2));
    assert.deepEqual(await again.read(places[2] as never), bytes(10, 3));
  });

  it('refuses to open when committed bytes are missing', async () => {
    const disk = new MemoryDisk();
    const files = await open(disk);
    await files.append(bytes(20, 1));
    const end = files.end;
    disk.cutFile('blk00000.dat', 31);
    await assert.rejects(open(disk, end), corrupt(/ends at 31.*blk00000\.dat/));
    await assert.rejects(open(disk, { file: 3, offset: 10 }), corrupt(/blk00003\.dat/));
  });

  it('names file and offset of every flipped bit', async () => {
    const disk = new MemoryDisk();
    const files = await open(disk, undefined, 1000);
    await files.append(bytes(20, 1));
    const at = await files.append(bytes(20, 2));
    const content = disk.file('blk00000.dat');
    for (let bit = 32 * 8; bit < 64 * 8; bit++) {
      content[bit >> 3] = (content[bit >> 3] as number) ^ (1 << (bit & 7));
      await assert.rejects(files.read(at), corrupt(/offset 32.*blk00000\.dat/), `bit ${bit}`);
      content[bit >> 3] = (content[bit >> 3] as number) ^ (1 << (bit & 7));
    }
    assert.deepEqual(await files.read(at), bytes(20, 2));
    await assert.rejects(files.read({ ...at, size: 21 }), corrupt(/cut off|length/));
    await assert.rejects(files.read({ ...at, offset: 5000 }), corrupt(/cut off/));
  });

  it('an append that failed is written over by the next', async () => {
    const disk = new MemoryDisk();
    const files = await open(disk);
    await files.append(bytes(10, 1));
    disk.failAfter(1, new Error('full'));
    await assert.rejects(files.append(bytes(30, 2)), /full/);
    const at = await files.append(bytes(8, 3));
    assert.equal(at.offset, 22);
    assert.deepEqual(await files.read(at), bytes(8, 3));
  });
});
