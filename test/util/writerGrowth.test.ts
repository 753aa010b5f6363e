import { strict as assert } from 'node:assert';
import { Writer } from '../../src/util/codec.ts';

describe('Writer growth', () => {
  it('keeps what is written when a write makes the buffer grow, for every kind of write', () => {
    const writes: readonly [number, (w: Writer) => unknown][] = [
      [1, (w) => w.u8(0xa5)],
      [2, (w) => w.u16(0xa5a5)],
      [4, (w) => w.u32(0xa5a5a5a5)],
      [4, (w) => w.i32(-1515870811)],
      [8, (w) => w.u64(0xa5a5a5a5a5a5a5a5n)],
      [8, (w) => w.i64(-6510615555426900571n)],
      [40, (w) => w.put(new Uint8Array(40).fill(0xa5))],
    ];
    for (const [size, write] of writes) {
      for (let before = 0; before <= 17; before++) {
        const w = new Writer(16).put(new Uint8Array(before).fill(1));
        write(w);
        const expected = [...new Uint8Array(before).fill(1), ...new Uint8Array(size).fill(0xa5)];
        assert.deepEqual([...w.finish()], expected, `${size} bytes after ${before}`);
      }
    }
  });

  it('what finish() returned stays as it is, also when it filled the buffer', () => {
    for (const size of [16, 17]) {
      const w = new Writer(16).put(new Uint8Array(size).fill(1));
      const bytes = w.finish();
      const [again, written] = [w.finish(), w.written()];
      assert.deepEqual([again.length, written.length, w.length], [size, size, size]);
      w.u8(2);
      assert.equal(w.finish().length, size + 1);
      assert.deepEqual([...w.restart().put(new Uint8Array(size).fill(3)).finish()], new Array(size).fill(3));
      w.restart().put(new Uint8Array(size).fill(4));
      assert.deepEqual([...bytes, ...again], new Array(2 * size).fill(1));
    }
  });
});
