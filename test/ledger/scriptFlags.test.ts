import { strict as assert } from 'node:assert';
import { connectBlock } from '../../src/ledger/block/connectBlock.ts';
import { scriptFlagsAt, scriptFlagsOf } from '../../src/ledger/block/scriptFlags.ts';
import type { Exceptions } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { SCRIPT_FLAGS } from '../../src/script/flags.ts';
import {
  accepted,
  blockAt,
  coinsAt,
  contextAt,
  freshOutPoint,
  input,
  output,
  REGTEST,
  tx,
  withHeights,
} from './fixture.ts';

function namesOf(flags: number): string[] {
  return Object.entries(SCRIPT_FLAGS)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name)
    .sort();
}

const EARLY = ['P2SH', 'TAPROOT', 'WITNESS'];

describe('ledger/scriptFlags', () => {
  it('P2SH, WITNESS and TAPROOT from the start, each other rule from its own height on', () => {
    const params = withHeights({ bip66: 10, bip65: 20, csv: 30, segwit: 40, taproot: 50 });
    const names = (height: number) => namesOf(scriptFlagsAt(height, params));
    assert.deepEqual(names(0), EARLY);
    assert.deepEqual(names(9), EARLY);
    assert.deepEqual(names(10), ['DERSIG', ...EARLY]);
    assert.deepEqual(names(20), ['CHECKLOCKTIMEVERIFY', 'DERSIG', ...EARLY]);
    assert.deepEqual(names(39), ['CHECKLOCKTIMEVERIFY', 'CHECKSEQUENCEVERIFY', 'DERSIG', ...EARLY]);
    const all = ['CHECKLOCKTIMEVERIFY', 'CHECKSEQUENCEVERIFY', 'DERSIG', 'NULLDUMMY', ...EARLY];
    assert.deepEqual(names(40), all);
    assert.deepEqual(names(50), all);
  });

  it("the two exceptions of Bitcoin's main chain, by hash alone; rules with heights hold for them too", () => {
    const params = builtInNetwork('bitcoin-main')?.consensus;
    assert.ok(params);
    const flags = (id: string, height: number) => namesOf(scriptFlagsOf({ id }, height, params));
    const bip16 = '00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22';
    const taproot = '0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad';
    assert.deepEqual(flags(bip16, 170_060), []);
    assert.deepEqual(flags(bip16, 400_000), ['CHECKLOCKTIMEVERIFY', 'DERSIG']);
    assert.deepEqual(flags(taproot, 692_261), [
      'CHECKLOCKTIMEVERIFY',
      'CHECKSEQUENCEVERIFY',
      'DERSIG',
      'NULLDUMMY',
      'P2SH',
      'WITNESS',
    ]);
    assert.deepEqual(flags('00'.repeat(32), 170_060), EARLY);
    assert.deepEqual(namesOf(scriptFlagsOf({ id: bip16 }, 170_060, withHeights({}))), [
      ...namesOf(scriptFlagsAt(170_060, withHeights({}))),
    ]);
  });

  it('connecting a block gives its scripts the flags of that very block', () => {
    const a = freshOutPoint();
    const spends = tx({ inputs: [input(a)], outputs: [output(900n)] });
    const block = blockAt(120, { txs: [spends], fees: 100n });
    const flagsUnder = (exceptions?: Exceptions): number[] => {
      const params = exceptions === undefined ? REGTEST : { ...REGTEST, exceptions };
      const { scriptJobs } = accepted(connectBlock(block, coinsAt([[a, 1000n]]), contextAt(120, params)));
      return scriptJobs.map((job) => job.flags);
    };
    const named = (id: string): Exceptions => ({ scriptFlags: [{ block: id, flags: [] }], bip30Repeats: [] });
    const all = scriptFlagsAt(120, REGTEST);
    assert.deepEqual(flagsUnder(), [all]);
    assert.deepEqual(flagsUnder(named('11'.repeat(32))), [all]);
    const early = SCRIPT_FLAGS.P2SH | SCRIPT_FLAGS.WITNESS | SCRIPT_FLAGS.TAPROOT;
    assert.deepEqual(flagsUnder(named(block.header.id)), [all & ~early]);
  });
});
