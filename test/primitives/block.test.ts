import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { Block as OtherBlock } from 'bitcoinjs-lib';
import { hash256 } from '../../src/crypto/hash.ts';
import { Block, decodeBlock, decodeSealedBlock, encodeBlock, encodeSealedBlock } from '../../src/primitives/block.ts';
import { MAX_SEAL } from '../../src/primitives/header.ts';
import { txMerkleRoot, witnessMerkleRoot } from '../../src/primitives/merkle.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { vectorBytes, vectorPath } from '../support/vectors.ts';

const REGTEST_GENESIS =
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f20020000000101000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000';

describe('Blocks', () => {
  it("are read and written: regtest's genesis", () => {
    const block = decodeBlock(fromHex(REGTEST_GENESIS));
    assert.equal(block.header.id, '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206');
    assert.equal(toHex(encodeBlock(block)), REGTEST_GENESIS);
    assert.deepEqual([block.size, block.strippedSize, block.weight], [285, 285, 1140]);
  });

  it('of real networks are read and written unchanged, with their merkle and witness roots', function () {
    const folder = vectorPath(this, 'blocks');
    const files = readdirSync(folder).filter((name) => name.endsWith('.raw'));
    assert.ok(files.length >= 6);
    let withWitness = 0;
    for (const file of files) {
      const bytes = vectorBytes(this, `blocks/${basename(file)}`);
      const block = decodeBlock(bytes);
      assert.deepEqual(encodeBlock(block), bytes, file);
      assert.equal(block.size, bytes.length);
      const { root, mutated } = txMerkleRoot(block.txs);
      assert.equal(toHex(root), toHex(block.header.merkleRoot), file);
      assert.equal(mutated, false);
      const other = OtherBlock.fromBuffer(bytes);
      assert.equal(block.weight, other.weight(), file);
      assert.deepEqual(
        block.txs.map((tx) => tx.id),
        other.transactions?.map((tx) => tx.getId()),
      );

      const coinbase = block.txs[0];
      const commitment = coinbase?.outputs.findLast((o) => toHex(o.scriptPubKey).startsWith('6a24aa21a9ed'));
      const nonce = coinbase?.inputs[0]?.witness[0];
      if (commitment === undefined || nonce === undefined) continue;
      withWitness++;
      const expected = toHex(hash256(concatBytes(witnessMerkleRoot(block.txs).root, nonce)));
      assert.equal(toHex(commitment.scriptPubKey.subarray(6, 38)), expected, file);
    }
    assert.ok(withWitness >= 1, 'one block commits to witnesses');
  });

  it('read from a message leave a seal that does not keep the message in memory: headers outlive bodies', () => {
    const plain = decodeBlock(fromHex(REGTEST_GENESIS));
    const bytes = encodeSealedBlock(plain);
    const { header, seal } = decodeSealedBlock(bytes);
    for (const kept of [seal, header.prevHash, header.merkleRoot]) assert.notEqual(kept.buffer, bytes.buffer);
  });

  it('carry their seal between header and transactions in the form used between nodes', () => {
    const plain = decodeBlock(fromHex(REGTEST_GENESIS));
    const seal = new Uint8Array(300).fill(5);
    const sealed = new Block(plain.header, plain.txs, seal);
    const bytes = encodeSealedBlock(sealed);
    assert.equal(bytes.length, 285 + 3 + 300);
    const again = decodeSealedBlock(bytes);
    assert.deepEqual(again.seal, seal);
    assert.equal(again.header.id, plain.header.id);
    assert.deepEqual(encodeSealedBlock(again), bytes);
    assert.equal(again.weight, plain.weight, 'the seal has no weight');
    assert.equal(toHex(encodeSealedBlock(plain).subarray(80, 82)), '0001', 'an empty seal is one zero byte');
  });

  it('with a seal above the limit, lying counts or cut bytes are refused', () => {
    const plain = decodeBlock(fromHex(REGTEST_GENESIS));
    const tooLong = encodeSealedBlock(new Block(plain.header, plain.txs, new Uint8Array(MAX_SEAL + 1)));
    assert.throws(() => decodeSealedBlock(tooLong), DecodeError);
    const bytes = encodeSealedBlock(plain);
    for (let n = 0; n < bytes.length; n += 5) assert.throws(() => decodeSealedBlock(bytes.subarray(0, n)), DecodeError);
    const lie = concatBytes(bytes.subarray(0, 81), fromHex('fe00000002'), bytes.subarray(82));
    assert.throws(() => decodeSealedBlock(lie), /33554432 elements cannot fit/);
    assert.throws(() => decodeBlock(concatBytes(fromHex(REGTEST_GENESIS), Uint8Array.of(0))), DecodeError);
  });
});
