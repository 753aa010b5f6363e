import { displayHash } from '../../primitives/hash.ts';
import type { Args } from '../args.ts';
import type { Backend, CoinSetHashName, DumpRefusal, HeaderInfo } from '../backend.ts';
import { invalidParameter, RPC, RpcError } from '../errors.ts';
import { Coins, type JsonObject } from '../json.ts';
import { type CallContext, type MethodSpec, method, optional, r, required } from '../spec.ts';
import { blockNamed } from './find.ts';

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

/** The block whose coins to dump; undefined for the tip. */
function baseOf(backend: Backend, args: Args): HeaderInfo | undefined {
  const type = args.optStr(1) ?? '';
  const { rollback } = args.optObject(2);
  if (rollback !== undefined && rollback !== null) {
    if (type !== '' && type !== 'rollback')
      throw invalidParameter(`Invalid snapshot type "${type}" specified with rollback option`);
    return blockNamed(backend, rollback);
  }
  if (type === 'latest') return undefined;
  if (type !== 'rollback')
    throw invalidParameter(`Invalid snapshot type "${type}" specified. Please specify "rollback" or "latest"`);
  const heights = backend.node.network.assumeUtxo.map((one) => one.height);
  if (heights.length === 0) throw invalidParameter('This network names no snapshot: give the block as "rollback"');
  return blockNamed(backend, Math.max(...heights));
}

function dumpRefused(reason: DumpRefusal, path: string): RpcError {
  switch (reason) {
    case 'exists':
      return invalidParameter(
        `${path} already exists. If you are sure this is what you want, move it out of the way first`,
      );
    case 'cannot-open':
      return invalidParameter(`Couldn't open file ${path}.incomplete for writing.`);
    case 'not-active':
      return new RpcError(RPC.MISC_ERROR, 'Could not roll back to requested height.');
    case 'pruned':
      return new RpcError(
        RPC.MISC_ERROR,
        'Could not roll back to requested height since necessary block data is already pruned.',
      );
    case 'too-far':
      return new RpcError(
        RPC.MISC_ERROR,
        'Could not roll back to requested height: more coins have changed since than fit in memory.',
      );
    case 'stopping':
      return new RpcError(RPC.CLIENT_NOT_CONNECTED, 'Shutting down');
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
  method({
    name: 'dumptxoutset',
    category: 'Blockchain',
    text:
      'Writes all unspent transaction outputs to a file in Bitcoin Core\'s format. With type "rollback" those after an ' +
      'earlier block, made from undo data while the node goes on as it is.',
    params: [
      required('path', 'str', 'Path of the file. A relative one starts at the data directory.'),
      optional('type', 'str', '"latest" for the tip, "rollback" for an earlier block.', { default: '""' }),
      optional('options', 'obj', 'What to roll back to.', {
        namedMembers: true,
        inner: [
          optional('rollback', 'num', 'Height or hash of the block whose coins to write.', {
            default: 'the highest that loadtxoutset would take',
            typeText: 'string or numeric',
          }),
        ],
      }),
    ],
    result: [
      r.obj('', '', [
        r.num('coins_written', 'Number of coins in the file'),
        r.hex('base_hash', 'Hash of the block after which the coins are these'),
        r.num('base_height', 'Its height'),
        r.str('path', 'Absolute path of the file'),
        r.hex('txoutset_hash', 'hash_serialized_3 of the coins'),
        r.num('nchaintx', 'Transactions of the chain up to the block'),
      ]),
    ],
    examples: ['utxo.dat latest', 'utxo.dat rollback'],
    needs: ['coinSet'],
    async run(args, { backend }): Promise<JsonObject> {
      const path = args.str(0);
      const outcome = await backend.coinSet.dump(path, baseOf(backend, args));
      if (!outcome.ok) throw dumpRefused(outcome.reason, outcome.path);
      const { value } = outcome;
      return {
        coins_written: value.coins,
        base_hash: displayHash(value.base.header.hash),
        base_height: value.base.height,
        path: value.path,
        txoutset_hash: displayHash(value.hash),
        nchaintx: value.chainTx,
      };
    },
  }),
];
