import { subsidyAt } from '../../params/subsidy.ts';
import { invalidParameter, RPC, RpcError, typeError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { spentIn } from '../present/block.ts';
import { blockStats } from '../present/blockStats.ts';
import { type MethodSpec, method, optional, r, required } from '../spec.ts';
import { blockNamed, bodyOf } from './find.ts';

function chosen(stats: JsonObject, names: readonly Json[]): JsonObject {
  if (names.length === 0) return stats;
  const picked: Record<string, Json | undefined> = {};
  for (const name of names) {
    if (typeof name !== 'string') throw typeError(name, 'string');
    if (!Object.hasOwn(stats, name)) throw invalidParameter(`Invalid selected statistic '${name}'`);
    picked[name] = stats[name];
  }
  return picked;
}

const NUMBERS: readonly (readonly [name: string, text: string])[] = [
  ['avgfee', 'Average fee in the block'],
  ['avgfeerate', 'Average feerate (in satoshis per virtual byte)'],
  ['avgtxsize', 'Average transaction size'],
  ['height', 'The height of the block'],
  ['ins', 'The number of inputs (excluding coinbase)'],
  ['maxfee', 'Maximum fee in the block'],
  ['maxfeerate', 'Maximum feerate (in satoshis per virtual byte)'],
  ['maxtxsize', 'Maximum transaction size'],
  ['medianfee', 'Truncated median fee in the block'],
  ['mediantime', 'The block median time past'],
  ['mediantxsize', 'Truncated median transaction size'],
  ['minfee', 'Minimum fee in the block'],
  ['minfeerate', 'Minimum feerate (in satoshis per virtual byte)'],
  ['mintxsize', 'Minimum transaction size'],
  ['outs', 'The number of outputs'],
  ['subsidy', 'The block subsidy'],
  ['swtotal_size', 'Total size of all segwit transactions'],
  ['swtotal_weight', 'Total weight of all segwit transactions'],
  ['swtxs', 'The number of segwit transactions'],
  ['time', 'The block time'],
  ['total_out', 'Total amount in all outputs (excluding coinbase)'],
  ['total_size', 'Total size of all non-coinbase transactions'],
  ['total_weight', 'Total weight of all non-coinbase transactions'],
  ['totalfee', 'The fee total'],
  ['txs', 'The number of transactions (including coinbase)'],
  ['utxo_increase', 'The increase/decrease in the number of unspent outputs'],
  ['utxo_size_inc', 'The increase/decrease in size for the utxo index'],
  ['utxo_increase_actual', 'The same, not counting unspendables'],
  ['utxo_size_inc_actual', 'The same, not counting unspendables'],
];

export const blockStatsMethods: readonly MethodSpec[] = [
  method({
    name: 'getblockstats',
    category: 'Blockchain',
    text: 'Compute per block statistics for a given window. All amounts are in satoshis.',
    params: [
      required('hash_or_height', 'num', 'The block hash or height of the target block', {
        typeText: 'string or numeric',
      }),
      optional('stats', 'arr', 'Values to plot', {
        default: 'all values',
        inner: [optional('height', 'str', 'Selected statistic'), optional('time', 'str', 'Selected statistic')],
      }),
    ],
    result: [
      r.obj('', '', [
        ...NUMBERS.map(([name, text]) => r.opt(r.num(name, text))),
        r.opt(r.hex('blockhash', 'The block hash')),
        r.opt(
          r.arr(
            'feerate_percentiles',
            'Feerates at the 10th, 25th, 50th, 75th, and 90th percentile weight unit',
            r.num('', 'feerate'),
          ),
        ),
      ]),
    ],
    examples: ['1000', `1000 '["minfeerate","avgfeerate"]'`],
    needs: ['blocks'],
    async run(args, { backend }) {
      const entry = blockNamed(backend, args.raw(0));
      const names = args.has(1) ? args.array(1) : [];
      const block = await bodyOf(backend.blocks, entry);
      const spent = await spentIn(backend.blocks, entry, block);
      if (block.txs.some((tx) => !tx.isCoinbase && spent(tx) === undefined)) {
        throw new RpcError(RPC.MISC_ERROR, 'Undo data not available');
      }
      const subsidy = subsidyAt(entry.height, backend.node.network.consensus);
      return chosen(blockStats(entry, block, spent, subsidy), names);
    },
  }),
];
