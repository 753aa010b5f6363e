import type { Block } from '../../primitives/block.ts';
import { isUnspendable } from '../../primitives/outputScript.ts';
import { WITNESS_SCALE } from '../../primitives/tx.ts';
import { compactSizeLength } from '../../util/codec.ts';
import type { HeaderInfo } from '../backend.ts';
import type { JsonObject } from '../json.ts';
import type { SpentByTx } from './block.ts';

/** What a coin takes beside its output: outpoint 36, height and coinbase flag 4 (Bitcoin Core PER_UTXO_OVERHEAD). */
const UTXO_OVERHEAD = 40;
const PERCENTILES = [0.1, 0.25, 0.5, 0.75, 0.9];

/** Truncated median; an even count takes the mean of the two in the middle (Bitcoin Core CalculateTruncatedMedian). */
function median(values: number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : Math.floor(((sorted[middle - 1] as number) + upper) / 2);
}

/** Fee rates below which 10, 25, 50, 75 and 90 % of the weight lie (CalculatePercentilesByWeight). */
function ratesByWeight(rates: { rate: number; weight: number }[], total: number): number[] {
  const sorted = rates.toSorted((a, b) => a.rate - b.rate);
  const out: number[] = [];
  let weight = 0;
  for (const one of sorted) {
    weight += one.weight;
    while (out.length < PERCENTILES.length && weight >= total * (PERCENTILES[out.length] as number)) out.push(one.rate);
  }
  const last = sorted.at(-1)?.rate ?? 0;
  while (out.length < PERCENTILES.length) out.push(last);
  return out;
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), values[0] ?? 0);
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const average = (values: readonly number[]): number =>
  values.length === 0 ? 0 : Math.floor(total(values) / values.length);

/** Bytes that a coin adds to the set as getblockstats counts them: serialized output and overhead. */
const coinSize = (script: Uint8Array): number => 8 + compactSizeLength(script.length) + script.length + UTXO_OVERHEAD;

interface CoinsMoved {
  ins: number;
  outs: number;
  totalOut: bigint;
  utxos: number;
  sizeInc: number;
  sizeIncActual: number;
}

/** Outputs made and coins spent. `actual` leaves out the unspendable and, as Bitcoin Core does, genesis. */
function coinsMoved(entry: HeaderInfo, block: Block, spent: SpentByTx): CoinsMoved {
  const moved: CoinsMoved = { ins: 0, outs: 0, totalOut: 0n, utxos: 0, sizeInc: 0, sizeIncActual: 0 };
  for (const tx of block.txs) {
    moved.outs += tx.outputs.length;
    for (const { value, scriptPubKey } of tx.outputs) {
      if (!tx.isCoinbase) moved.totalOut += value;
      const size = coinSize(scriptPubKey);
      moved.sizeInc += size;
      if (entry.height === 0 || isUnspendable(scriptPubKey)) continue;
      moved.utxos++;
      moved.sizeIncActual += size;
    }
    if (tx.isCoinbase) continue;
    moved.ins += tx.inputs.length;
    for (const { out } of spent(tx) ?? []) {
      moved.sizeInc -= coinSize(out.scriptPubKey);
      moved.sizeIncActual -= coinSize(out.scriptPubKey);
    }
  }
  return moved;
}

/** getblockstats of a block whose spent coins are known; amounts in satoshi, fee rates in satoshi per virtual byte. */
export function blockStats(entry: HeaderInfo, block: Block, spent: SpentByTx, subsidy: bigint): JsonObject {
  const paying = block.txs.filter((tx) => !tx.isCoinbase);
  const fees: number[] = [];
  const rates: { rate: number; weight: number }[] = [];
  for (const tx of paying) {
    const paid = (spent(tx) ?? []).reduce((sum, { out }) => sum + out.value, 0n);
    const fee = Number(tx.outputs.reduce((left, out) => left - out.value, paid));
    fees.push(fee);
    rates.push({ rate: Math.floor((fee * WITNESS_SCALE) / tx.weight), weight: tx.weight });
  }
  const sizes = paying.map((tx) => tx.size);
  const weight = total(rates.map((one) => one.weight));
  const segwit = paying.filter((tx) => tx.hasWitness);
  const moved = coinsMoved(entry, block, spent);
  const feeRates = rates.map((one) => one.rate);
  return {
    avgfee: average(fees),
    avgfeerate: weight > 0 ? Math.floor((total(fees) * WITNESS_SCALE) / weight) : 0,
    avgtxsize: average(sizes),
    blockhash: entry.header.id,
    feerate_percentiles: ratesByWeight(rates, weight),
    height: entry.height,
    ins: moved.ins,
    maxfee: most(fees),
    maxfeerate: most(feeRates),
    maxtxsize: most(sizes),
    medianfee: median(fees),
    mediantime: entry.medianTime,
    mediantxsize: median(sizes),
    minfee: least(fees),
    minfeerate: least(feeRates),
    mintxsize: least(sizes),
    outs: moved.outs,
    subsidy,
    swtotal_size: total(segwit.map((tx) => tx.size)),
    swtotal_weight: total(segwit.map((tx) => tx.weight)),
    swtxs: segwit.length,
    time: entry.header.time,
    total_out: moved.totalOut,
    total_size: total(sizes),
    total_weight: weight,
    totalfee: total(fees),
    txs: block.txs.length,
    utxo_increase: moved.outs - moved.ins,
    utxo_size_inc: moved.sizeInc,
    utxo_increase_actual: moved.utxos - moved.ins,
    utxo_size_inc_actual: moved.sizeIncActual,
  };
}
