import assert from 'node:assert/strict';
import { contextAfter, forkOf, HeaderIndex, IndexEntry, skipHeight } from '../../src/chain/headerIndex.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { regtest } from './regtestMiner.ts';

let nonce = 0;
/** An unmined child: the index does not judge. */
function child(parent: IndexEntry, time = parent.header.time + 600): IndexEntry {
  const header = new BlockHeader({
    version: 1,
    prevHash: parent.header.hash,
    merkleRoot: new Uint8Array(32),
    time,
    bits: parent.header.bits,
    nonce: nonce++,
  });
  return new IndexEntry({ header, seal: EMPTY }, parent, undefined, parent.sequence + 1);
}

function chainOf(length: number): { index: HeaderIndex; entries: IndexEntry[] } {
  const genesis = new IndexEntry(regtest.genesis, undefined, undefined, 0);
  const index = new HeaderIndex(genesis);
  const entries = [genesis];
  for (let i = 1; i <= length; i++) {
    const entry = child(entries[i - 1] as IndexEntry);
    index.add(entry);
    entries.push(entry);
  }
  return { index, entries };
}

describe('chain: header index', () => {
  it('finds every ancestor', () => {
    const { entries } = chainOf(600);
    for (const from of [600, 599, 513, 512, 511, 1])
      for (let to = 0; to <= from; to++) assert.equal((entries[from] as IndexEntry).ancestor(to), entries[to]);
    assert.equal((entries[5] as IndexEntry).ancestor(6), undefined);
    assert.equal((entries[5] as IndexEntry).ancestor(-1), undefined);
  });

  it('reaches any ancestor of a long chain in few jumps', () => {
    // Walks the pointers as ancestor() does and counts.
    const jumps = (from: number, to: number): number => {
      let n = 0;
      for (let at = from; at > to; n++) {
        const skip = skipHeight(at);
        const before = skipHeight(at - 1);
        at = skip === to || (skip > to && !(before < skip - 2 && before >= to)) ? skip : at - 1;
      }
      return n;
    };
    let worst = 0;
    for (let to = 0; to < 1_000_000; to += 9973) worst = Math.max(worst, jumps(1_000_000, to));
    assert.ok(worst < 120, `${worst} jumps`);
  });

  it('adds up work and takes the median of the last eleven times', () => {
    const { entries } = chainOf(20);
    // Regtest bits 0x207fffff: two expected hashes per block.
    assert.equal((entries[20] as IndexEntry).chainWork, 42n);
    assert.equal((entries[20] as IndexEntry).medianTime, (entries[15] as IndexEntry).header.time);
    assert.equal((entries[1] as IndexEntry).medianTime, (entries[1] as IndexEntry).header.time);
    assert.equal(contextAfter(entries[20] as IndexEntry).medianTimePast(), (entries[20] as IndexEntry).medianTime);
    assert.equal(contextAfter(entries[20] as IndexEntry).ancestor(3), (entries[3] as IndexEntry).header);
  });

  it('knows the fork of two branches and all tips', () => {
    const { index, entries } = chainOf(50);
    let side = entries[20] as IndexEntry;
    for (let i = 0; i < 5; i++) {
      side = child(side, side.header.time + 1);
      index.add(side);
    }
    assert.equal(forkOf(side, entries[50] as IndexEntry), entries[20]);
    assert.equal(forkOf(entries[50] as IndexEntry, entries[7] as IndexEntry), entries[7]);
    assert.deepEqual(new Set(index.tips), new Set([side, entries[50]]));
    assert.equal(index.descendants(entries[20] as IndexEntry).length, 35);
    assert.equal(index.descendants(side).length, 0);
  });

  it('a locator starts dense, ends at genesis and stays short', () => {
    const { index, entries } = chainOf(600);
    const locator = index.locator(entries[600] as IndexEntry);
    assert.deepEqual(
      locator.slice(0, 3),
      [600, 599, 598].map((h) => entries[h]?.header.hash),
    );
    assert.deepEqual(locator.at(-1), regtest.genesis.header.hash);
    assert.ok(locator.length < 25);
    assert.deepEqual(index.locator(index.genesis), [regtest.genesis.header.hash]);
  });

  it('refuses to add an entry twice or without its parent', () => {
    const { index, entries } = chainOf(2);
    assert.throws(() => index.add(entries[2] as IndexEntry), /added once/);
    assert.throws(() => index.add(child(child(entries[2] as IndexEntry))), /known parent/);
  });
});
