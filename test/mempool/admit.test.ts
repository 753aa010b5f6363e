import assert from 'node:assert/strict';
import { type RuleCode, reasonOf } from '../../src/primitives/rules.ts';
import { Tx, type TxOut } from '../../src/primitives/tx.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { coinbaseOf } from '../chain/regtestMiner.ts';
import { accept, FAILS, FAILS_POLICY, mineOn, openFunded, out, pay, type Spendable, type World } from './setup.ts';

describe('mempool: admission', () => {
  let world: World & { coins: Spendable[] };
  let coin: Spendable;

  beforeEach(async () => {
    world = await openFunded(3);
    coin = world.coins[0] as Spendable;
  });

  async function refused(tx: Tx, rule: RuleCode, detail?: RegExp): Promise<void> {
    const size = world.pool.size;
    const verdict = await world.pool.admit(tx);
    assert.equal(verdict.ok ? 'admitted' : verdict.rule, rule);
    if (detail !== undefined && !verdict.ok) assert.match(verdict.detail, detail);
    assert.equal(world.pool.size, size);
  }
  async function admitted(tx: Tx): Promise<void> {
    const verdict = await world.pool.admit(tx);
    assert.equal(verdict.ok ? 'admitted' : `${verdict.rule}: ${verdict.detail}`, 'admitted');
  }

  it('takes a payment, and gives fee, height and time', async () => {
    const tx = pay([coin], { fee: 1234n });
    const verdict = await world.pool.admit(tx);
    assert.ok(verdict.ok);
    assert.equal(verdict.value.fee, 1234n);
    assert.equal(verdict.value.height, 102);
    assert.equal(verdict.value.timeMs, world.clock.ms);
    assert.equal(world.pool.get(tx.txid), verdict.value);
    assert.equal(world.pool.getByWtxid(tx.wtxid), verdict.value);
    assert.equal(world.pool.spender({ txid: coin.tx.txid, index: 0 }), verdict.value);
    assert.equal(world.pool.bytes, tx.size);
    assert.equal(world.pool.vbytes, tx.vsize);
  });

  it('testOnly judges and keeps nothing', async () => {
    const tx = pay([coin]);
    const events: string[] = [];
    world.pool.events.on('added', () => events.push('added'));
    assert.ok((await world.pool.admit(tx, { testOnly: true })).ok);
    assert.equal(world.pool.size, 0);
    assert.deepEqual(events, []);
    await admitted(tx);
    assert.deepEqual(events, ['added']);
  });

  it('refuses what is broken alone', async () => {
    await refused(new Tx({ version: 2, inputs: [], outputs: [out(1n)], lockTime: 0 }), 'bad-txns-vin-empty');
    await refused(pay([coin, coin]), 'bad-txns-inputs-duplicate');
  });

  it('refuses a coinbase', async () => {
    await refused(coinbaseOf(mineOn(world.chain.tip())), 'coinbase');
  });

  it('refuses versions 0 and 4, takes 1, 2 and 3', async () => {
    await refused(pay([coin], { version: 0 }), 'version');
    await refused(pay([coin], { version: 4 }), 'version');
    for (const version of [1, 2, 3]) await admitted(pay([world.coins[version - 1] as Spendable], { version }));
  });

  it('refuses weight above 400,000', async () => {
    const item = new Uint8Array(400_000);
    await refused(pay([coin], { witness: [item] }), 'tx-size');
  });

  it('refuses input scripts above 1650 bytes or that do more than push', async () => {
    await refused(pay([coin], { scriptSig: new Uint8Array(1651) }), 'scriptsig-size');
    await refused(pay([coin], { scriptSig: Uint8Array.of(0x61, 0x61) }), 'scriptsig-not-pushonly');
  });

  it('refuses output scripts without template', async () => {
    await refused(pay([coin], { to: [out(1_000_000n, Uint8Array.of(0x51, 0x51))] }), 'scriptpubkey');
  });

  it('takes several data outputs up to 100,000 bytes together', async () => {
    const data = (n: number): TxOut =>
      out(0n, concatBytes(Uint8Array.of(0x6a, 0x4d, (n - 4) & 0xff, (n - 4) >> 8), new Uint8Array(n - 4)));
    await refused(pay([coin], { to: [data(50_000), data(50_001)] }), 'tx-size');
    const half = await openFunded(1, { maxDataCarrierBytes: 1000 });
    const small = half.coins[0] as Spendable;
    const rest = out(49_9999_0000n);
    const verdict = await half.pool.admit(pay([small], { to: [data(500), data(501), rest] }));
    assert.equal(verdict.ok ? 'admitted' : verdict.rule, 'datacarrier');
    assert.ok((await half.pool.admit(pay([small], { to: [data(500), data(500), rest] }))).ok);
  });

  it('refuses dust: 294 satoshi is the least for P2WPKH', async () => {
    const rest = out(49_0000_0000n);
    await refused(pay([coin], { to: [rest, out(293n)] }), 'dust', /0-fee/);
    await refused(pay([coin], { to: [rest, out(1n), out(1n)] }), 'dust', /outputs 1, 2/);
    await admitted(pay([coin], { to: [rest, out(294n)] }));
  });

  it('refuses fewer than 65 bytes without witness', async () => {
    const tx = pay([coin], { to: [out(0n, Uint8Array.of(0x6a))] });
    assert.equal(tx.strippedSize, 61);
    await refused(tx, 'tx-size-small');
    const padded = pay([coin], { to: [out(0n, Uint8Array.of(0x6a, 3, 0, 0, 0))] });
    assert.equal(padded.strippedSize, 65);
    await admitted(padded);
  });

  it('refuses a lock time that the next block does not pass', async () => {
    await refused(pay([coin], { lockTime: 103, sequence: 0 }), 'non-final');
    await admitted(pay([coin], { lockTime: 102, sequence: 0 }));
  });

  it('refuses relative locks that hold in the next block, of confirmed and of unconfirmed coins', async () => {
    // The coin was made in block 1, the next block is 103.
    await refused(pay([coin], { sequence: 103 }), 'non-BIP68-final');
    const parent = pay([coin], { sequence: 102 });
    await admitted(parent);
    await refused(pay([{ tx: parent, index: 0 }], { sequence: 1 }), 'non-BIP68-final');
    await admitted(pay([{ tx: parent, index: 0 }], { sequence: 0 }));
  });

  it('refuses what it has, by wtxid and by txid', async () => {
    const tx = pay([coin]);
    await admitted(tx);
    await refused(tx, 'txn-already-in-mempool');
    await refused(pay([coin], { witness: [Uint8Array.of(1)] }), 'txn-same-nonwitness-data-in-mempool');
  });

  it('refuses what is confirmed', async () => {
    const tx = pay([coin]);
    await accept(world, mineOn(world.chain.tip(), { txs: [tx], fees: 10_000n }));
    await refused(tx, 'txn-already-known');
  });

  it('refuses a second spend of an output', async () => {
    await admitted(pay([coin]));
    await refused(pay([coin], { fee: 20_000n }), 'txn-mempool-conflict');
  });

  it('tells coins that may come from outputs that cannot exist', async () => {
    const parent = pay([coin]);
    const child = pay([{ tx: parent, index: 0 }]);
    await refused(child, 'missing-inputs');
    await admitted(parent);
    const wrong = new Tx({
      ...child,
      inputs: child.inputs.map((input) => ({ ...input, prevout: { txid: parent.txid, index: 1 } })),
    });
    await refused(wrong, 'bad-txns-inputs-missingorspent');
    await admitted(child);
  });

  it('refuses to spend a data output of an unconfirmed parent', async () => {
    const parent = pay([coin], { to: [out(1_000_000n), out(1000n, Uint8Array.of(0x6a, 1, 1))], fee: 0n });
    await admitted(parent);
    await refused(pay([{ tx: parent, index: 1 }], { fee: 0n }), 'bad-txns-inputs-missingorspent');
  });

  it('refuses more out than in', async () => {
    await refused(pay([coin], { fee: -1n }), 'bad-txns-in-belowout');
  });

  it('refuses coinbase coins until the block 100 later', async () => {
    const young = (await world.chain.readBlock(world.chain.atHeight(4) as never))?.txs[0] as Tx;
    await refused(pay([{ tx: young, index: 0 }]), 'bad-txns-premature-spend-of-coinbase', /99/);
    await accept(world, mineOn(world.chain.tip()));
    await admitted(pay([{ tx: young, index: 0 }]));
  });

  it('asks 100 satoshi per 1000 vbytes, rounded up', async () => {
    const probe = pay([coin]);
    const least = BigInt(Math.ceil(probe.vsize / 10));
    await refused(pay([coin], { fee: least - 1n }), 'min relay fee not met', new RegExp(`${least - 1n} < ${least}`));
    await admitted(pay([coin], { fee: least }));
  });

  it('maxFeeRate guards against fees given by mistake; 0 switches it off', async () => {
    const tx = pay([coin], { fee: 1_000_000n });
    const verdict = await world.pool.admit(tx, { maxFeeRate: 10_000n });
    assert.equal(verdict.ok ? 'admitted' : verdict.rule, 'max-fee-exceeded');
    assert.ok((await world.pool.admit(tx, { maxFeeRate: 0n })).ok);
  });

  it('scripts: invalid for all, invalid for us', async () => {
    await refused(pay([coin], { scriptSig: FAILS }), 'mandatory-script-verify-flag-failed');
    await refused(pay([coin], { scriptSig: FAILS_POLICY }), 'mempool-script-verify-flag-failed');
    const verdict = await world.pool.admit(pay([coin], { scriptSig: FAILS_POLICY }));
    assert.ok(!verdict.ok);
    assert.equal(
      reasonOf(verdict),
      'mempool-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)',
    );
  });

  it('requireStandard off takes what is only our taste', async () => {
    const loose = await openFunded(2, { requireStandard: false });
    const [a, b] = loose.coins as [Spendable, Spendable];
    assert.ok((await loose.pool.admit(pay([a], { scriptSig: FAILS_POLICY, version: 7 }))).ok);
    const verdict = await loose.pool.admit(pay([b], { scriptSig: FAILS }));
    assert.equal(verdict.ok ? 'admitted' : verdict.rule, 'mandatory-script-verify-flag-failed');
  });

  it('chains: 25 transactions, not 26', async () => {
    let tip: Spendable = coin;
    for (let i = 0; i < 25; i++) {
      const tx = pay([tip]);
      await admitted(tx);
      tip = { tx, index: 0 };
    }
    await refused(pay([tip]), 'too-long-mempool-chain', /ancestors/);
  });

  it('fans: a parent with 24 children, not 25', async () => {
    const parent = pay([coin], { outputs: 25 });
    await admitted(parent);
    for (let i = 0; i < 24; i++) await admitted(pay([{ tx: parent, index: i }]));
    await refused(pay([{ tx: parent, index: 24 }]), 'too-long-mempool-chain', /descendants/);
  });

  it('packages: 101,000 vbytes, not more', async () => {
    const data = (n: number): TxOut =>
      out(0n, concatBytes(Uint8Array.of(0x6a, 0x4d, n & 0xff, n >> 8), new Uint8Array(n)));
    const big = (from: Spendable, n: number): Tx => {
      const { value } = from.tx.outputs[from.index] as TxOut;
      return pay([from], { to: [out(value - 50_000n), data(n)] });
    };
    const parent = big(coin, 60_000);
    await admitted(parent);
    await refused(big({ tx: parent, index: 0 }, 41_000), 'too-long-mempool-chain', /ancestor size/);
    await admitted(big({ tx: parent, index: 0 }, 40_000));
  });
});
