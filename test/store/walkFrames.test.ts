import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { frameAround } from '../../src/store/recordFrame.ts';
import { type Frame, walkFrames } from '../../src/store/walkFrames.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { MemoryDisk } from './memoryDisk.ts';

const MAGIC = Uint8Array.of(0xfa, 0xbf, 0xb5, 0xda);
const FORM = {
  magic: MAGIC,
  crc32: (parts: readonly Uint8Array[]) => parts.reduce((crc, part) => crc32(part, crc), 0),
};
const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

async function walk(content: Uint8Array, end = content.length): Promise<Frame[]> {
  const file = await new MemoryDisk().fs.open('blk00000.dat', 'write');
  await file.write([content], 0);
  const out: Frame[] = [];
  for await (const frame of walkFrames(file, FORM, end))
    out.push('payload' in frame ? { ...frame, payload: frame.payload.slice() } : frame);
  return out;
}

describe('store: walking the records of a file', () => {
  const payloads = [bytes(20, 1), bytes(0, 0), bytes(300, 2), concatBytes(MAGIC, bytes(40, 3)), bytes(9, 4)];
  const content = concatBytes(...payloads.flatMap((payload) => frameAround(payload, FORM)));
  const starts = payloads.map((_, i) => payloads.slice(0, i).reduce((sum, p) => sum + p.length + 12, 0));

  it('finds every record, also empty ones and ones larger than a window', async () => {
    assert.deepEqual(
      await walk(content),
      payloads.map((payload, i) => ({ offset: starts[i], payload })),
    );
    const big = concatBytes(...[bytes(3_000_000, 7), bytes(5, 1)].flatMap((payload) => frameAround(payload, FORM)));
    assert.deepEqual(
      (await walk(big)).map((frame) => ('payload' in frame ? frame.payload.length : frame.fault)),
      [3_000_000, 5],
    );
    assert.deepEqual(await walk(new Uint8Array(0)), []);
  });

  it('every flipped bit costs one record, which is named, and no other', async function () {
    this.timeout(20_000);
    for (let bit = 0; bit < content.length * 8; bit++) {
      const flipped = content.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const hit = starts.findLastIndex((start) => start <= bit >> 3);
      const frames = await walk(flipped);
      const expected = payloads.map((payload, i) =>
        i === hit ? { offset: starts[i], length: payload.length + 12 } : { offset: starts[i], payload },
      );
      assert.deepEqual(
        frames.map((frame) => ('fault' in frame ? { offset: frame.offset, length: frame.length } : frame)),
        expected,
        `bit ${bit}`,
      );
    }
  });

  it('a torn tail is one stretch, and nothing is read behind the end that was given', async () => {
    const [last] = starts.slice(-1) as [number];
    const torn = await walk(content.subarray(0, last + 15));
    assert.deepEqual(torn.at(-1), { offset: last, length: 15, fault: 'is cut off' });
    assert.equal((await walk(content, starts[2])).length, 2);
  });
});
