import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { hash256 } from '../../src/crypto/hash.ts';
import { decodeBlock } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import {
  buildPartialMerkleTree,
  decodeMerkleBlock,
  encodeMerkleBlock,
  extractMatches,
  type PartialMerkleTree,
  verifyMerkleBlock,
} from '../../src/primitives/partialMerkle.ts';
import { equalBytes } from '../../src/util/bytes.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { toHex } from '../../src/util/hex.ts';
import { vectorBytes } from '../support/vectors.ts';

const leaf = (i: number): Uint8Array => hash256(Uint8Array.of(i & 0xff, i >> 8));
const leaves = (n: number): Uint8Array[] => Array.from({ length: n }, (_, i) => leaf(i));
const headerOf = (root: Uint8Array): BlockHeader =>
  new BlockHeader({ version: 1, prevHash: leaf(1), merkleRoot: root, time: 1, bits: 0x207fffff, nonce: 0 });

function detailOf(tree: PartialMerkleTree): string {
  const result = extractMatches(tree);
  assert.ok(!result.ok);
  assert.equal(result.rule, 'bad-answer');
  return result.detail;
}

describe('Merkle proofs', () => {
  it('prove every subset of every block of up to 8 transactions, through their bytes', () => {
    for (let n = 1; n <= 8; n++) {
      const txids = leaves(n);
      const header = headerOf(merkleRoot(txids).root);
      for (let subset = 0; subset < 2 ** n; subset++) {
        const tree = buildPartialMerkleTree(txids, (_, i) => ((subset >> i) & 1) === 1);
        const proven = verifyMerkleBlock(decodeMerkleBlock(encodeMerkleBlock({ header, tree })));
        assert.ok(proven.ok, `${n} ${subset}`);
        const expected = txids.flatMap((txid, index) =>
          ((subset >> index) & 1) === 1 ? [{ txid: toHex(txid), index }] : [],
        );
        assert.deepEqual(
          proven.value.map(({ txid, index }) => ({ txid: toHex(txid), index })),
          expected,
        );
      }
    }
  });

  it('prove random subsets of larger blocks with at most one hash for each level and match', () => {
    fc.assert(
      fc.property(fc.integer({ min: 9, max: 300 }), fc.array(fc.nat(299), { maxLength: 5 }), (n, picks) => {
        const txids = leaves(n);
        const wanted = new Set(picks.map((p) => p % n));
        const tree = buildPartialMerkleTree(txids, (_, i) => wanted.has(i));
        const result = extractMatches(tree);
        assert.ok(result.ok);
        assert.deepEqual(result.value.root, merkleRoot(txids).root);
        assert.deepEqual(
          result.value.matches.map((m) => m.index),
          [...wanted].sort((a, b) => a - b),
        );
        assert.ok(tree.hashes.length <= Math.max(1, wanted.size) * (Math.ceil(Math.log2(n)) + 1));
      }),
      { numRuns: 50 },
    );
  });

  it('have the bytes of BIP37 for the two transactions of a block of two', () => {
    const txids = leaves(2);
    const tree = buildPartialMerkleTree(txids, (_, i) => i === 1);
    const bytes = encodeMerkleBlock({ header: headerOf(merkleRoot(txids).root), tree });
    assert.equal(toHex(bytes.subarray(80)), `0200000002${toHex(leaf(0))}${toHex(leaf(1))}0105`);
  });

  it('prove nothing false under any changed bit of their tree', () => {
    const txids = leaves(11);
    const header = headerOf(merkleRoot(txids).root);
    const bytes = encodeMerkleBlock({ header, tree: buildPartialMerkleTree(txids, (_, i) => i === 3 || i === 10) });
    assert.ok(verifyMerkleBlock(decodeMerkleBlock(bytes)).ok);
    let survived = 0;
    for (let bit = 36 * 8; bit < bytes.length * 8; bit++) {
      if (bit >= 68 * 8 && bit < 80 * 8) continue; // time, bits and nonce of the header: the caller looks the header up
      const bad = bytes.slice();
      bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
      let result: ReturnType<typeof verifyMerkleBlock>;
      try {
        result = verifyMerkleBlock(decodeMerkleBlock(bad));
      } catch (error) {
        assert.ok(error instanceof DecodeError);
        continue;
      }
      if (!result.ok) continue;
      // Left free by the format: the padding bits of the last byte, and whether a leaf that is there anyway counts as proven.
      survived++;
      for (const { txid, index } of result.value) assert.deepEqual(txid, txids[index], `bit ${bit}`);
    }
    assert.ok(survived < 10, `${survived} changes were accepted`);
  });

  it('without transactions, or with more than a block can hold, are refused', () => {
    assert.match(detailOf({ txCount: 0, hashes: [leaf(0)], bits: [true] }), /without transactions/);
    assert.match(detailOf({ txCount: 16_667, hashes: [leaf(0)], bits: [false] }), /more than a block/);
    assert.equal(extractMatches({ txCount: 16_666, hashes: [leaf(0)], bits: [false] }).ok, true);
    assert.match(detailOf({ txCount: 0xffffffff, hashes: [leaf(0)], bits: [true] }), /more than a block/);
  });

  it('with too many or too few hashes or bits are refused', () => {
    const good = buildPartialMerkleTree(leaves(7), (_, i) => i === 6);
    assert.match(detailOf({ ...good, hashes: [...leaves(8)] }), /8 hashes for 7/);
    assert.match(detailOf({ ...good, bits: [true] }), /1 bits for/);
    assert.match(
      detailOf({ ...good, hashes: [...good.hashes, leaf(9)], bits: [...good.bits, false] }),
      /hashes unused/,
    );
    assert.match(detailOf({ ...good, hashes: good.hashes.slice(0, -1) }), /too few hashes/);
    assert.match(detailOf({ ...good, bits: good.bits.slice(0, -1) }), /too few bits/);
    assert.match(detailOf({ ...good, bits: [...good.bits, ...new Array(8).fill(false)] }), /bits unused/);
  });

  it('that show one transaction at two places are refused (CVE-2012-2459)', () => {
    const five = leaves(5);
    const six = [...five, leaf(4)];
    assert.deepEqual(merkleRoot(five).root, merkleRoot(six).root);
    assert.match(detailOf(buildPartialMerkleTree(six, (_, i) => i === 5)), /identical left and right/);
  });

  it('of a foreign header are refused', () => {
    const tree = buildPartialMerkleTree(leaves(3), () => true);
    const result = verifyMerkleBlock({ header: headerOf(leaf(77)), tree });
    assert.ok(!result.ok && result.rule === 'bad-answer');
  });

  it('are decoded within bounds: lengths that lie, huge counts, bytes left over', () => {
    const txids = leaves(3);
    const bytes = encodeMerkleBlock({
      header: headerOf(merkleRoot(txids).root),
      tree: buildPartialMerkleTree(txids, () => true),
    });
    for (let n = 0; n < bytes.length; n++) assert.throws(() => decodeMerkleBlock(bytes.subarray(0, n)), DecodeError);
    assert.throws(() => decodeMerkleBlock(new Uint8Array([...bytes, 0])), DecodeError);
    const head = bytes.subarray(0, 84);
    assert.throws(() => decodeMerkleBlock(new Uint8Array([...head, 0xfe, 0xff, 0xff, 0xff, 0x01])), DecodeError);
    const manyBits = new Uint8Array(84 + 1 + 3 + 60_000);
    manyBits.set(head);
    manyBits.set([0, 0xfd, 0x60, 0xea], 84);
    assert.throws(() => decodeMerkleBlock(manyBits), /proof bits/);
  });

  it('prove each transaction of a real block', function () {
    const block = decodeBlock(vectorBytes(this, 'blocks/testnet3-928828.raw'));
    const txids = block.txs.map((tx) => tx.txid);
    for (let i = 0; i < txids.length; i += 7) {
      const wanted = txids[i] as Uint8Array;
      const tree = buildPartialMerkleTree(txids, (txid) => equalBytes(txid, wanted));
      const proven = verifyMerkleBlock({ header: block.header, tree });
      assert.ok(proven.ok);
      assert.deepEqual(proven.value, [{ txid: wanted, index: i }]);
    }
  });
});
