import { strict as assert } from 'node:assert';
import { assembleBlock, type BlockPlan } from '../../src/ledger/block/assemble.ts';
import type { Coin, CoinChange } from '../../src/ledger/coin.ts';
import type { ConnectContext } from '../../src/ledger/context.ts';
import { CoinMap } from '../../src/ledger/utxoOverlay.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { Block } from '../../src/primitives/block.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { txMerkleRoot } from '../../src/primitives/merkle.ts';
import type { OutPoint } from '../../src/primitives/outpoint.ts';
import type { Check, RuleCode } from '../../src/primitives/rules.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx, type TxFields, type TxIn, type TxOut } from '../../src/primitives/tx.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { fromHex } from '../../src/util/hex.ts';

const regtest = builtInNetwork('regtest');
assert.ok(regtest);
export const REGTEST: ConsensusParams = regtest.consensus;

/** Parameters like regtest's with other activation heights. */
export function withHeights(heights: Partial<ConsensusParams['heights']>): ConsensusParams {
  return { ...REGTEST, heights: { ...REGTEST.heights, ...heights } };
}

/** OP_TRUE: anyone may spend it, and no signature operation is in it. */
export const ANYONE: Uint8Array = Uint8Array.of(0x51);
export const P2WPKH = fromHex('001407185fa28850eb2b0dfdbf26f6b528a1a6b34b3f');

let counter = 0;
/** An outpoint that nothing else names. */
export function freshOutPoint(index = 0): OutPoint {
  const txid = new Uint8Array(32).fill(7);
  new DataView(txid.buffer).setUint32(0, ++counter);
  return { txid, index };
}

export function input(prevout: OutPoint, fields: Partial<TxIn> = {}): TxIn {
  return { prevout, scriptSig: EMPTY, sequence: SEQUENCE_FINAL, witness: NO_WITNESS, ...fields };
}

export function output(value: bigint, scriptPubKey: Uint8Array = ANYONE): TxOut {
  return { value, scriptPubKey };
}

export function tx(fields: Partial<TxFields> = {}): Tx {
  return new Tx({
    version: 2,
    inputs: [input(freshOutPoint())],
    outputs: [output(1000n)],
    lockTime: 0,
    ...fields,
  });
}

/** Coins at outpoints, ready to be looked up. */
export function coinsAt(changes: readonly (readonly [OutPoint, bigint, Partial<Coin>?])[]): CoinMap {
  return CoinMap.of(
    changes.map(([outpoint]) => outpoint),
    changes.map(([, value, fields]) => ({ out: output(value), height: 1, coinbase: false, ...fields })),
  );
}

export const NOW = 1_700_000_000;

/** A block's place among headers: times follow the height, ten minutes each. */
export function contextAt(height: number, params = REGTEST, medianTimePast = NOW): ConnectContext {
  return {
    height,
    medianTimePast,
    params,
    medianTimeAt: (h) => medianTimePast - 600 * (height - 1 - h),
    idAt: (h) => h.toString(16).padStart(64, '0'),
  };
}

/** A block that passes every rule at its height unless the plan breaks one. */
export function blockAt(height: number, plan: Partial<BlockPlan> = {}): Block {
  return assembleBlock({
    params: REGTEST,
    height,
    prevHash: ZERO_HASH,
    time: NOW + 600,
    bits: 0x207fffff,
    txs: [],
    fees: 0n,
    payout: ANYONE,
    extraNonce: 1n,
    ...plan,
  });
}

/** The block with other transactions and the merkle root that belongs to them. */
export function withTxs(block: Block, txs: readonly Tx[]): Block {
  const { version, prevHash, time, bits, nonce } = block.header;
  return new Block(new BlockHeader({ version, prevHash, time, bits, nonce, merkleRoot: txMerkleRoot(txs).root }), txs);
}

/** The transaction with some fields replaced. */
export function changed(base: Tx, fields: Partial<TxFields>): Tx {
  const { version, inputs, outputs, lockTime } = base;
  return new Tx({ version, inputs, outputs, lockTime, ...fields });
}

export function coinbaseOf(block: Block): Tx {
  return block.txs[0] as Tx;
}

export function refused(verdict: Check<unknown>, rule: RuleCode): void {
  assert.equal(verdict.ok ? 'accepted' : verdict.rule, rule, verdict.ok ? '' : verdict.detail);
}

export function accepted<T>(verdict: Check<T>): T {
  if (!verdict.ok) assert.fail(`${verdict.rule}: ${verdict.detail}`);
  return verdict.value;
}

/** Changes in a form that compares and prints well. */
export function listed(changes: readonly CoinChange[]): string[] {
  return changes.map(
    ({ outpoint, coin }) => `${Buffer.from(outpoint.txid).toString('hex')}:${outpoint.index}=${coin.out.value}`,
  );
}
