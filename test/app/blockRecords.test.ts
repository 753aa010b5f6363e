import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BlockRecords, type Framing, framingOf } from '../../src/app/import/blockRecords.ts';
import { type ByteSource, deobfuscated } from '../../src/app/import/byteSource.ts';

const MAGIC = Uint8Array.of(0xfa, 0xbf, 0xb5, 0xda);

function source(bytes: Uint8Array): ByteSource {
  return {
    path: 'f',
    size: bytes.length,
    read: async (at, size) => bytes.slice(at, Math.min(at + size, bytes.length)),
  };
}

function frame(payload: Uint8Array, magic: Uint8Array = MAGIC): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(payload.length);
  return Buffer.concat([magic, length, payload]);
}

const NONE = new Uint8Array(0);
const payload = (fill: number, size = 100): Buffer => Buffer.alloc(size, fill);

/** "offset+length" of records, "offset!" of broken places. */
async function walk(bytes: Uint8Array, framing: Framing = 'magic', magic = MAGIC): Promise<string[]> {
  const records = new BlockRecords(source(bytes), framing, magic);
  const seen: string[] = [];
  for (let r = await records.next(); r !== undefined; r = await records.next())
    seen.push('fault' in r ? `${r.offset}!` : `${r.offset}+${r.length}`);
  return seen;
}

describe('records of block files', () => {
  it('follow each other with magic and length, or length alone', async () => {
    assert.deepEqual(await walk(Buffer.concat([frame(payload(1)), frame(payload(2, 91))])), ['0+100', '108+91']);
    const plain = Buffer.concat([frame(payload(1), NONE), frame(payload(2, 91), NONE)]);
    assert.deepEqual(await walk(plain, 'length'), ['0+100', '104+91']);
    assert.deepEqual(await walk(NONE), []);
  });

  it('zeros between and behind them are reserved room, also where a magic or a length begins with zeros', async () => {
    for (const zeros of [1, 3, 8, 70_000])
      assert.deepEqual(
        await walk(Buffer.concat([frame(payload(1)), Buffer.alloc(zeros), frame(payload(2)), Buffer.alloc(zeros)])),
        ['0+100', `${108 + zeros}+100`],
      );
    const magic = Uint8Array.of(0, 0, 7, 0);
    const file = Buffer.concat([Buffer.alloc(10), frame(payload(1), magic)]);
    assert.deepEqual(await walk(file, 'magic', magic), ['10+100']);
    const long = frame(payload(1, 0x100), NONE);
    assert.deepEqual(await walk(Buffer.concat([long, Buffer.alloc(8), long]), 'length'), ['0+256', '268+256']);
  });

  it('behind a damaged magic or length it goes on at the next magic', async () => {
    for (const [at, value] of [
      [109, 0x55],
      [112 + 3, 0x7f],
      [112, 3],
    ] as const) {
      const file = Buffer.concat([frame(payload(1)), frame(payload(2)), frame(payload(3))]);
      file[at] = value;
      assert.deepEqual(await walk(file), ['0+100', '108!', '216+100'], `byte ${at}`);
    }
  });

  it('a rejected record is looked through for the next magic: its length may swallow others', async () => {
    const file = Buffer.concat([frame(payload(1)), frame(payload(2)), frame(payload(3))]);
    file.writeUInt32LE(150, 4);
    const records = new BlockRecords(source(file), 'magic', MAGIC);
    const first = await records.next();
    assert.ok(first !== undefined && 'length' in first && first.length === 150);
    await records.reject(first);
    assert.deepEqual(await records.next(), { offset: 108, at: 116, length: 100 });
  });

  it('a record that is cut off is told with its offset, and nothing behind it is invented', async () => {
    const file = frame(payload(1));
    for (const size of [107, 50, 9, 7, 2])
      assert.deepEqual(await walk(file.subarray(0, size)), ['0!'], `${size} bytes`);
    assert.deepEqual(await walk(file.subarray(4, 60), 'length'), ['0!']);
  });

  it('a length that no block can have is told before anything is read', async () => {
    for (const length of [0, 1, 90, 4_000_001, 0xffffffff]) {
      const file = frame(payload(1));
      file.writeUInt32LE(length, 4);
      assert.deepEqual(await walk(file), ['0!'], String(length));
    }
  });

  it('whatever a file holds, the walk ends, goes forward and stays inside it', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ minLength: 91, maxLength: 120 }).map((bytes) => frame(bytes)),
      fc.constant(Buffer.from(MAGIC)),
      fc.nat(30).map((n) => Buffer.alloc(n)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 8 }),
        fc.constantFrom('magic', 'length'),
        async (pieces, framing) => {
          const bytes = Buffer.concat(pieces);
          const records = new BlockRecords(source(bytes), framing as Framing, MAGIC);
          let before = -1;
          for (let r = await records.next(); r !== undefined; r = await records.next()) {
            assert.ok(r.offset > before, `${r.offset} after ${before}`);
            before = r.offset;
            if ('length' in r) assert.ok(r.at + r.length <= bytes.length);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('the framing shows in the first bytes', async () => {
    assert.equal(await framingOf(source(frame(payload(1))), MAGIC), 'magic');
    assert.equal(await framingOf(source(frame(payload(1), NONE)), MAGIC), 'length');
    assert.equal(await framingOf(source(frame(payload(1), NONE).subarray(0, 50)), MAGIC), undefined);
    assert.equal(await framingOf(source(Buffer.from('hello world')), MAGIC), undefined);
    assert.equal(await framingOf(source(NONE), MAGIC), undefined);
  });

  it('xor.dat: byte i of a file is XORed with key[i mod 8], wherever reading starts', async () => {
    const key = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const plain = Uint8Array.from({ length: 40 }, (_, i) => i);
    const clear = deobfuscated(source(plain.map((byte, i) => byte ^ (key[i % 8] as number))), key);
    assert.deepEqual(await clear.read(0, 40), plain);
    assert.deepEqual(await clear.read(13, 9), plain.slice(13, 22));
    assert.deepEqual(await clear.read(38, 9), plain.slice(38));
  });
});
