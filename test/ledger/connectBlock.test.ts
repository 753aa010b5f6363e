import { strict as assert } from 'node:assert';
import { connectBlock } from '../../src/ledger/block/connectBlock.ts';
import { neededCoins } from '../../src/ledger/block/neededCoins.ts';
import { reverseDiff } from '../../src/ledger/utxoDiff.ts';
import { outPointKey } from '../../src/primitives/outpoint.ts';
import { effectOf } from '../../src/primitives/rules.ts';
import { SCRIPT_FLAGS } from '../../src/script/flags.ts';
import {
  accepted,
  blockAt,
  coinbaseOf,
  coinsAt,
  contextAt,
  freshOutPoint,
  input,
  listed,
  NOW,
  output,
  P2WPKH,
  refused,
  tx,
  withHeights,
} from './fixture.ts';

const HEIGHT = 200;
// Height 200 lies in regtest's second era of 150 blocks.
const SUBSIDY = 2_500_000_000n;
const MAX_MONEY = 2_100_000_000_000_000n;

describe('ledger/connectBlock', () => {
  const a = freshOutPoint();
  const b = freshOutPoint(1);
  const view = coinsAt([
    [a, 1000n],
    [b, 500n],
  ]);
  const first = tx({ inputs: [input(a)], outputs: [output(600n), output(300n)] });
  const second = tx({
    inputs: [input(b), input({ txid: first.txid, index: 0 })],
    outputs: [output(1000n, P2WPKH), output(0n, Uint8Array.of(0x6a, 1, 2))],
  });

  it('says which coins go and come; coins made and spent inside appear nowhere, unspendable ones never', () => {
    const block = blockAt(HEIGHT, { txs: [first, second], fees: 200n });
    const { diff, fees } = accepted(connectBlock(block, view, contextAt(HEIGHT)));
    assert.equal(fees, 200n);
    assert.deepEqual(
      diff.spent.map((c) => [outPointKey(c.outpoint), c.coin.out.value]),
      [
        [outPointKey(a), 1000n],
        [outPointKey(b), 500n],
      ],
    );
    const cb = coinbaseOf(block);
    assert.deepEqual(
      diff.added.map((c) => [outPointKey(c.outpoint), c.coin.out.value, c.coin.height, c.coin.coinbase]),
      [
        [outPointKey({ txid: cb.txid, index: 0 }), SUBSIDY + 200n, HEIGHT, true],
        [outPointKey({ txid: first.txid, index: 1 }), 300n, HEIGHT, false],
        [outPointKey({ txid: second.txid, index: 0 }), 1000n, HEIGHT, false],
      ],
    );
    assert.equal(cb.outputs.length, 2, 'the commitment output is not among them');
  });

  it('the reverse restores what was spent and removes what was added', () => {
    const { diff } = accepted(
      connectBlock(blockAt(HEIGHT, { txs: [first, second], fees: 200n }), view, contextAt(HEIGHT)),
    );
    const undo = reverseDiff(diff);
    assert.deepEqual(listed(undo.spent), listed(diff.added));
    assert.deepEqual(listed(undo.added), listed(diff.spent));
    assert.deepEqual(reverseDiff(undo), diff);
  });

  it('leaves one script job per transaction that spends, with all outputs it spends and the flags of the height', () => {
    const block = blockAt(HEIGHT, { txs: [first, second], fees: 200n });
    const { scriptJobs } = accepted(connectBlock(block, view, contextAt(HEIGHT)));
    assert.deepEqual(
      scriptJobs.map((j) => [j.tx.id, j.spent.map((o) => o.value)]),
      [
        [first.id, [1000n]],
        [second.id, [500n, 600n]],
      ],
    );
    const { P2SH, DERSIG, CHECKLOCKTIMEVERIFY, CHECKSEQUENCEVERIFY, WITNESS, NULLDUMMY, TAPROOT } = SCRIPT_FLAGS;
    const all = P2SH | DERSIG | CHECKLOCKTIMEVERIFY | CHECKSEQUENCEVERIFY | WITNESS | NULLDUMMY | TAPROOT;
    for (const job of scriptJobs) assert.equal(job.flags, all);
  });

  it("'bad-txns-inputs-missingorspent': unknown coin, child before parent, or spent twice in the block", () => {
    const at = contextAt(HEIGHT);
    const unknown = tx();
    refused(connectBlock(blockAt(HEIGHT, { txs: [unknown] }), view, at), 'bad-txns-inputs-missingorspent');
    refused(connectBlock(blockAt(HEIGHT, { txs: [second, first] }), view, at), 'bad-txns-inputs-missingorspent');
    const again = tx({ inputs: [input(a)], outputs: [output(1n)] });
    refused(connectBlock(blockAt(HEIGHT, { txs: [first, again] }), view, at), 'bad-txns-inputs-missingorspent');
    const inner = tx({ inputs: [input({ txid: first.txid, index: 0 })], outputs: [output(1n)] });
    refused(connectBlock(blockAt(HEIGHT, { txs: [first, second, inner] }), view, at), 'bad-txns-inputs-missingorspent');
  });

  it('an unspendable output cannot be spent, not even within its block', () => {
    const burn = tx({
      inputs: [input(a)],
      outputs: [output(1n, Uint8Array.of(0x6a)), output(1n, new Uint8Array(10_001))],
    });
    for (const index of [0, 1]) {
      const spend = tx({ inputs: [input({ txid: burn.txid, index })], outputs: [output(1n)] });
      refused(
        connectBlock(blockAt(HEIGHT, { txs: [burn, spend] }), view, contextAt(HEIGHT)),
        'bad-txns-inputs-missingorspent',
      );
    }
  });

  it("'bad-txns-premature-spend-of-coinbase': the block's own coinbase, or one of depth 99", () => {
    const spend = (value: bigint) => tx({ inputs: [input(a)], outputs: [output(value)] });
    const aged = (height: number) => coinsAt([[a, 1000n, { height, coinbase: true }]]);
    accepted(connectBlock(blockAt(HEIGHT, { txs: [spend(1000n)] }), aged(HEIGHT - 100), contextAt(HEIGHT)));
    refused(
      connectBlock(blockAt(HEIGHT, { txs: [spend(1000n)] }), aged(HEIGHT - 99), contextAt(HEIGHT)),
      'bad-txns-premature-spend-of-coinbase',
    );
    const bare = withHeights({ segwit: 1000 });
    const plain = blockAt(HEIGHT, { params: bare });
    const spendOwn = tx({ inputs: [input({ txid: coinbaseOf(plain).txid, index: 0 })], outputs: [output(1n)] });
    refused(
      connectBlock(blockAt(HEIGHT, { params: bare, txs: [spendOwn] }), view, contextAt(HEIGHT, bare)),
      'bad-txns-premature-spend-of-coinbase',
    );
  });

  it("'bad-txns-in-belowout' and 'bad-txns-inputvalues-outofrange'", () => {
    const over = tx({ inputs: [input(a)], outputs: [output(1001n)] });
    refused(connectBlock(blockAt(HEIGHT, { txs: [over] }), view, contextAt(HEIGHT)), 'bad-txns-in-belowout');
    const rich = coinsAt([
      [a, MAX_MONEY],
      [b, 1n],
    ]);
    const sum = tx({ inputs: [input(a), input(b)], outputs: [output(1n)] });
    refused(connectBlock(blockAt(HEIGHT, { txs: [sum] }), rich, contextAt(HEIGHT)), 'bad-txns-inputvalues-outofrange');
  });

  it("'bad-txns-accumulated-fee-outofrange': fees that only together exceed 21,000,000 coins", () => {
    const rich = coinsAt([
      [a, MAX_MONEY],
      [b, 2n],
    ]);
    const [x, y] = [a, b].map((o) => tx({ inputs: [input(o)], outputs: [output(1n)] }));
    assert.ok(x && y);
    const z = tx({ inputs: [input({ txid: x.txid, index: 0 })], outputs: [output(0n)] });
    accepted(connectBlock(blockAt(HEIGHT, { txs: [x, y] }), rich, contextAt(HEIGHT)));
    refused(
      connectBlock(blockAt(HEIGHT, { txs: [x, y, z] }), rich, contextAt(HEIGHT)),
      'bad-txns-accumulated-fee-outofrange',
    );
  });

  it("'bad-txns-nonfinal': relative locks from BIP68's height on, also on coins of the same block", () => {
    const locked = tx({ inputs: [input(a, { sequence: 10 })], outputs: [output(1n)] });
    const at = (height: number) => coinsAt([[a, 1000n, { height }]]);
    accepted(connectBlock(blockAt(HEIGHT, { txs: [locked] }), at(HEIGHT - 10), contextAt(HEIGHT)));
    refused(connectBlock(blockAt(HEIGHT, { txs: [locked] }), at(HEIGHT - 9), contextAt(HEIGHT)), 'bad-txns-nonfinal');
    const before = withHeights({ csv: HEIGHT + 1 });
    accepted(connectBlock(blockAt(HEIGHT, { txs: [locked] }), at(HEIGHT - 9), contextAt(HEIGHT, before)));
    const child = tx({ inputs: [input({ txid: first.txid, index: 0 }, { sequence: 1 })], outputs: [output(1n)] });
    refused(connectBlock(blockAt(HEIGHT, { txs: [first, child] }), view, contextAt(HEIGHT)), 'bad-txns-nonfinal');
  });

  it("'bad-txns-nonfinal': time locks count from the median time before the coin's block", () => {
    const locked = tx({ inputs: [input(a, { sequence: (1 << 22) | 2 })], outputs: [output(1n)] });
    const coins = coinsAt([[a, 1000n, { height: HEIGHT - 1 }]]);
    const ctx = (start: number) => ({ ...contextAt(HEIGHT), medianTimePast: NOW, medianTimeAt: () => start });
    accepted(connectBlock(blockAt(HEIGHT, { txs: [locked] }), coins, ctx(NOW - 1024)));
    refused(connectBlock(blockAt(HEIGHT, { txs: [locked] }), coins, ctx(NOW - 1023)), 'bad-txns-nonfinal');
  });

  it("'bad-blk-sigops': legacy, P2SH and witness operations add up to a cost of 80,000", () => {
    // Spending P2WPKH costs one each; 19,999 legacy operations cost 79,996.
    const outpoints = Array.from({ length: 5 }, () => freshOutPoint());
    const coins = coinsAt(outpoints.map((o) => [o, 10n, { out: output(10n, P2WPKH) }] as const));
    const legacy = tx({
      inputs: [input(outpoints[0]!)],
      outputs: [output(0n, new Uint8Array(19_999).fill(0xac))],
    });
    const spends = (n: number) => tx({ inputs: outpoints.slice(1, 1 + n).map((o) => input(o)), outputs: [output(0n)] });
    accepted(connectBlock(blockAt(HEIGHT, { txs: [legacy, spends(3)] }), coins, contextAt(HEIGHT)));
    refused(connectBlock(blockAt(HEIGHT, { txs: [legacy, spends(4)] }), coins, contextAt(HEIGHT)), 'bad-blk-sigops');
  });

  it("'bad-cb-amount': subsidy and fees to the satoshi, halved at 150", () => {
    const at = (height: number, fees: bigint) =>
      connectBlock(blockAt(height, { txs: [first], fees }), view, contextAt(height));
    accepted(at(HEIGHT, 100n));
    accepted(at(HEIGHT, 0n));
    refused(at(HEIGHT, 101n), 'bad-cb-amount');
    const greedy = (height: number) => blockAt(height, { fees: 2_500_000_000n });
    refused(connectBlock(greedy(150), view, contextAt(150)), 'bad-cb-amount');
    refused(connectBlock(greedy(149), view, contextAt(149)), 'bad-cb-amount');
    accepted(connectBlock(blockAt(149), view, contextAt(149)));
  });

  it("'bad-txns-BIP30': an unspent output of the same id, where heights do not make ids unique", () => {
    const params = withHeights({ bip34: 1000 });
    const block = blockAt(HEIGHT, { params });
    const taken = coinsAt([[{ txid: coinbaseOf(block).txid, index: 0 }, 5n]]);
    refused(connectBlock(block, taken, contextAt(HEIGHT, params)), 'bad-txns-BIP30');
    accepted(connectBlock(block, coinsAt([]), contextAt(HEIGHT, params)));
  });

  it('judging twice gives the same, and a refused block changes nothing it was given', () => {
    const block = blockAt(HEIGHT, { txs: [first, second], fees: 201n });
    refused(connectBlock(block, view, contextAt(HEIGHT)), 'bad-cb-amount');
    refused(connectBlock(block, view, contextAt(HEIGHT)), 'bad-cb-amount');
    assert.equal(view.coin(a)?.out.value, 1000n);
  });

  it('an amount broken by a block is for good', () => {
    for (const rule of ['bad-cb-amount', 'bad-blk-sigops', 'bad-txns-BIP30', 'bad-txns-nonfinal'] as const)
      assert.deepEqual(effectOf(rule), { gossip: 'reject', penalty: 100, remember: true });
  });
});

describe('ledger/neededCoins', () => {
  const [a, b] = [freshOutPoint(), freshOutPoint()];
  const first = tx({ inputs: [input(a)], outputs: [output(1n), output(0n, Uint8Array.of(0x6a))] });
  const second = tx({ inputs: [input({ txid: first.txid, index: 0 }), input(b)], outputs: [output(1n)] });

  it('asks for what is spent and not made before it, in order, without the coinbase', () => {
    const block = blockAt(HEIGHT, { txs: [first, second] });
    assert.deepEqual(neededCoins(block, contextAt(HEIGHT)).map(outPointKey), [a, b].map(outPointKey));
    const swapped = blockAt(HEIGHT, { txs: [second, first] });
    assert.deepEqual(
      neededCoins(swapped, contextAt(HEIGHT)).map(outPointKey),
      [{ txid: first.txid, index: 0 }, b, a].map(outPointKey),
    );
    assert.deepEqual(neededCoins(blockAt(HEIGHT), contextAt(HEIGHT)), []);
  });

  it('asks for every spendable output as well where BIP30 is looked up', () => {
    const block = blockAt(HEIGHT, { txs: [first] });
    const made = [
      { txid: coinbaseOf(block).txid, index: 0 },
      { txid: first.txid, index: 0 },
    ];
    assert.deepEqual(
      neededCoins(block, contextAt(HEIGHT, withHeights({ bip34: 500 }))).map(outPointKey),
      [a, ...made].map(outPointKey),
    );
  });
});
