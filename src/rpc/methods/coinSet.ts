import { displayHash } from '../../primitives/hash.ts';
import type { CoinSetHashName } from '../backend.ts';
import { invalidParameter, RPC, RpcError } from '../errors.ts';
import { Coins, type JsonObject } from '../json.ts';
import { type CallContext, type MethodSpec, method, optional, r } from '../spec.ts';

const HASHES: readonly CoinSetHashName[] = ['hash_serialized_3', 'muhash', 'none'];

function hashTypeOf(text: string): CoinSetHashName {
  const hash = HASHES.find((name) => name === text);
  if (hash === undefined) throw invalidParameter(`'${text}' is not a valid hash_type`);
  return hash;
}

/** Runs work that may be given up; -9 "Shutting down" when it was. */
async function unlessGone<T>(
  onEnd: CallContext['onEnd'],
  work: (gone: () => boolean) => Promise<T | undefined>,
): Promise<T> {
  let gone = false;
  const unlisten = onEnd(() => {
    gone = true;
  });
  try {
    const result = await work(() => gone);
    if (result === undefined) throw new RpcError(RPC.CLIENT_NOT_CONNECTED, 'Shutting down');
    return result;
  } finally {
    unlisten();
  }
}

export const coinSetMethods: readonly MethodSpec[] = [
  method({
    name: 'gettxoutsetinfo',
    category: 'Blockchain',
    text:
      'Counts all unspent transaction outputs and hashes them. Reads every one of them, so it takes a while on a large ' +
      'chain; the answer is that of one tip, whatever is connected meanwhile.',
    params: [
      optional(
        'hash_type',
        'str',
        "Which hash to compute: 'hash_serialized_3' (over all coins in order), 'muhash' (that does not depend on order) or 'none'.",
        { default: 'hash_serialized_3' },
      ),
      optional(
        'hash_or_height',
        'num',
        'A block to tell it for: needs an index of coin statistics, which is not kept.',
        {
          default: 'the current best block',
          typeText: 'string or numeric',
        },
      ),
      optional('use_index', 'bool', 'Use that index where there is one.', { default: true }),
    ],
    result: [
      r.obj('', '', [
        r.num('height', 'Height of the block after which the coins are these'),
        r.hex('bestblock', 'Its hash'),
        r.num('txouts', 'Number of unspent transaction outputs'),
        r.num('bogosize', 'A measure of the size of the set that depends on no database'),
        r.opt(r.hex('hash_serialized_3', "Only for hash_type 'hash_serialized_3'")),
        r.opt(r.hex('muhash', "Only for hash_type 'muhash'")),
        r.amount('total_amount', 'Sum of all outputs'),
        r.num('transactions', 'Number of transactions with unspent outputs'),
        r.num('disk_size', 'Bytes of the records of all coins'),
      ]),
    ],
    examples: ['', '"none"', '"muhash"'],
    needs: ['coinSet'],
    async run(args, { backend: { coinSet }, onEnd }): Promise<JsonObject> {
      const type = hashTypeOf(args.optStr(0) ?? 'hash_serialized_3');
      args.bool(2, true);
      if (args.has(1)) throw invalidParameter('Querying specific block heights requires coinstatsindex');
      const info = await unlessGone(onEnd, (gone) => coinSet.summarize(type, gone));
      const hash = info.hash === undefined ? {} : { [type]: displayHash(info.hash) };
      return {
        height: info.tip.height,
        bestblock: displayHash(info.tip.header.hash),
        txouts: info.coins,
        bogosize: info.bogoSize,
        ...hash,
        total_amount: new Coins(info.totalAmount),
        transactions: info.transactions,
        disk_size: info.diskSize,
      };
    },
  }),
];
