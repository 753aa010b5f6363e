import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OutPointIndex } from '../../src/primitives/outPointIndex.ts';
import { outPointKey } from '../../src/primitives/outpoint.ts';

const salt = new Uint8Array(32).fill(5);
/** Few different ids, most bytes equal: neighbours and collisions are common. */
const outpoint = fc
  .record({ first: fc.nat({ max: 3 }), last: fc.nat({ max: 2 }), index: fc.constantFrom(0, 1, 2, 0xffffffff) })
  .map(({ first, last, index }) => {
    const txid = new Uint8Array(32);
    txid[0] = first;
    txid[31] = last;
    return { txid, index };
  });

describe('OutPointIndex', () => {
  it('answers as a map with one entry per outpoint does', () => {
    fc.assert(
      fc.property(fc.array(outpoint, { maxLength: 60 }), fc.array(outpoint, { maxLength: 20 }), (filed, asked) => {
        const index = new OutPointIndex(filed.length, salt);
        const model = new Map<string, number>();
        filed.forEach((o, i) => {
          index.add(o.txid, o.index, i - 1);
          model.set(outPointKey(o), i - 1);
        });
        for (const o of [...filed, ...asked]) assert.equal(index.get(o.txid, o.index), model.get(outPointKey(o)));
      }),
    );
  });

  it('ids that differ only behind what is mixed all fall together, and are still told apart', () => {
    const same = (n: number): Uint8Array => {
      const txid = new Uint8Array(32);
      new DataView(txid.buffer).setUint32(8, n);
      return txid;
    };
    const index = new OutPointIndex(2000, salt);
    for (let n = 0; n < 2000; n++) index.add(same(n), 0, n);
    for (let n = 0; n < 2000; n += 97) assert.equal(index.get(same(n), 0), n);
    assert.equal(index.get(same(2000), 0), undefined);
  });
});
