import { strict as assert } from 'node:assert';
import { buildCoinbase } from '../../src/ledger/block/buildCoinbase.ts';
import { checkBlockAlone } from '../../src/ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../../src/ledger/block/checkBlockInHeaderContext.ts';
import { connectBlock } from '../../src/ledger/block/connectBlock.ts';
import { decodeBlock, encodeBlock } from '../../src/primitives/block.ts';
import { AssertionFailure } from '../../src/util/assert.ts';
import { toHex } from '../../src/util/hex.ts';
import {
  ANYONE,
  accepted,
  blockAt,
  coinbaseOf,
  coinsAt,
  contextAt,
  freshOutPoint,
  input,
  output,
  tx,
  withHeights,
} from './fixture.ts';

describe('ledger/assemble', () => {
  it('makes a block that every rule passes, and that survives its own encoding', () => {
    const a = freshOutPoint();
    const spend = tx({ inputs: [input(a, { witness: [Uint8Array.of(1)] })], outputs: [output(900n)] });
    for (const height of [1, 2, 16, 17, 100, 150, 1000, 100_000]) {
      const block = blockAt(height, { txs: [spend], fees: 100n });
      accepted(checkBlockAlone(block));
      accepted(checkBlockInHeaderContext(block, contextAt(height)));
      accepted(connectBlock(block, coinsAt([[a, 1000n]]), contextAt(height)));
      assert.equal(decodeBlock(encodeBlock(block)).header.id, block.header.id);
    }
  });

  it('pays subsidy and fees to the script, in one output before the commitment', () => {
    const [pay, commitment, ...rest] = coinbaseOf(blockAt(150, { fees: 7n })).outputs;
    assert.equal(pay?.value, 2_500_000_007n);
    assert.deepEqual(pay?.scriptPubKey, ANYONE);
    assert.equal(commitment?.value, 0n);
    assert.match(toHex(commitment?.scriptPubKey ?? ANYONE), /^6a24aa21a9ed[0-9a-f]{64}$/);
    assert.equal(rest.length, 0);
  });

  it('the commitment of an empty block is the one every empty block has', () => {
    // Bitcoin's well-known constant: no witnesses, reserved value zero.
    const script = coinbaseOf(blockAt(5)).outputs[1]?.scriptPubKey ?? ANYONE;
    assert.equal(toHex(script), '6a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9');
  });

  it('before segwit there is neither commitment nor witness', () => {
    const cb = coinbaseOf(blockAt(5, { params: withHeights({ segwit: 6 }) }));
    assert.equal(cb.outputs.length, 1);
    assert.equal(cb.hasWitness, false);
  });

  it('another extra nonce makes another coinbase, up to 64 bits', () => {
    const ids = [0n, 1n, (1n << 64n) - 1n].map((extraNonce) => coinbaseOf(blockAt(5, { extraNonce })).id);
    assert.equal(new Set(ids).size, 3);
  });

  it('the script is height, extra nonce and tag, within 2 to 100 bytes', () => {
    const script = (height: number, tag?: Uint8Array) =>
      coinbaseOf(blockAt(height, { extraNonce: 0x0102n, ...(tag === undefined ? {} : { tag }) })).inputs[0]?.scriptSig;
    assert.equal(toHex(script(1) ?? ANYONE), '51080201000000000000');
    assert.equal(toHex(script(500, Uint8Array.of(0x61, 0x62)) ?? ANYONE), '02f401080201000000000000026162');
    assert.equal(script(8_388_608, new Uint8Array(80))?.length, 5 + 9 + 82);
    assert.throws(() => script(500, new Uint8Array(90)), AssertionFailure);
  });

  it('the coinbase of a block at one height is never that of another', () => {
    const ids = new Set<string>();
    for (let height = 1; height < 600; height++)
      ids.add(
        buildCoinbase({ height, value: 1n, scriptPubKey: ANYONE, extraNonce: 0n, txs: [], segwit: true, bip54: false })
          .id,
      );
    assert.equal(ids.size, 599);
  });

  it('carries the header fields of its plan, nonce 0 and the merkle root of its transactions', () => {
    const plan = { time: 123, bits: 0x1d00ffff, version: 0x20000004, prevHash: new Uint8Array(32).fill(9) };
    const { header } = blockAt(5, plan);
    assert.deepEqual([header.time, header.bits, header.version, header.nonce], [123, 0x1d00ffff, 0x20000004, 0]);
    assert.deepEqual(header.prevHash, plan.prevHash);
    assert.equal(blockAt(5).header.version, 0x20000000);
  });
});
