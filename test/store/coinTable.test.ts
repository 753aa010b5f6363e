import assert from 'node:assert/strict';
import fc from 'fast-check';
import { COIN_FLAG, CoinTable } from '../../src/store/coinTable.ts';
import { toHex } from '../../src/util/hex.ts';

const { DIRTY, FRESH, SPENT } = COIN_FLAG;
const SALT = Uint8Array.from({ length: 16 }, (_, i) => i * 11);
const EMPTY = new Uint8Array(0);

function makeTable(slots = 4000): CoinTable {
  return new CoinTable({ salt: SALT, slots, chunkBytes: 1 << 17 });
}

/** One of few outpoints, so that commands meet. Ids differ in their last byte only every other time. */
function outpointOf(n: number): { txid: Uint8Array; index: number } {
  const txid = new Uint8Array(32).fill(n >> 1);
  txid[31] = n;
  return { txid, index: n % 3 === 0 ? 0xffffffff - n : n % 5 };
}

const keyOf = ({ txid, index }: { txid: Uint8Array; index: number }): string => `${toHex(txid)}:${index}`;

type Command =
  | { readonly kind: 'put'; readonly n: number; readonly size: number; readonly flags: number }
  | { readonly kind: 'erase'; readonly n: number }
  | { readonly kind: 'clean' }
  | { readonly kind: 'clear' };

const outpointNumber = fc.nat({ max: 120 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      n: outpointNumber,
      size: fc.oneof({ weight: 8, arbitrary: fc.nat({ max: 60 }) }, { weight: 1, arbitrary: fc.nat({ max: 10_040 }) }),
      flags: fc.constantFrom(0, DIRTY, DIRTY | FRESH, DIRTY | SPENT),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('erase' as const), n: outpointNumber }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clean' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
);

interface Entry {
  readonly value: string;
  readonly flags: number;
}

/** Every entry of the model is in the table and nothing else is. */
function assertSame(table: CoinTable, model: ReadonlyMap<string, Entry>): void {
  for (let n = 0; n <= 120; n++) {
    const outpoint = outpointOf(n);
    const wanted = model.get(keyOf(outpoint));
    const place = table.find(outpoint.txid, outpoint.index);
    if (wanted === undefined) assert.equal(place, 0);
    else {
      assert.ok(place > 0);
      assert.deepEqual({ value: toHex(table.value(place)), flags: table.flags(place) }, wanted);
      assert.equal(keyOf({ txid: table.txid(place), index: table.index(place) }), keyOf(outpoint));
    }
  }
  assert.equal(table.entries, model.size);
  const dirty = [...model].filter(([, entry]) => (entry.flags & DIRTY) !== 0).map(([key]) => key);
  assert.equal(table.dirty, dirty.length);
  const seen: string[] = [];
  const half = table.slotCount >> 1;
  const visit = (place: number): number => seen.push(keyOf({ txid: table.txid(place), index: table.index(place) }));
  table.eachDirty(0, half, visit);
  table.eachDirty(half, table.slotCount, visit);
  assert.deepEqual(seen.sort(), dirty.sort());
}

describe('store: table of coins', () => {
  for (const slots of [16, 4000])
    it(`does what a Map does, with ${slots} slots to begin with`, () => {
      fc.assert(
        fc.property(fc.array(command, { minLength: 1, maxLength: 300 }), (commands) => {
          const table = makeTable(slots);
          const model = new Map<string, Entry>();
          let filler = 0;
          for (const at of commands) {
            if (at.kind === 'put') {
              const { txid, index } = outpointOf(at.n);
              const value = (at.flags & SPENT) !== 0 ? EMPTY : new Uint8Array(at.size).fill(++filler);
              table.put(txid, index, value, at.flags);
              model.set(keyOf({ txid, index }), { value: toHex(value), flags: at.flags });
            } else if (at.kind === 'erase') {
              const outpoint = outpointOf(at.n);
              table.erase(outpoint.txid, outpoint.index);
              model.delete(keyOf(outpoint));
            } else if (at.kind === 'clean') {
              for (let from = 0; from < table.slotCount; from += 5) table.clean(from, from + 5);
              for (const [key, { value, flags }] of [...model])
                if ((flags & SPENT) !== 0) model.delete(key);
                else model.set(key, { value, flags: 0 });
            } else {
              table.clear();
              model.clear();
            }
          }
          assertSame(table, model);
        }),
        { numRuns: 300 },
      );
    });

  it('keeps its entries while its slots grow, and finds none that is not there', () => {
    const table = makeTable(3000);
    const put = (n: number): void => {
      const txid = new Uint8Array(32);
      new DataView(txid.buffer).setUint32(0, Math.imul(n, 2654435761));
      table.put(txid, n & 3, Uint8Array.of(n, n >> 8, n >> 16), DIRTY);
    };
    for (let n = 1; n <= 20_000; n++) put(n);
    assert.equal(table.entries, 20_000);
    for (let n = 1; n <= 20_000; n++) {
      const txid = new Uint8Array(32);
      new DataView(txid.buffer).setUint32(0, Math.imul(n, 2654435761));
      assert.deepEqual([...table.value(table.find(txid, n & 3))], [n & 255, (n >> 8) & 255, n >> 16]);
      assert.equal(table.find(txid, (n & 3) + 4), 0);
    }
  });

  it('uses the room of erased records again, and all room after a clear', () => {
    const table = makeTable();
    const value = new Uint8Array(31);
    const fill = (): void => {
      for (let n = 0; n < 1000; n++) table.put(new Uint8Array(32).fill(n), n, value, DIRTY | FRESH);
    };
    const empty = table.bytes;
    fill();
    const full = table.bytes;
    // 32 bytes of id, 4 of index, 2 of length, 1 of flags, 31 of value, in units of 8.
    assert.equal(full - empty, 1000 * 72);
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 1000; n++) table.erase(new Uint8Array(32).fill(n), n);
      assert.equal(table.entries, 0);
      fill();
      assert.equal(table.bytes, full);
    }
    table.clear();
    assert.equal(table.bytes, empty);
  });

  it('is crowded before it has to grow beyond what was asked for', () => {
    const table = makeTable(100);
    for (let n = 0; !table.isCrowdedBy(1); n++) {
      assert.ok(n < 100);
      table.put(new Uint8Array(32).fill(n), 0, EMPTY, DIRTY);
    }
    assert.equal(table.slotCount, 100);
    assert.equal(table.entries, 80);
  });

  it('takes the longest coin record and refuses what cannot be one', () => {
    const table = makeTable();
    const txid = new Uint8Array(32);
    table.put(txid, 0, new Uint8Array(0xffff).fill(7), DIRTY);
    assert.equal(table.value(table.find(txid, 0)).length, 0xffff);
    assert.throws(() => table.put(txid, 1, new Uint8Array(0x10000), DIRTY), /65536 bytes/);
    assert.throws(() => new CoinTable({ salt: new Uint8Array(4), slots: 16, chunkBytes: 1 << 17 }), /salt/);
  });

  it('another salt puts the same entries elsewhere', () => {
    const orders = [1, 2].map((n) => {
      const table = new CoinTable({ salt: new Uint8Array(16).fill(n), slots: 1000, chunkBytes: 1 << 17 });
      for (let i = 0; i < 100; i++) table.put(new Uint8Array(32).fill(i), 0, EMPTY, DIRTY);
      const seen: number[] = [];
      table.eachDirty(0, table.slotCount, (place) => seen.push(table.txid(place)[0] as number));
      return seen;
    });
    assert.notDeepEqual(orders[0], orders[1]);
  });
});
