import { strict as assert } from 'node:assert';
import { checkTimeNotFuture } from '../../src/consensus/headerRules.ts';
import { checkProofOfWork } from '../../src/consensus/pow/powJudge.ts';
import { checkBlockAlone } from '../../src/ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../../src/ledger/block/checkBlockInHeaderContext.ts';
import { Block, decodeBlock } from '../../src/primitives/block.ts';
import { decodeCompact } from '../../src/primitives/compact.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { BlockHeader, decodeHeader } from '../../src/primitives/header.ts';
import { type Check, effectOf, type RuleCode } from '../../src/primitives/rules.ts';
import type { Tx, TxIn } from '../../src/primitives/tx.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { fromHex } from '../../src/util/hex.ts';
import { vectorJson } from '../support/vectors.ts';
import {
  accepted,
  blockAt,
  changed,
  coinbaseOf,
  contextAt,
  freshOutPoint,
  input,
  NOW,
  output,
  REGTEST,
  refused,
  tx,
  withHeights,
  withTxs,
} from './fixture.ts';

/** Rules of a header that need neither parent nor chain. */
function checkHeaderAlone(header: BlockHeader, now: number): Check {
  const work = checkProofOfWork(header, decodeCompact(0x1d00ffff).target);
  return work.ok ? checkTimeNotFuture(header, 7200, now * 1000) : work;
}

const withRoot = (block: Block, merkleRoot: Uint8Array): Block => {
  const { version, prevHash, time, bits, nonce } = block.header;
  return new Block(new BlockHeader({ version, prevHash, time, bits, nonce, merkleRoot }), block.txs);
};

describe('ledger/checkBlockAlone', () => {
  it('passes a block with a coinbase alone and one with transactions', () => {
    accepted(checkBlockAlone(blockAt(1)));
    accepted(checkBlockAlone(blockAt(500, { txs: [tx(), tx(), tx()] })));
  });

  it("'bad-txnmrklroot': a transaction changed, left out or in another order", () => {
    const block = blockAt(5, { txs: [tx(), tx()] });
    const [cb, a, b] = block.txs as [Tx, Tx, Tx];
    for (const txs of [
      [cb, b, a],
      [cb, a],
      [cb, a, tx()],
      [cb, a, b, tx()],
    ])
      refused(checkBlockAlone(new Block(block.header, txs)), 'bad-txnmrklroot');
    refused(checkBlockAlone(withRoot(block, ZERO_HASH)), 'bad-txnmrklroot');
  });

  it("'bad-txns-duplicate': a list repeated at its end has the same root (CVE-2012-2459), at every level", () => {
    const [a, b, c, d, e] = [tx(), tx(), tx(), tx(), tx()] as [Tx, Tx, Tx, Tx, Tx];
    const three = blockAt(5, { txs: [a, b] });
    const copy = new Block(three.header, [...three.txs, b]);
    refused(checkBlockAlone(copy), 'bad-txns-duplicate');
    const six = blockAt(5, { txs: [a, b, c, d, e] });
    accepted(checkBlockAlone(six));
    refused(checkBlockAlone(new Block(six.header, [...six.txs, d, e])), 'bad-txns-duplicate');
    assert.equal(effectOf('bad-txns-duplicate').remember, false);
    assert.equal(effectOf('bad-txnmrklroot').remember, false);
  });

  it("'bad-blk-length': no transactions, or more than 1,000,000 bytes without witnesses", () => {
    refused(checkBlockAlone(withTxs(blockAt(1), [])), 'bad-blk-length');
    const filled = (n: number) => blockAt(5, { txs: [tx({ outputs: [output(0n, new Uint8Array(n))] })] });
    const spare = 1_000_000 - filled(900_000).strippedSize + 900_000;
    assert.equal(filled(spare).strippedSize, 1_000_000);
    accepted(checkBlockAlone(filled(spare)));
    refused(checkBlockAlone(filled(spare + 1)), 'bad-blk-length');
  });

  it("'bad-cb-missing': another transaction stands first; the hash is not remembered", () => {
    refused(checkBlockAlone(withTxs(blockAt(1), [tx()])), 'bad-cb-missing');
    refused(checkBlockAlone(withTxs(blockAt(1), [tx(), coinbaseOf(blockAt(1))])), 'bad-cb-missing');
    assert.equal(effectOf('bad-cb-missing').remember, false);
  });

  it("'bad-cb-multiple': a second coinbase anywhere", () => {
    const block = blockAt(1);
    const second = coinbaseOf(blockAt(2));
    refused(checkBlockAlone(withTxs(block, [coinbaseOf(block), second])), 'bad-cb-multiple');
    refused(checkBlockAlone(withTxs(block, [coinbaseOf(block), tx(), second])), 'bad-cb-multiple');
  });

  it('a transaction that is bad alone makes the block bad for the same reason', () => {
    const block = blockAt(1);
    const cb = coinbaseOf(block);
    const same = freshOutPoint();
    const cases: readonly (readonly [RuleCode, Tx])[] = [
      ['bad-txns-vout-empty', tx({ outputs: [] })],
      ['bad-txns-vout-negative', tx({ outputs: [output(-1n)] })],
      ['bad-txns-inputs-duplicate', tx({ inputs: [input(same), input(same)] })],
    ];
    for (const [rule, bad] of cases) refused(checkBlockAlone(withTxs(block, [cb, tx(), bad])), rule);
    const long = changed(cb, { inputs: [{ ...(cb.inputs[0] as TxIn), scriptSig: new Uint8Array(101) }] });
    refused(checkBlockAlone(withTxs(block, [long])), 'bad-cb-length');
  });

  it("'bad-blk-sigops': 20,000 legacy operations pass, one more does not, wherever they stand", () => {
    const CHECKSIG = 0xac;
    const ops = (n: number) => tx({ outputs: [output(0n, new Uint8Array(n).fill(CHECKSIG))] });
    accepted(checkBlockAlone(blockAt(5, { txs: [ops(15_000), ops(5_000)] })));
    refused(checkBlockAlone(blockAt(5, { txs: [ops(15_000), ops(5_001)] })), 'bad-blk-sigops');
    const inScriptSig = tx({ inputs: [input(freshOutPoint(), { scriptSig: new Uint8Array(20_001).fill(CHECKSIG) })] });
    refused(checkBlockAlone(blockAt(5, { txs: [inScriptSig] })), 'bad-blk-sigops');
    refused(checkBlockAlone(blockAt(5, { payout: new Uint8Array(20_001).fill(CHECKSIG) })), 'bad-blk-sigops');
    // OP_CHECKMULTISIG counts twenty.
    const multi = (n: number) => tx({ outputs: [output(0n, new Uint8Array(n).fill(0xae))] });
    accepted(checkBlockAlone(blockAt(5, { txs: [multi(1000)] })));
    refused(checkBlockAlone(blockAt(5, { txs: [multi(1001)] })), 'bad-blk-sigops');
  });

  type CheckBlockRow = [string] | [string, boolean, boolean, number, string];

  it('every block of checkblock_valid.json passes', function () {
    let seen = 0;
    for (const row of vectorJson<CheckBlockRow[]>(this, 'sequences/checkblock_valid.json')) {
      if (row.length === 1) continue;
      const [, headerOnly, , , hex] = row;
      assert.equal(headerOnly, false);
      accepted(checkBlockAlone(decodeBlock(fromHex(hex))));
      seen++;
    }
    assert.equal(seen, 4);
  });

  it('every block of checkblock_invalid.json is refused by its header or its body', function () {
    const reasons: Record<string, string> = {
      'Genesis block with time set to two hours + 1 second behind': 'time-too-new',
      'Genesis with one byte changed': 'high-hash',
      'Empty vtx': 'bad-txnmrklroot',
      'One tx, but not a coinbase': 'bad-cb-missing',
      'More than one coinbase (different coinbases)': 'bad-cb-multiple',
      'Duplicate transaction': 'bad-txnmrklroot',
      'Merkle root mismatch': 'bad-txnmrklroot',
    };
    let seen = 0;
    for (const row of vectorJson<CheckBlockRow[]>(this, 'sequences/checkblock_invalid.json')) {
      if (row.length === 1) continue;
      const [comment, , checkPow, now, hex] = row;
      const block = fromHex(hex);
      const verdict = checkPow
        ? checkHeaderAlone(decodeHeader(block.subarray(0, 80)), now)
        : checkBlockAlone(decodeBlock(block));
      const rule = verdict.ok ? 'accepted' : verdict.rule;
      assert.equal(rule, reasons[comment], comment);
      seen++;
    }
    assert.equal(seen, 7);
  });
});

describe('ledger/checkBlockInHeaderContext', () => {
  const segwitTx = () => tx({ inputs: [input(freshOutPoint(), { witness: [Uint8Array.of(1, 2, 3)] })] });

  it('passes an assembled block at every kind of height', () => {
    for (const height of [1, 16, 17, 127, 128, 255, 256, 32_767, 32_768, 65_536, 8_388_607, 8_388_608])
      accepted(checkBlockInHeaderContext(blockAt(height, { txs: [segwitTx()] }), contextAt(height)));
  });

  it("'bad-txns-nonfinal': lock times against the parent's median time, not the block's own", () => {
    const lockTime = NOW;
    const block = blockAt(10, {
      txs: [tx({ lockTime, inputs: [input(freshOutPoint(), { sequence: 0 })] })],
      time: NOW + 5000,
    });
    refused(checkBlockInHeaderContext(block, contextAt(10, REGTEST, NOW)), 'bad-txns-nonfinal');
    accepted(checkBlockInHeaderContext(block, contextAt(10, REGTEST, NOW + 1)));
    // Before BIP113 the block's own time counts.
    accepted(checkBlockInHeaderContext(block, contextAt(10, withHeights({ csv: 11 }), NOW)));
  });

  it("'bad-txns-nonfinal' holds for the coinbase as well", () => {
    const block = blockAt(10);
    const cb = coinbaseOf(block);
    const locked = changed(cb, { lockTime: 10, inputs: [{ ...(cb.inputs[0] as TxIn), sequence: 0 }] });
    refused(checkBlockInHeaderContext(withTxs(block, [locked]), contextAt(10)), 'bad-txns-nonfinal');
  });

  it("'bad-cb-height': another height, another encoding of it, or no script at all (BIP34)", () => {
    refused(checkBlockInHeaderContext(blockAt(11), contextAt(10)), 'bad-cb-height');
    const scripts: readonly (readonly [number, number[]])[] = [
      [10, [1, 10, 0]],
      [10, [0x5b, 0]],
      [300, [2, 0x2d, 1]],
      [300, [3, 0x2c, 1, 0]],
      [128, [1, 0x80, 0]],
      [128, []],
      [300, [2, 0x2c]],
    ];
    for (const [height, script] of scripts) {
      const block = blockAt(height);
      const cb = coinbaseOf(block);
      const other = changed(cb, { inputs: [{ ...(cb.inputs[0] as TxIn), scriptSig: Uint8Array.from(script) }] });
      refused(checkBlockInHeaderContext(withTxs(block, [other]), contextAt(height)), 'bad-cb-height');
      accepted(
        checkBlockInHeaderContext(withTxs(block, [other]), contextAt(height, withHeights({ bip34: height + 1 }))),
      );
    }
  });

  it('the height stands first, any bytes may follow', () => {
    for (const [height, script] of [
      [10, [0x5a, 0]],
      [128, [2, 0x80, 0, 0xff]],
      [300, [2, 0x2c, 1]],
    ] as const) {
      const block = blockAt(height);
      const cb = coinbaseOf(block);
      const other = changed(cb, { inputs: [{ ...(cb.inputs[0] as TxIn), scriptSig: Uint8Array.from(script) }] });
      accepted(checkBlockInHeaderContext(withTxs(block, [other]), contextAt(height)));
    }
  });

  const withCoinbase = (block: Block, fields: (cb: Tx) => Parameters<typeof changed>[1]): Block => {
    const cb = coinbaseOf(block);
    return withTxs(block, [changed(cb, fields(cb)), ...block.txs.slice(1)]);
  };
  const reserved = (witness: readonly Uint8Array[]) => (cb: Tx) => ({
    inputs: [{ ...(cb.inputs[0] as TxIn), witness }],
  });

  it("'bad-witness-nonce-size': the coinbase witness is not one item of 32 bytes", () => {
    const block = blockAt(10, { txs: [segwitTx()] });
    for (const witness of [[], [new Uint8Array(31)], [new Uint8Array(33)], [new Uint8Array(32), new Uint8Array(32)]])
      refused(
        checkBlockInHeaderContext(withCoinbase(block, reserved(witness)), contextAt(10)),
        'bad-witness-nonce-size',
      );
  });

  it("'bad-witness-merkle-match': another reserved value, or a witness exchanged after the commitment", () => {
    const block = blockAt(10, { txs: [segwitTx()] });
    const other = withCoinbase(block, reserved([new Uint8Array(32).fill(1)]));
    refused(checkBlockInHeaderContext(other, contextAt(10)), 'bad-witness-merkle-match');
    const t = block.txs[1] as Tx;
    const malleated = changed(t, { inputs: [{ ...(t.inputs[0] as TxIn), witness: [Uint8Array.of(9)] }] });
    const copy = new Block(block.header, [coinbaseOf(block), malleated]);
    accepted(checkBlockAlone(copy));
    refused(checkBlockInHeaderContext(copy, contextAt(10)), 'bad-witness-merkle-match');
    for (const rule of ['bad-witness-merkle-match', 'bad-witness-nonce-size', 'unexpected-witness'] as const)
      assert.equal(effectOf(rule).remember, false, 'the hash may belong to a good copy');
  });

  it('of several commitments the last one counts', () => {
    const block = blockAt(10, { txs: [segwitTx()] });
    const good = coinbaseOf(block).outputs[1];
    assert.ok(good);
    const wrong = output(0n, Uint8Array.of(...good.scriptPubKey.subarray(0, 6), ...new Uint8Array(32)));
    const first = withCoinbase(block, (cb) => ({ outputs: [wrong, ...cb.outputs] }));
    accepted(checkBlockInHeaderContext(first, contextAt(10)));
    const last = withCoinbase(block, (cb) => ({ outputs: [...cb.outputs, wrong] }));
    refused(checkBlockInHeaderContext(last, contextAt(10)), 'bad-witness-merkle-match');
  });

  it('a commitment one byte short is none, one with bytes after it is one', () => {
    const block = blockAt(10);
    const script = coinbaseOf(block).outputs[1]?.scriptPubKey ?? EMPTY;
    assert.equal(script.length, 38);
    const replaced = (s: Uint8Array) => withCoinbase(block, (cb) => ({ outputs: [cb.outputs[0]!, output(0n, s)] }));
    refused(checkBlockInHeaderContext(replaced(script.subarray(0, 37)), contextAt(10)), 'unexpected-witness');
    accepted(checkBlockInHeaderContext(replaced(Uint8Array.of(...script, 1, 2)), contextAt(10)));
  });

  it("'unexpected-witness': a witness without commitment, or before segwit", () => {
    const block = blockAt(10);
    const bare = withTxs(block, [changed(coinbaseOf(block), reserved([])(coinbaseOf(block)))]);
    const noCommitment = withCoinbase(bare, (cb) => ({ outputs: [cb.outputs[0]!] }));
    accepted(checkBlockInHeaderContext(noCommitment, contextAt(10)));
    const stray = withTxs(noCommitment, [coinbaseOf(noCommitment), segwitTx()]);
    refused(checkBlockInHeaderContext(stray, contextAt(10)), 'unexpected-witness');
    const early = contextAt(10, withHeights({ segwit: 11 }));
    refused(checkBlockInHeaderContext(blockAt(10, { txs: [segwitTx()] }), early), 'unexpected-witness');
  });

  it("'bad-blk-weight': 4,000,000 pass, one more does not", () => {
    const filled = (n: number) =>
      blockAt(10, { txs: [tx({ inputs: [input(freshOutPoint(), { witness: [new Uint8Array(n)] })] })] });
    const n = 4_000_000 - filled(3_000_000).weight + 3_000_000;
    assert.equal(filled(n).weight, 4_000_000);
    accepted(checkBlockInHeaderContext(filled(n), contextAt(10)));
    refused(checkBlockInHeaderContext(filled(n + 1), contextAt(10)), 'bad-blk-weight');
  });
});
