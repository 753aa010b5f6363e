import assert from 'node:assert/strict';
import { Block } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { Tx } from '../../src/primitives/tx.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import {
  ANYONE,
  coinbaseOf,
  fieldsOf,
  mine,
  mineChain,
  placeOf,
  seal,
  sealBadly,
  spend,
  template,
} from './regtestMiner.ts';
import { acceptAll, openChain, outcomeOf } from './setup.ts';

describe('chain: bad blocks', () => {
  it('a body that does not match its header never blocks the good copy', async () => {
    const { chain } = await openChain();
    const good = mine(chain.genesis);
    const other = mine(chain.genesis);
    const mutated = new Block(good.header, other.txs);
    assert.equal(outcomeOf(await chain.acceptBlock(mutated)), 'bad-txnmrklroot');
    const duplicated = new Block(good.header, []);
    assert.equal(outcomeOf(await chain.acceptBlock(duplicated)), 'bad-txnmrklroot');
    assert.equal(outcomeOf(await chain.acceptBlock(good)), 'connected');
  });

  it('a changed witness never blocks the good copy', async () => {
    const { chain } = await openChain();
    const good = mine(chain.genesis);
    const cb = coinbaseOf(good);
    const inputs = cb.inputs.map((i) => ({ ...i, witness: [new Uint8Array(32).fill(7)] }));
    const changed = new Tx({ version: cb.version, inputs, outputs: cb.outputs, lockTime: cb.lockTime });
    assert.equal(outcomeOf(await chain.acceptBlock(new Block(good.header, [changed]))), 'bad-witness-merkle-match');
    const stripped = new Tx({ ...cb, inputs: cb.inputs.map((i) => ({ ...i, witness: [] })), outputs: cb.outputs });
    assert.equal(outcomeOf(await chain.acceptBlock(new Block(good.header, [stripped]))), 'bad-witness-nonce-size');
    assert.equal(outcomeOf(await chain.acceptBlock(good)), 'connected');
  });

  it('a seal where there is none to be is a bad copy', async () => {
    const { chain } = await openChain();
    const good = mine(chain.genesis);
    const sealed = new Block(good.header, good.txs, Uint8Array.of(1));
    assert.equal(outcomeOf(await chain.acceptBlock(sealed)), 'bad-seal');
    assert.equal(outcomeOf(await chain.acceptBlock(good)), 'connected');
  });

  it('a merkle level read as transactions (CVE-2017-12842) does not mark the hash', async () => {
    const { chain } = await openChain();
    const good = mine(chain.genesis);
    const notCoinbase = spend([{ tx: coinbaseOf(good), index: 0 }], [{ value: 1n, scriptPubKey: ANYONE }]);
    // Same effect as the real trick, which needs 2^60 work: a matching root without a coinbase.
    const header = seal(
      new Block(new BlockHeader({ ...fieldsOf(good.header), merkleRoot: notCoinbase.txid }), [notCoinbase]),
    );
    assert.equal(outcomeOf(await chain.acceptBlock(header)), 'bad-cb-missing');
    assert.equal(outcomeOf(await chain.acceptBlock(header)), 'bad-cb-missing');
    assert.equal(chain.entry(header.header.hash)?.status, 'header');
  });

  it('a block that pays too much is invalid for good, and so is everything on it', async () => {
    const { chain } = await openChain();
    const greedy = mine(chain.genesis, { fees: 1n });
    assert.equal(outcomeOf(await chain.acceptBlock(greedy)), 'bad-cb-amount');
    assert.equal(outcomeOf(await chain.acceptBlock(greedy)), 'duplicate-invalid');
    assert.equal(outcomeOf(await chain.acceptBlock(mine(placeOf(greedy, 1)))), 'bad-prevblk');
    assert.equal(chain.bestHeader(), chain.genesis);
    assert.equal(chain.tip(), chain.genesis);
  });

  it("a double spend inside a branch is the block's fault although the same code excuses a loose transaction", async () => {
    const { chain } = await openChain();
    const base = mineChain(chain.genesis, 101);
    await acceptAll(chain, base);
    const first = { tx: coinbaseOf(base[0] as Block), index: 0 };
    const a = spend([first], [{ value: 1n, scriptPubKey: ANYONE }]);
    const b = spend([first], [{ value: 2n, scriptPubKey: ANYONE }]);
    const twice = mine(chain.tip(), { txs: [a, b] });
    const verdict = await chain.acceptBlock(twice);
    assert.equal(outcomeOf(verdict), 'bad-txns-inputs-missingorspent');
    // What tells a sender's fault from a race is the status.
    assert.equal(chain.entry(twice.header.hash)?.status, 'invalid');
    assert.equal(outcomeOf(await chain.acceptBlock(twice)), 'duplicate-invalid');
    const early = spend([{ tx: coinbaseOf(base[50] as Block), index: 0 }], [{ value: 1n, scriptPubKey: ANYONE }]);
    const premature = mine(chain.tip(), { txs: [early] });
    assert.equal(outcomeOf(await chain.acceptBlock(premature)), 'bad-txns-premature-spend-of-coinbase');
  });

  it('writes no body that is bad, far ahead or of low work', async () => {
    const disk = new MemoryDisk();
    const { chain, store } = await openChain(disk);
    const size = await store.sizeOnDisk();
    const long = mineChain(chain.genesis, 290);
    await chain.acceptHeaders(long);
    assert.equal(outcomeOf(await chain.acceptBlock(long[288] as Block)), 'block-too-far-ahead');
    assert.equal(outcomeOf(await chain.acceptBlock(new Block(long[0]?.header as BlockHeader, []))), 'bad-txnmrklroot');
    assert.equal(await store.sizeOnDisk(), size);
    assert.equal(outcomeOf(await chain.acceptBlock(long[287] as Block)), 'stored');
    const other = await openChain();
    await acceptAll(other.chain, long.slice(0, 5));
    const low = mine(other.chain.genesis);
    assert.equal(outcomeOf(await other.chain.acceptBlock(low)), 'too-little-chainwork');
    assert.equal(other.chain.entry(low.header.hash)?.hasBody, false);
    assert.equal(outcomeOf(await other.chain.acceptBlock(low, { requested: true })), 'stored');
  });

  it('judges templates without their proof of work and keeps nothing', async () => {
    const { chain, store } = await openChain();
    const size = await store.sizeOnDisk();
    const good = sealBadly(template(chain.tip()));
    assert.equal((await chain.testBlock(good)).ok, true);
    const rule = async (block: Block): Promise<string> => {
      const verdict = await chain.testBlock(block);
      return verdict.ok ? 'passed' : verdict.rule;
    };
    assert.equal(await rule(template(chain.tip(), { fees: 5n })), 'bad-cb-amount');
    assert.equal(await rule(template(chain.tip(), { time: chain.tip().header.time })), 'time-too-old');
    assert.equal(await rule(template(chain.tip(), { time: 2_000_000_000 })), 'time-too-new');
    assert.equal(await rule(template({ header: good.header, height: 1 })), 'prev-blk-not-found');
    assert.equal(await rule(new Block(good.header, [])), 'bad-txnmrklroot');
    const bits = new BlockHeader({ ...fieldsOf(good.header), bits: 0x207ffffe });
    assert.equal(await rule(new Block(bits, good.txs)), 'bad-diffbits');
    assert.equal(await store.sizeOnDisk(), size);
    assert.equal(chain.entry(good.header.hash), undefined);
  });
});
