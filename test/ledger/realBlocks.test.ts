import { strict as assert } from 'node:assert';
import { checkBlockAlone } from '../../src/ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../../src/ledger/block/checkBlockInHeaderContext.ts';
import { connectBlock } from '../../src/ledger/block/connectBlock.ts';
import type { Coin } from '../../src/ledger/coin.ts';
import type { ConnectContext } from '../../src/ledger/context.ts';
import { CoinMap } from '../../src/ledger/utxoOverlay.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { subsidyAt } from '../../src/params/subsidy.ts';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import { type Block, decodeBlock } from '../../src/primitives/block.ts';
import type { OutPoint } from '../../src/primitives/outpoint.ts';
import { readTxOut, type Tx, type TxOut } from '../../src/primitives/tx.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { Reader } from '../../src/util/codec.ts';
import { toHex } from '../../src/util/hex.ts';
import { MAINNET, TESTNET3 } from '../consensus/mainnet.ts';
import { vectorBytes } from '../support/vectors.ts';
import { accepted, changed, refused, withTxs } from './fixture.ts';

/** Height, rules, file, and whether the coins it spends are there too. */
const BLOCKS: readonly (readonly [string, number, ConsensusParams, boolean])[] = [
  ['mainnet-227836', 227_836, MAINNET, false],
  ['mainnet-300025', 300_025, MAINNET, true],
  ['mainnet-413567', 413_567, MAINNET, false],
  ['mainnet-481829', 481_829, MAINNET, false],
  ['testnet3-928828', 928_828, TESTNET3, true],
  ['testnet3-1087400', 1_087_400, TESTNET3, true],
];

function spentOutputs(bytes: Uint8Array): TxOut[] {
  const r = new Reader(bytes);
  const outs: TxOut[] = [];
  while (r.left > 0) outs.push(readTxOut(r));
  return outs;
}

/** The coins a block spends, except those it makes itself. Their heights are not known: old enough for every rule. */
function viewOf(block: Block, spent: readonly TxOut[]): { view: CoinMap; inner: number } {
  const own = new Set(block.txs.map((tx) => tx.id));
  const prevouts = block.txs.slice(1).flatMap((tx) => tx.inputs.map((i) => i.prevout));
  assert.equal(prevouts.length, spent.length);
  const outpoints: OutPoint[] = [];
  const coins: Coin[] = [];
  for (const [i, prevout] of prevouts.entries()) {
    if (own.has(toHex(prevout.txid.slice().reverse()))) continue;
    outpoints.push(prevout);
    coins.push({ out: spent[i] as TxOut, height: 1, coinbase: false });
  }
  return { view: CoinMap.of(outpoints, coins), inner: prevouts.length - outpoints.length };
}

describe('ledger: real blocks', () => {
  before(() => usePlatformCrypto());

  for (const [name, height, params, withCoins] of BLOCKS) {
    const ctx = (block: Block): ConnectContext => ({
      height,
      // The real median is not in the file; miners' clocks put it about an hour back.
      medianTimePast: block.header.time - 3600,
      params,
      medianTimeAt: () => 1_231_006_505,
      idAt: () => '',
    });

    it(`${name} passes every rule but those of its coins`, function () {
      const block = decodeBlock(vectorBytes(this, `blocks/${name}.raw`));
      accepted(checkBlockAlone(block));
      accepted(checkBlockInHeaderContext(block, ctx(block)));
    });

    if (!withCoins) continue;

    it(`${name} connects: amounts, fees, signature operations, every script; a satoshi more in the coinbase does not`, function () {
      this.timeout(60_000);
      const block = decodeBlock(vectorBytes(this, `blocks/${name}.raw`));
      const spent = spentOutputs(vectorBytes(this, `blocks/${name}.prevouts`));
      const { view, inner } = viewOf(block, spent);
      const { diff, fees, scriptJobs } = accepted(connectBlock(block, view, ctx(block)));
      assert.equal(diff.spent.length, spent.length - inner);
      assert.deepEqual(
        scriptJobs.flatMap((j) => j.spent.map((o) => o.value)),
        spent.map((o) => o.value),
      );
      for (const { tx, spent: outs, flags } of scriptJobs) {
        for (const i of tx.inputs.keys()) {
          const result = verifyScript(tx, i, outs, flags);
          assert.ok(result.ok, result.ok ? '' : `input ${i} of ${tx.id}: ${result.error}`);
        }
      }
      const paid = (block.txs[0] as Tx).outputs.reduce((sum, o) => sum + o.value, 0n);
      assert.equal(paid, subsidyAt(height, params) + fees, 'its miner claimed every fee');
      const cb = block.txs[0] as Tx;
      const raised = changed(cb, { outputs: [...cb.outputs, { value: 1n, scriptPubKey: new Uint8Array() }] });
      refused(connectBlock(withTxs(block, [raised, ...block.txs.slice(1)]), view, ctx(block)), 'bad-cb-amount');
    });
  }
});
