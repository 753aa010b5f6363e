import { strict as assert } from 'node:assert';
import { hash160 } from '../../src/crypto/hash.ts';
import { assembleBlock } from '../../src/ledger/block/assemble.ts';
import { checkBlockAlone } from '../../src/ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../../src/ledger/block/checkBlockInHeaderContext.ts';
import { connectBlock } from '../../src/ledger/block/connectBlock.ts';
import { checkLegacySigOps, checkNoNodeSize, executedLegacySigOps } from '../../src/ledger/tx/cleanup.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { decodeBlock } from '../../src/primitives/block.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { decodeTx, type Tx, type TxFields } from '../../src/primitives/tx.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { fromHex } from '../../src/util/hex.ts';
import { MAINNET } from '../consensus/mainnet.ts';
import { vectorJson } from '../support/vectors.ts';
import {
  ANYONE,
  accepted,
  blockAt,
  changed,
  coinbaseOf,
  coinsAt,
  contextAt,
  freshOutPoint,
  input,
  output,
  REGTEST,
  refused,
  tx,
  withTxs,
} from './fixture.ts';

const CLEAN: ConsensusParams = { ...REGTEST, bip54: true };
const HEIGHT = 50;
const CHECKSIG = 0xac;
const CHECKMULTISIG = 0xae;

/** The block with another coinbase. */
function withCoinbase(fields: Partial<TxFields>, height = HEIGHT) {
  const block = blockAt(height, { params: CLEAN });
  return withTxs(block, [changed(coinbaseOf(block), fields), ...block.txs.slice(1)]);
}

const judged = (block: ReturnType<typeof blockAt>, params = CLEAN, height = HEIGHT) =>
  checkBlockInHeaderContext(block, contextAt(height, params));

describe('ledger: BIP54, coinbases', () => {
  it('an assembled block has the lock time of the height before and a sequence that leaves it in force', () => {
    for (const height of [1, 2, 16, 17, 128, 499_999_999]) {
      const block = blockAt(height, { params: CLEAN });
      assert.equal(coinbaseOf(block).lockTime, height - 1);
      assert.equal(coinbaseOf(block).inputs[0]?.sequence, 0xfffffffe);
      accepted(judged(block, CLEAN, height));
    }
  });

  it('without the parameter the coinbase stays as it was', () => {
    const coinbase = coinbaseOf(blockAt(HEIGHT));
    assert.equal(coinbase.lockTime, 0);
    assert.equal(coinbase.inputs[0]?.sequence, 0xffffffff);
  });

  it("'bad-cb-locktime': any other lock time, also one that has passed", () => {
    for (const lockTime of [0, HEIGHT - 2]) refused(judged(withCoinbase({ lockTime })), 'bad-cb-locktime');
    refused(judged(withCoinbase({ lockTime: HEIGHT })), 'bad-txns-nonfinal');
    const final = [{ ...input({ txid: ZERO_HASH, index: 0xffffffff }), scriptSig: Uint8Array.of(1, HEIGHT, 1, 1) }];
    refused(judged(withCoinbase({ lockTime: HEIGHT, inputs: final })), 'bad-cb-locktime');
    accepted(judged(blockAt(HEIGHT), REGTEST));
  });

  it("'bad-cb-sequence': the final sequence number switches the lock time off", () => {
    const { inputs } = coinbaseOf(blockAt(HEIGHT, { params: CLEAN }));
    const at = (sequence: number) => withCoinbase({ inputs: inputs.map((i) => ({ ...i, sequence })) });
    refused(judged(at(0xffffffff)), 'bad-cb-sequence');
    for (const sequence of [0, 1, 0xfffffffe]) accepted(judged(at(sequence)));
    accepted(judged(at(0xffffffff), REGTEST));
  });

  it('every chain of the published vectors is judged as they say', function () {
    interface Row {
      readonly block_chain: readonly string[];
      readonly valid: boolean;
      readonly comment: string;
    }
    const params = { ...MAINNET, bip54: true };
    const reasons = new Set<string>();
    for (const { block_chain: hexes, valid, comment } of vectorJson<Row[]>(this, 'bips/bip54-coinbases.json')) {
      const blocks = hexes.map((hex) => decodeBlock(fromHex(hex)));
      const verdicts = blocks.slice(1).map((block, i) => {
        accepted(checkBlockAlone(block));
        return checkBlockInHeaderContext(block, contextAt(i + 1, params, block.header.time - 1));
      });
      const last = verdicts.pop();
      for (const verdict of verdicts) accepted(verdict);
      assert.equal(last?.ok, valid, comment);
      if (last?.ok === false) reasons.add(last.rule);
    }
    assert.deepEqual([...reasons].sort(), ['bad-cb-locktime', 'bad-cb-sequence', 'bad-txns-nonfinal']);
  });
});

describe('ledger: BIP54, transactions of 64 bytes', () => {
  /** One input, one output: 60 bytes and the script. */
  const sized = (size: number, witness: readonly Uint8Array[] = []): Tx =>
    tx({
      inputs: [input(freshOutPoint(), { witness })],
      outputs: [output(1n, new Uint8Array(size - 60).fill(0x51))],
    });

  it("'bad-txns-size': exactly 64 bytes without witness", () => {
    for (const [size, ok] of [
      [63, true],
      [64, false],
      [65, true],
    ] as const) {
      const t = sized(size);
      assert.equal(t.strippedSize, size);
      const block = blockAt(HEIGHT, { params: CLEAN, txs: [t] });
      accepted(checkBlockAlone(block));
      if (ok) accepted(judged(block));
      else refused(judged(block), 'bad-txns-size');
      accepted(judged(blockAt(HEIGHT, { txs: [t] }), REGTEST));
    }
  });

  it('the witness does not count', () => {
    const t = sized(64, [new Uint8Array(40)]);
    refused(judged(blockAt(HEIGHT, { params: CLEAN, txs: [t] })), 'bad-txns-size');
    refused(checkNoNodeSize(t), 'bad-txns-size');
  });

  it('the coinbase is no exception', () => {
    const bare: ConsensusParams = { ...CLEAN, heights: { ...CLEAN.heights, segwit: 1000, bip34: 1000 } };
    const block = assembleBlock({
      params: bare,
      height: HEIGHT,
      prevHash: ZERO_HASH,
      time: 1_700_000_600,
      bits: 0x207fffff,
      txs: [],
      fees: 0n,
      payout: ANYONE,
      extraNonce: 0n,
    });
    const [first] = coinbaseOf(block).inputs;
    assert.ok(first);
    const at = (size: number) =>
      withTxs(block, [changed(coinbaseOf(block), { inputs: [{ ...first, scriptSig: new Uint8Array(size - 61) }] })]);
    assert.equal(coinbaseOf(at(64)).strippedSize, 64);
    refused(judged(at(64), bare), 'bad-txns-size');
    accepted(judged(at(63), bare));
  });

  it('every transaction of the published vectors is judged as they say', function () {
    const rows = vectorJson<{ tx: string; valid: boolean; comment: string }[]>(this, 'bips/bip54-txsize.json');
    for (const row of rows) assert.equal(checkNoNodeSize(decodeTx(fromHex(row.tx))).ok, row.valid, row.comment);
    assert.ok(rows.some((row) => row.valid) && rows.some((row) => !row.valid));
  });
});

describe('ledger: BIP54, legacy signature operations', () => {
  const ops = (n: number, op = CHECKSIG) => new Uint8Array(n).fill(op);
  const p2sh = (redeem: Uint8Array) => concatBytes(Uint8Array.of(0xa9, 20), hash160(redeem), Uint8Array.of(0x87));
  const push = (data: Uint8Array) =>
    data.length < 0x4c
      ? concatBytes(Uint8Array.of(data.length), data)
      : concatBytes(Uint8Array.of(0x4d, data.length & 0xff, data.length >> 8), data);
  /** A transaction with these input scripts, and the outputs with these scripts that it spends. */
  const spending = (parts: readonly (readonly [Uint8Array, Uint8Array])[]) => ({
    t: tx({ inputs: parts.map(([scriptSig]) => input(freshOutPoint(), { scriptSig })) }),
    spent: parts.map(([, scriptPubKey]) => output(1000n, scriptPubKey)),
  });
  const count = (...parts: (readonly [Uint8Array, Uint8Array])[]): number => {
    const { t, spent } = spending(parts);
    return executedLegacySigOps(t, spent);
  };
  const NONE = new Uint8Array();

  it('counts what is spent, the input script and the redeem script; not the outputs it makes', () => {
    assert.equal(count([NONE, ops(3)]), 3);
    assert.equal(count([ops(2), ops(3)]), 5);
    assert.equal(count([push(ops(7)), p2sh(ops(7))]), 7);
    assert.equal(count([push(ops(7)), ops(1)]), 1);
    const made = tx({ outputs: [output(1n, ops(100))] });
    assert.equal(executedLegacySigOps(made, [output(1n, NONE)]), 0);
  });

  it('counts multisigs by the keys announced, else 20; witness scripts not at all', () => {
    assert.equal(count([NONE, Uint8Array.of(0x52, CHECKMULTISIG)]), 2);
    assert.equal(count([NONE, Uint8Array.of(0x60, CHECKMULTISIG)]), 16);
    assert.equal(count([NONE, Uint8Array.of(0x01, 0x11, CHECKMULTISIG)]), 20);
    assert.equal(count([NONE, Uint8Array.of(0x00, CHECKMULTISIG)]), 20);
    const wsh = concatBytes(Uint8Array.of(0x00, 32), new Uint8Array(32).fill(CHECKSIG));
    assert.equal(count([NONE, wsh]), 0);
    assert.equal(count([push(wsh), p2sh(wsh)]), 0);
  });

  it("'bad-txns-legacy-sigops': 2500 for all inputs together, not one more", () => {
    const at = (n: number) =>
      spending([
        [ops(1000), ops(500)],
        [push(ops(400)), p2sh(ops(400))],
        [NONE, ops(n - 1900)],
      ]);
    const full = at(2500);
    accepted(checkLegacySigOps(full.t, full.spent));
    const over = at(2501);
    refused(checkLegacySigOps(over.t, over.spent), 'bad-txns-legacy-sigops');
  });

  it('a block with such a transaction fails when it is connected, where the parameter is set', () => {
    for (const [n, ok] of [
      [2500, true],
      [2501, false],
    ] as const) {
      const a = freshOutPoint();
      const t = tx({ inputs: [input(a)], outputs: [output(1000n)] });
      const view = coinsAt([[a, 1000n, { out: output(1000n, ops(n)) }]]);
      const block = blockAt(HEIGHT, { params: CLEAN, txs: [t] });
      const verdict = connectBlock(block, view, contextAt(HEIGHT, CLEAN));
      if (ok) accepted(verdict);
      else refused(verdict, 'bad-txns-legacy-sigops');
      accepted(connectBlock(blockAt(HEIGHT, { txs: [t] }), view, contextAt(HEIGHT)));
    }
  });

  it('the rules hold on cairn-devnet, and on no network of Bitcoin', () => {
    assert.deepEqual(
      ['cairn-devnet', 'regtest', 'bitcoin-main'].map((name) => builtInNetwork(name)?.consensus.bip54),
      [true, false, false],
    );
  });
});
