import assert from 'node:assert/strict';
import { decodeBlock, encodeBlock } from '../../src/primitives/block.ts';
import { encodeHeader } from '../../src/primitives/header.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { coinbaseOf, mine, placeOf, spend } from '../chain/regtestMiner.ts';
import { vectorJson } from '../support/vectors.ts';
import { FakeNode } from './fakeNode.ts';
import { caller, fails, type Loose } from './setup.ts';

const GENESIS = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';
const ZERO = '00'.repeat(32);
const P2WPKH = fromHex(`0014${'22'.repeat(20)}`);
const COIN = 100_000_000n;

describe('chain methods', () => {
  const node = new FakeNode();
  const call = caller(node.full());
  const first = node.mine([], P2WPKH);
  const pay = spend([{ tx: coinbaseOf(first), index: 0 }], [{ value: 49n * COIN, scriptPubKey: P2WPKH }]);
  const again = spend([{ tx: pay, index: 0 }], [{ value: 48n * COIN, scriptPubKey: P2WPKH }]);
  const second = node.mine([pay, again], P2WPKH);
  node.mine();

  it('a node that prunes says so in getblockchaininfo, with Bitcoin Core’s fields', async () => {
    const node = new FakeNode();
    const full = node.full();
    const backend = (targetBytes: number | undefined) => ({
      ...full,
      blocks: { ...full.blocks, pruning: { targetBytes, lowest: () => 5, prune: async () => {} } },
    });
    const plain = (await call('getblockchaininfo')) as Record<string, unknown>;
    assert.equal(plain.pruned, false);
    assert.equal('pruneheight' in plain || 'automatic_pruning' in plain || 'prune_target_size' in plain, false);
    const manual = (await caller(backend(undefined))('getblockchaininfo')) as Record<string, unknown>;
    assert.deepEqual([manual.pruned, manual.pruneheight, manual.automatic_pruning], [true, 5, false]);
    assert.equal('prune_target_size' in manual, false);
    const automatic = (await caller(backend(550 << 20))('getblockchaininfo')) as Record<string, unknown>;
    assert.deepEqual([automatic.automatic_pruning, automatic.prune_target_size], [true, 550 << 20]);
  });

  it('getblockchaininfo tells explorers regtest and people the name of the network', async () => {
    const info = await call('getblockchaininfo');
    assert.equal(info.chain, 'regtest');
    assert.equal(info.networkid, 'regtest');
    assert.equal(info.blocks, 3);
    assert.equal(info.verificationprogress, 1);
    assert.equal(info.bits, '207fffff');
    assert.equal(info.target, `7fffff${'0'.repeat(58)}`);
    assert.equal(info.chainwork, (8).toString(16).padStart(64, '0'));
    assert.deepEqual(info.warnings, ['a warning']);
    const devnet = await caller(new FakeNode('cairn-devnet').full())('getblockchaininfo');
    assert.deepEqual([devnet.chain, devnet.networkid], ['regtest', 'cairn-devnet']);
  });

  it('getblockheader: genesis, tip, bytes, unknown', async () => {
    const genesis = await call('getblockheader', GENESIS);
    assert.equal(genesis.previousblockhash, undefined);
    assert.equal(genesis.nextblockhash, first.header.id);
    assert.equal(genesis.confirmations, 4);
    assert.equal(genesis.versionHex, '00000001');
    assert.equal(genesis.difficulty, 4.656542373906925e-10);
    const tip = await call('getblockheader', node.tip.header.id);
    assert.equal(tip.nextblockhash, undefined);
    assert.equal(tip.confirmations, 1);
    assert.equal(await call('getblockheader', GENESIS, false), toHex(encodeHeader(node.network.genesis.header)));
    await fails(call('getblockheader', ZERO), -5, 'Block not found');
  });

  it('getblock gives the same bytes that went in, and txids, transactions or prevouts', async () => {
    const id = second.header.id;
    assert.equal(await call('getblock', id, 0), toHex(encodeBlock(second)));
    assert.equal(await call('getblock', id, false), toHex(encodeBlock(second)));
    const ids = await call('getblock', id);
    assert.deepEqual(
      ids.tx,
      second.txs.map((tx) => tx.id),
    );
    assert.deepEqual(await call('getblock', id, true), ids);
    assert.equal(ids.coinbase_tx.coinbase, toHex(coinbaseOf(second).inputs[0]?.scriptSig as Uint8Array));
    const full = await call('getblock', id, 2);
    assert.deepEqual(
      full.tx.map((tx: Loose) => tx.fee),
      [undefined, 1, 1],
    );
    assert.equal(full.tx[1].vin[0].prevout, undefined);
    const deep = await call('getblock', id, 3);
    assert.deepEqual([deep.tx[1].vin[0].prevout.generated, deep.tx[1].vin[0].prevout.height], [true, 1]);
    assert.deepEqual([deep.tx[2].vin[0].prevout.generated, deep.tx[2].vin[0].prevout.height], [false, 2]);
    assert.equal(deep.tx[2].vin[0].prevout.value, 49);
    assert.equal(deep.tx[0].vin[0].coinbase, ids.coinbase_tx.coinbase);
  });

  it('getblock of genesis has no fees and fails for bodies that are not there', async () => {
    const genesis = await call('getblock', GENESIS, 3);
    assert.equal(genesis.tx[0].fee, undefined);
    assert.equal(genesis.tx[0].vout[0].value, 50);
    const other = new FakeNode();
    const loose = mine(other.tip);
    other.addHeader(loose, 'header', 0);
    await fails(caller(other.full())('getblock', loose.header.id), -1, 'Block not available (not fully downloaded)');
  });

  it('a side branch has -1 confirmations and a tip of its own', async () => {
    const own = new FakeNode();
    const base = own.mine();
    own.mine();
    const side = mine(placeOf(base, 1));
    const ask = caller(own.full());
    assert.equal(await ask('submitblock', toHex(encodeBlock(side))), 'inconclusive');
    const header = await ask('getblockheader', side.header.id);
    assert.deepEqual([header.confirmations, header.nextblockhash], [-1, undefined]);
    const tips = await ask('getchaintips');
    assert.deepEqual(
      tips.map(({ height, branchlen, status }: Loose) => [height, branchlen, status]).sort(),
      [
        [2, 0, 'active'],
        [2, 1, 'valid-headers'],
      ].sort(),
    );
  });

  it('gettxout: confirmed, unconfirmed, spent in the pool, unknown', async () => {
    const own = new FakeNode();
    const ask = caller(own.full());
    const coinbase = coinbaseOf(own.mine([], P2WPKH));
    const out = await ask('gettxout', coinbase.id, 0);
    assert.deepEqual([out.value, out.confirmations, out.coinbase, out.bestblock], [50, 1, true, own.tip.header.id]);
    assert.equal(out.scriptPubKey.type, 'witness_v0_keyhash');
    const tx = spend([{ tx: coinbase, index: 0 }], [{ value: 49n * COIN, scriptPubKey: P2WPKH }]);
    own.addToPool(tx, COIN);
    assert.equal(await ask('gettxout', coinbase.id, 0), null);
    assert.equal((await ask('gettxout', coinbase.id, 0, false)).value, 50);
    assert.deepEqual(
      (({ value, confirmations, coinbase: cb }) => [value, confirmations, cb])(await ask('gettxout', tx.id, 0)),
      [49, 0, false],
    );
    for (const n of [1, 4_294_967_295]) assert.equal(await ask('gettxout', tx.id, n), null);
    for (const n of [-1, 4_294_967_296, 0.5]) await fails(ask('gettxout', tx.id, n), -1, 'JSON integer out of range');
    assert.equal(await ask('gettxout', ZERO, 0), null);
  });

  it('submitblock: accepted, known, garbage; fills in a missing witness nonce', async () => {
    const own = new FakeNode();
    const ask = caller(own.full());
    const block = mine(own.tip);
    const bytes = toHex(encodeBlock(block));
    assert.equal(await ask('submitblock', bytes), null);
    assert.equal(await ask('submitblock', bytes), 'duplicate');
    for (const bad of ['00', 'zz', '0', '', `${bytes}00`])
      await fails(ask('submitblock', bad), -22, 'Block decode failed');
    const orphan = mine(placeOf(mine(placeOf(block, 1)), 2));
    assert.equal(await ask('submitblock', toHex(encodeBlock(orphan))), 'prev-blk-not-found');
    assert.equal(decodeBlock(fromHex(bytes)).txs.length, 1);
  });

  it('submitheader: parent first, then accepted', async () => {
    const own = new FakeNode();
    const ask = caller(own.full());
    const block = mine(own.tip);
    const next = mine(placeOf(block, 1));
    await fails(
      ask('submitheader', toHex(encodeHeader(next.header))),
      -25,
      `Must submit previous header (${block.header.id}) first`,
    );
    assert.equal(await ask('submitheader', toHex(encodeHeader(block.header))), null);
    assert.equal(await ask('submitheader', toHex(encodeHeader(next.header))), null);
    await fails(ask('submitheader', '00'.repeat(79)), -22, 'Block header decode failed');
  });

  it('getblockseal is empty under proof of work', async () => {
    assert.equal(await call('getblockseal', GENESIS), '');
  });

  it('errors are those recorded from Bitcoin Core', async function () {
    const { errors } = vectorJson<{
      errors: Record<string, { method: string; params: string; code: number; message: string }>;
    }>(this, 'rpc/recorded-shapes-core-0.21.json');
    const names = [
      'unknown method',
      'height out of range',
      'unknown block',
      'bad hash length',
      'bad hash hex',
      'unknown tx',
      'decode garbage',
      'decode nonhex',
      'submit garbage',
      'mempool entry missing',
      'disconnect unknown',
      'invalid estimate target',
      'gettxoutproof none',
    ];
    for (const name of names) {
      const { method, params, code, message } = errors[name] as (typeof errors)[string];
      await fails(call(method, ...JSON.parse(params)), code, message);
    }
  });
});

describe('proofs', () => {
  const node = new FakeNode();
  const call = caller(node.full());
  const coinbases = [node.mine([], P2WPKH), node.mine([], P2WPKH), node.mine([], P2WPKH)].map(coinbaseOf);
  const txs = coinbases.map((tx) => spend([{ tx, index: 0 }], [{ value: COIN, scriptPubKey: P2WPKH }]));
  const block = node.mine(txs, P2WPKH);
  const ids = txs.map((tx) => tx.id);

  it('made here verify here, on full and light nodes', async () => {
    const proof = await call('gettxoutproof', [ids[0] as string, ids[2] as string]);
    assert.deepEqual(await call('verifytxoutproof', proof), [ids[0], ids[2]]);
    assert.deepEqual(await caller(node.light())('verifytxoutproof', proof), [ids[0], ids[2]]);
    assert.equal(await call('gettxoutproof', [ids[0] as string, ids[2] as string], block.header.id), proof);
  });

  it('that were changed prove nothing that is not in the block', async () => {
    const proof: string = await call('gettxoutproof', [ids[1] as string]);
    const flip = (at: number): string => proof.slice(0, at) + (proof[at] === '0' ? '1' : '0') + proof.slice(at + 1);
    const held = block.txs.map((tx) => tx.id);
    let unharmed = 0;
    for (let at = 0; at < proof.length; at++) {
      const answer: string[] = await call('verifytxoutproof', flip(at)).catch(() => []);
      for (const id of answer) assert.ok(held.includes(id), id);
      if (answer.length > 0) unharmed++;
    }
    // A neighbour's own mark and the padding of the last byte are free, as in Bitcoin Core; everything else breaks it.
    assert.ok(unharmed <= 2, `${unharmed} changes left it valid`);
  });

  it('of blocks that are not in the chain are an error', async () => {
    const proof = await call('gettxoutproof', [ids[0] as string]);
    await fails(caller(new FakeNode().full())('verifytxoutproof', proof), -5, 'Block not found in chain');
    await fails(call('verifytxoutproof', '00'), -22, /^Proof decode failed/);
    await fails(call('verifytxoutproof', 'xyz'), -8, "argument must be hexadecimal string (not 'xyz')");
  });

  it('need at least one txid and none twice', async () => {
    await fails(call('gettxoutproof', []), -8, "Parameter 'txids' cannot be empty");
    await fails(call('gettxoutproof', [ZERO, ZERO]), -8, `Invalid parameter, duplicated txid: ${ZERO}`);
    await fails(call('gettxoutproof', ['ab']), -8, /txid must be of length 64/);
  });
});

describe('waiting methods', () => {
  it('return when the tip moves, when the time is over, and leave no listener', async () => {
    const node = new FakeNode();
    const call = caller(node.full());
    const height = call('waitforblockheight', 2, 10_000);
    const next = call('waitfornewblock', 10_000);
    node.mine();
    assert.equal((await next).height, 1);
    node.mine();
    assert.deepEqual(await height, { hash: node.tip.header.id, height: 2 });
    assert.equal((await call('waitforblock', ZERO, 20)).height, 2);
    assert.equal((await call('waitforblockheight', 1)).height, 2);
    assert.equal((await call('waitfornewblock', 0, ZERO)).height, 2);
    await fails(call('waitfornewblock', -1), -1, 'Negative timeout');
    assert.equal(node.listenerCount(), 0);
  });
});
