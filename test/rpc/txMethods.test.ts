import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { scriptBackend } from '../../src/app/backend/scripts.ts';
import type { Network } from '../../src/params/network.ts';
import { broken } from '../../src/primitives/rules.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { coinbaseOf, spend } from '../chain/regtestMiner.ts';
import { vectorJson, vectorPath, vectorText } from '../support/vectors.ts';
import { FakeNode } from './fakeNode.ts';
import { type Caller, caller, fails, type Loose } from './setup.ts';

const P2WPKH = fromHex(`0014${'33'.repeat(20)}`);
const COIN = 100_000_000n;
const ZERO = '00'.repeat(32);

function funded(): { node: FakeNode; call: Caller; tx: Tx; hex: string } {
  const node = new FakeNode();
  const coinbase = coinbaseOf(node.mine([], P2WPKH));
  const tx = spend([{ tx: coinbase, index: 0 }], [{ value: 49n * COIN, scriptPubKey: P2WPKH }]);
  return { node, call: caller(node.full()), tx, hex: toHex(tx.bytes) };
}

describe('decoderawtransaction', () => {
  const names = [
    'blanktxv1',
    'blanktxv2',
    'tt-delin1-out',
    'tt-delout1-out',
    'tt-locktime317000-out',
    'txcreate1',
    'txcreate2',
    'txcreatedata1',
    'txcreatedata2',
    'txcreatedata_seq0',
    'txcreatedata_seq1',
    'txcreatemultisig1',
    'txcreatemultisig2',
    'txcreatemultisig3',
    'txcreatemultisig4',
    'txcreatemultisig5',
    'txcreateoutpubkey1',
    'txcreateoutpubkey2',
    'txcreateoutpubkey3',
    'txcreatescript1',
    'txcreatescript2',
    'txcreatescript3',
    'txcreatescript4',
    'txcreatesignv1',
  ];
  const mainnet = {
    pubKeyHash: 0,
    scriptHash: 5,
    wif: 128,
    bech32: 'bc',
    bip32Public: 0x0488b21e,
    bip32Private: 0x0488ade4,
    bip44CoinType: 0,
  };
  const node = new FakeNode();
  const full = node.full();
  const network: Network = { ...node.network, prefixes: mainnet };
  const call = caller({ ...full, node: { ...full.node, network }, scripts: scriptBackend(mainnet) });

  for (const name of names) {
    it(`prints ${name} as bitcoin-tx does`, async function () {
      if (!existsSync(vectorPath(this, `core/util/${name}.json`))) throw new Error(`no vector ${name}`);
      const { hex, ...expected } = vectorJson<Loose>(this, `core/util/${name}.json`);
      assert.deepEqual(await call('decoderawtransaction', hex), expected);
    });
  }

  it('prints amounts with the very text of bitcoin-tx', async function () {
    const text = vectorText(this, 'core/util/txcreate1.json');
    const { writeJson } = await import('../../src/rpc/json.ts');
    const { makeDispatcher } = await import('./setup.ts');
    const { hex } = JSON.parse(text) as { hex: string };
    const dispatcher = makeDispatcher({ ...full, node: { ...full.node, network }, scripts: scriptBackend(mainnet) });
    const printed = writeJson(await dispatcher.call('decoderawtransaction', [hex]), 4);
    const amounts = (json: string): string[] => [...json.matchAll(/"value": ([0-9.e-]+)/g)].map((m) => m[1] as string);
    assert.ok(amounts(text).length > 0);
    assert.deepEqual(amounts(printed), amounts(text));
  });

  it('obeys iswitness for text that can be read both ways', async () => {
    const blank = '01000000000000000000';
    assert.equal((await call('decoderawtransaction', blank)).vin.length, 0);
    assert.equal((await call('decoderawtransaction', blank, false)).size, 10);
    const { hex } = funded();
    const witness = (await call('decoderawtransaction', hex, true)).txid;
    assert.equal((await call('decoderawtransaction', hex, false)).txid, witness);
  });

  it('refuses garbage, odd hex and trailing bytes with -22', async () => {
    const { hex } = funded();
    for (const bad of ['', '0', '00', 'zz', `${hex}00`, hex.slice(0, -2), 'ff'.repeat(1000)]) {
      await fails(call('decoderawtransaction', bad), -22, 'TX decode failed');
    }
  });
});

describe('decodescript', () => {
  it("prints Bitcoin Core's vectors", async function () {
    const cases = vectorJson<[string, Loose][]>(this, 'core/rpc_decodescript.json');
    assert.ok(cases.length > 0);
    const call = caller(new FakeNode().full());
    for (const [script, expected] of cases) assert.deepEqual(await call('decodescript', script), expected, script);
  });

  it('shows the witness form in the order of Bitcoin Core, with the descriptor of the script inside', async () => {
    const call = caller(new FakeNode().full());
    const key = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    const { segwit } = await call('decodescript', `5121${key}51ae`);
    assert.deepEqual(Object.keys(segwit), ['asm', 'desc', 'hex', 'address', 'type', 'p2sh-segwit']);
    assert.equal(segwit.desc, `wsh(multi(1,${key}))#ukecy0kt`);
    assert.equal(segwit.address, 'bcrt1q9qs9xv7mjghkd69fgx62xttxmeww5q7eekjxu0nxtzf4yu4ekf8s0sr689');
  });

  it('shows no wrapped forms of what can never be spent', async () => {
    const call = caller(new FakeNode().full());
    for (const script of ['6a76', '61'.repeat(10_001)]) {
      const { type, p2sh, segwit } = await call('decodescript', script);
      assert.deepEqual([type, p2sh, segwit], ['nonstandard', undefined, undefined]);
    }
    assert.notEqual((await call('decodescript', '61'.repeat(10_000))).p2sh, undefined);
  });
});

describe('getrawtransaction', () => {
  it('finds transactions in the pool, by index and in a given block', async () => {
    const { node, call, tx, hex } = funded();
    node.addToPool(tx, COIN);
    assert.equal(await call('getrawtransaction', tx.id), hex);
    const pooled = await call('getrawtransaction', tx.id, 1);
    assert.deepEqual(
      [pooled.blockhash, pooled.confirmations, pooled.in_active_chain],
      [undefined, undefined, undefined],
    );
    assert.equal((await call('getrawtransaction', tx.id, 2)).fee, 1);
    node.pool.length = 0;
    const block = node.mine([tx], P2WPKH);
    const confirmed = await call('getrawtransaction', tx.id, true);
    assert.deepEqual(
      [confirmed.blockhash, confirmed.confirmations, confirmed.blocktime],
      [block.header.id, 1, block.header.time],
    );
    assert.equal(confirmed.hex, hex);
    const given = await call('getrawtransaction', tx.id, 2, block.header.id);
    assert.equal(given.in_active_chain, true);
    assert.equal(given.vin[0].prevout.value, 50);
    await fails(call('getrawtransaction', tx.id, 1, ZERO), -5, 'Block hash not found');
    await fails(
      call('getrawtransaction', ZERO, 1, block.header.id),
      -5,
      /^No such transaction found in the provided block/,
    );
  });

  it('says what is missing when there is no index', async () => {
    const { node, call, tx } = funded();
    node.mine([tx]);
    node.txIndexSynced = false;
    await fails(
      call('getrawtransaction', '77'.repeat(32)),
      -5,
      /^No such mempool transaction\. Blockchain transactions are still/,
    );
    node.txIndex = false;
    await fails(call('getrawtransaction', tx.id), -5, /^No such mempool transaction\. Use -txindex/);
  });

  it('does not give the coinbase of a Bitcoin genesis block', async () => {
    const { node, call } = funded();
    const id = coinbaseOf(node.network.genesis).id;
    await fails(
      call('getrawtransaction', id),
      -5,
      /^The genesis block coinbase is not considered an ordinary transaction/,
    );
  });
});

describe('sendrawtransaction', () => {
  it('hands it to the node and returns its id', async () => {
    const { node, call, tx, hex } = funded();
    assert.equal(await call('sendrawtransaction', hex), tx.id);
    assert.deepEqual(
      node.sent.map(({ id }) => id),
      [tx.id],
    );
    assert.equal(await call('sendrawtransaction', hex), tx.id);
  });

  it('works on a light node, whose peers give the verdict', async () => {
    const { node, tx, hex } = funded();
    const light = caller(node.light());
    assert.equal(await light('sendrawtransaction', hex), tx.id);
    node.refuse = broken('min relay fee not met', '0 < 110');
    await fails(light('sendrawtransaction', hex), -26, 'min relay fee not met, 0 < 110');
  });

  it("answers refusals with Bitcoin Core's codes and words", async () => {
    const { node, call, hex } = funded();
    const cases = [
      [broken('missing-inputs', 'x'), -25, 'bad-txns-inputs-missingorspent'],
      [broken('bad-txns-inputs-missingorspent', ''), -25, 'bad-txns-inputs-missingorspent'],
      [broken('max-fee-exceeded', 'x'), -25, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)'],
      [broken('txn-mempool-conflict', ''), -26, 'txn-mempool-conflict'],
      [
        broken('mandatory-script-verify-flag-failed', 'EVAL_FALSE'),
        -26,
        'mandatory-script-verify-flag-failed, EVAL_FALSE',
      ],
      [
        broken('mandatory-script-verify-flag-failed', 'input 0', 'mempool-script-verify-flag-failed (words)'),
        -26,
        'mempool-script-verify-flag-failed (words), input 0',
      ],
    ] as const;
    for (const [verdict, code, message] of cases) {
      node.refuse = verdict;
      await fails(call('sendrawtransaction', hex), code, message);
    }
  });

  it('knows transactions that are in the chain: -27', async () => {
    const { node, call, tx, hex } = funded();
    node.mine([tx]);
    await fails(call('sendrawtransaction', hex), -27, 'Transaction outputs already in utxo set');
  });

  it('does not burn more than allowed, and takes no absurd fee rate', async () => {
    const { node, call } = funded();
    const coinbase = coinbaseOf(node.mine([], P2WPKH));
    const burn = spend([{ tx: coinbase, index: 0 }], [{ value: 1000n, scriptPubKey: fromHex('6a0101') }]);
    const hex = toHex(burn.bytes);
    await fails(
      call('sendrawtransaction', hex, 0),
      -25,
      'Unspendable output exceeds maximum configured by user (maxburnamount)',
    );
    assert.equal(await call('sendrawtransaction', hex, 0, '0.00001'), burn.id);
    await fails(
      call('sendrawtransaction', hex, 1, 1),
      -8,
      'Fee rates larger than or equal to 1BTC/kvB are not accepted',
    );
  });

  it('refuses garbage with -22', async () => {
    const { call } = funded();
    for (const bad of ['', 'zz', '00', '0100000000000000000000']) {
      await fails(call('sendrawtransaction', bad), -22, 'TX decode failed. Make sure the tx has at least one input.');
    }
  });
});

describe('testmempoolaccept', () => {
  it('judges without sending', async () => {
    const { node, call, tx, hex } = funded();
    const [verdict] = await call('testmempoolaccept', [hex]);
    assert.equal(verdict.allowed, true);
    assert.equal(verdict.fees.base, 1);
    assert.deepEqual(verdict.fees['effective-includes'], [tx.id]);
    assert.equal(node.sent.length + node.pool.length, 0);
    node.refuse = broken('missing-inputs', '');
    const [missing] = await call('testmempoolaccept', [hex]);
    assert.deepEqual([missing.allowed, missing['reject-reason']], [false, 'missing-inputs']);
  });

  it('takes 1 to 25 transactions of hex text', async () => {
    const { call, hex } = funded();
    const message = 'Array must contain between 1 and 25 transactions.';
    await fails(call('testmempoolaccept', []), -8, message);
    await fails(call('testmempoolaccept', Array(26).fill(hex)), -8, message);
    await fails(call('testmempoolaccept', ['zz']), -22, /^TX decode failed: zz /);
    await fails(call('testmempoolaccept', [5]), -3, 'JSON value of type number is not of expected type string');
  });
});

describe('the pool', () => {
  it('counts ancestors, descendants and the fees of both', async () => {
    const { node, call, tx } = funded();
    const child = spend([{ tx, index: 0 }], [{ value: 40n * COIN, scriptPubKey: P2WPKH }]);
    node.addToPool(tx, COIN);
    node.addToPool(child, 9n * COIN);
    const top = await call('getmempoolentry', tx.id);
    const low = await call('getmempoolentry', child.id);
    assert.deepEqual([top.ancestorcount, top.descendantcount, low.ancestorcount, low.descendantcount], [1, 2, 2, 1]);
    assert.deepEqual([top.fees.base, top.fees.ancestor, top.fees.descendant], [1, 1, 10]);
    assert.deepEqual([top.spentby, low.depends, top.depends, low.spentby], [[child.id], [tx.id], [], []]);
    // The child pays better than its parent: both are mined together.
    assert.deepEqual([top.fees.chunk, low.fees.chunk], [10, 10]);
    assert.equal(top.chunkweight, tx.weight + child.weight);
    assert.equal(top['bip125-replaceable'], false);
    assert.deepEqual(Object.keys(await call('getrawmempool', true)).sort(), [tx.id, child.id].sort());
    assert.deepEqual(await call('getmempoolancestors', child.id), [tx.id]);
    assert.deepEqual(await call('getmempooldescendants', tx.id), [child.id]);
    assert.deepEqual(await call('gettxspendingprevout', [{ txid: tx.id, vout: 0 }]), [
      { txid: tx.id, vout: 0, spendingtxid: child.id },
    ]);
  });

  it('splits parent and child when the child pays less', async () => {
    const { node, call, tx } = funded();
    const child = spend([{ tx, index: 0 }], [{ value: 40n * COIN, scriptPubKey: P2WPKH }]);
    node.addToPool(tx, 9n * COIN);
    node.addToPool(child, COIN);
    assert.equal((await call('getmempoolentry', tx.id)).fees.chunk, 9);
    assert.equal((await call('getmempoolentry', child.id)).fees.chunk, 1);
  });

  it('sorts long chains in bounded time', async function () {
    this.timeout(5000);
    const { node, call, tx } = funded();
    let last = tx;
    for (let i = 0; i < 120; i++) {
      node.addToPool(last, BigInt(1000 + i));
      last = spend([{ tx: last, index: 0 }], [{ value: 1000n, scriptPubKey: P2WPKH }]);
    }
    assert.equal(Object.keys(await call('getrawmempool', true)).length, 120);
  });

  it('refuses bad arguments', async () => {
    const { call } = funded();
    await fails(call('getmempoolentry', ZERO), -5, 'Transaction not in mempool');
    await fails(call('getrawmempool', true, true), -8, 'Verbose results cannot contain mempool sequence values.');
    await fails(call('gettxspendingprevout', []), -8, 'Invalid parameter, outputs are missing');
    await fails(
      call('gettxspendingprevout', [{ txid: ZERO, vout: -1 }]),
      -8,
      'Invalid parameter, vout cannot be negative',
    );
    await fails(call('gettxspendingprevout', [5]), -3, 'JSON value of type number is not of expected type object');
  });
});
