import { displayHash, type Hash256 } from '../../primitives/hash.ts';
import { toHex } from '../../util/hex.ts';
import { hashOf, intOf } from '../args.ts';
import type { MempoolBackend, PoolEntryInfo } from '../backend.ts';
import { invalidParameter, notFound, typeError } from '../errors.ts';
import { Coins, type Json, type JsonObject, typeName } from '../json.ts';
import { ChunkFinder } from '../present/chunks.ts';
import { poolEntryJson, poolEntryShape } from '../present/poolEntry.ts';
import { type MethodSpec, method, optional, type ParamSpec, r, required } from '../spec.ts';

const txid = required('txid', 'hex', 'The transaction id (must be in mempool)');
const verbose = optional('verbose', 'bool', 'True for a json object, false for array of transaction ids', {
  default: false,
});
const byId = r.dyn('', '', r.obj('transactionid', '', poolEntryShape));
const ids = r.arr('', '', r.hex('', 'The transaction id'));

function entryOf(pool: MempoolBackend, id: Hash256): PoolEntryInfo {
  const entry = pool.get(id);
  if (entry === undefined) throw notFound('Transaction not in mempool');
  return entry;
}

/** Ids, or with `detailed` an object of entries by id. */
function listJson(pool: MempoolBackend, entries: readonly PoolEntryInfo[], detailed: boolean): Json {
  if (!detailed) return entries.map((entry) => entry.tx.id);
  const chunks = new ChunkFinder(pool);
  return Object.fromEntries(entries.map((entry) => [entry.tx.id, poolEntryJson(pool, entry, chunks)]));
}

function relatives(name: string, which: 'ancestors' | 'descendants'): MethodSpec {
  return method({
    name,
    category: 'Blockchain',
    text: `If txid is in the mempool, returns all in-mempool ${which}.`,
    params: [txid, verbose],
    result: [r.when('for verbose = false', ids), r.when('for verbose = true', byId)],
    needs: ['mempool'],
    run(args, { backend: { mempool } }) {
      const entry = entryOf(mempool, args.hash(0));
      return listJson(mempool, mempool[which](entry), args.bool(1, false));
    },
  });
}

const outputsParam: ParamSpec = required(
  'outputs',
  'arr',
  'The transaction outputs that we want to check, and within each, the txid (string) vout (numeric).',
  {
    inner: [
      optional('output', 'obj', '', {
        inner: [required('txid', 'hex', 'The transaction id'), required('vout', 'num', 'The output number')],
      }),
    ],
  },
);

function spendingJson(pool: MempoolBackend, output: Json, withTx: boolean): JsonObject {
  if (typeName(output) !== 'object') throw typeError(output, 'object');
  const { txid: id, vout } = output as JsonObject;
  const index = intOf(vout);
  if (index < 0) throw invalidParameter('Invalid parameter, vout cannot be negative');
  const hash = hashOf(id, 'txid');
  const spender = pool.spender({ txid: hash, index });
  return {
    txid: displayHash(hash),
    vout: index,
    spendingtxid: spender?.tx.id,
    spendingtx: spender !== undefined && withTx ? toHex(spender.tx.bytes) : undefined,
  };
}

export const mempoolMethods: readonly MethodSpec[] = [
  method({
    name: 'getmempoolinfo',
    category: 'Blockchain',
    text: 'Returns details on the active state of the TX memory pool.',
    params: [],
    result: [
      r.obj('', '', [
        r.bool('loaded', 'True if the initial load attempt of the persisted mempool finished'),
        r.num('size', 'Current tx count'),
        r.num('bytes', 'Sum of all virtual transaction sizes as defined in BIP 141'),
        r.num('usage', 'Total memory usage for the mempool'),
        r.amount('total_fee', 'Total fees for the mempool in coins'),
        r.num('maxmempool', 'Maximum memory usage for the mempool'),
        r.amount('mempoolminfee', 'Minimum fee rate in coins/kvB for tx to be accepted'),
        r.amount('minrelaytxfee', 'Current minimum relay fee for transactions'),
        r.amount('incrementalrelayfee', 'minimum fee rate increment for mempool limiting or replacement in coins/kvB'),
        r.num('unbroadcastcount', "Current number of transactions that haven't passed initial broadcast yet"),
        r.bool('permitbaremultisig', 'True if the mempool accepts transactions with bare multisig outputs'),
        r.num('maxdatacarriersize', 'Maximum number of bytes that can be used by OP_RETURN outputs in the mempool'),
        r.num('limitclustercount', 'Maximum number of transactions that can be in a cluster'),
        r.num('limitclustersize', 'Maximum size of a cluster in virtual bytes'),
        r.bool('optimal', 'If the mempool is in a known-optimal transaction ordering'),
        r.bool('fullrbf', 'True if the mempool accepts replacement without BIP125 signalling'),
      ]),
    ],
    needs: ['mempool'],
    run(_args, { backend: { mempool } }) {
      const entries = mempool.entries();
      const { policy } = mempool;
      return {
        loaded: true,
        size: mempool.size,
        bytes: mempool.vbytes,
        usage: mempool.memory,
        total_fee: new Coins(entries.reduce((total, { fee }) => total + fee, 0n)),
        maxmempool: mempool.maxMemory,
        mempoolminfee: new Coins(mempool.minFeeRate),
        minrelaytxfee: new Coins(mempool.minRelayFeeRate),
        incrementalrelayfee: new Coins(policy.incrementalFeeRate),
        unbroadcastcount: entries.filter((entry) => mempool.isUnbroadcast(entry.tx.txid)).length,
        permitbaremultisig: policy.permitBareMultisig,
        maxdatacarriersize: policy.maxDataCarrierBytes,
        limitclustercount: policy.maxClusterCount,
        limitclustersize: policy.maxClusterVbytes,
        optimal: false,
        fullrbf: policy.fullRbf,
      };
    },
  }),
  method({
    name: 'getrawmempool',
    category: 'Blockchain',
    text: 'Returns all transaction ids in memory pool as a json array of string transaction ids.\n\nHint: use getmempoolentry to fetch a specific transaction from the mempool.',
    params: [
      verbose,
      optional(
        'mempool_sequence',
        'bool',
        'If verbose=false, returns a json object with transaction list and mempool sequence number attached.',
        {
          default: false,
        },
      ),
    ],
    result: [
      r.when('for verbose = false', ids),
      r.when('for verbose = true', byId),
      r.when(
        'for verbose = false and mempool_sequence = true',
        r.obj('', '', [
          r.arr('txids', '', r.hex('', 'The transaction id')),
          r.num('mempool_sequence', 'The mempool sequence value.'),
        ]),
      ),
    ],
    examples: ['true'],
    needs: ['mempool'],
    run(args, { backend: { mempool } }) {
      const detailed = args.bool(0, false);
      if (!args.bool(1, false)) return listJson(mempool, mempool.entries(), detailed);
      if (detailed) throw invalidParameter('Verbose results cannot contain mempool sequence values.');
      return { txids: listJson(mempool, mempool.entries(), false), mempool_sequence: mempool.changes() };
    },
  }),
  method({
    name: 'getmempoolentry',
    category: 'Blockchain',
    text: 'Returns mempool data for given transaction',
    params: [txid],
    result: [r.obj('', '', poolEntryShape)],
    examples: ['"mytxid"'],
    needs: ['mempool'],
    run(args, { backend: { mempool } }) {
      return poolEntryJson(mempool, entryOf(mempool, args.hash(0)), new ChunkFinder(mempool));
    },
  }),
  relatives('getmempoolancestors', 'ancestors'),
  relatives('getmempooldescendants', 'descendants'),
  method({
    name: 'gettxspendingprevout',
    category: 'Blockchain',
    text: 'Scans the mempool to find transactions spending any of the given outputs',
    params: [
      outputsParam,
      optional('options', 'obj', '', {
        namedMembers: true,
        inner: [
          optional('mempool_only', 'bool', 'The mempool is always all that is searched', { default: true }),
          optional('return_spending_tx', 'bool', 'If true, also return the full spending transaction', {
            default: false,
          }),
        ],
      }),
    ],
    result: [
      r.arr(
        '',
        '',
        r.obj('', '', [
          r.hex('txid', 'the transaction id of the checked output'),
          r.num('vout', 'the vout value of the checked output'),
          r.opt(
            r.hex(
              'spendingtxid',
              'the transaction id of the mempool transaction spending this output (omitted if unspent)',
            ),
          ),
          r.opt(r.hex('spendingtx', 'the transaction spending this output (only if return_spending_tx is set)')),
        ]),
      ),
    ],
    needs: ['mempool'],
    run(args, { backend: { mempool } }) {
      const outputs = args.array(0);
      if (outputs.length === 0) throw invalidParameter('Invalid parameter, outputs are missing');
      const { return_spending_tx: withTx } = args.optObject(1);
      return outputs.map((output) => spendingJson(mempool, output, withTx === true));
    },
  }),
];
