import { displayHash, hashKey } from '../../primitives/hash.ts';
import type { MempoolBackend, PoolEntryInfo } from '../backend.ts';
import { Coins, type JsonObject } from '../json.ts';
import { r } from '../spec.ts';
import type { ChunkFinder } from './chunks.ts';

/** BIP125: an input with a sequence up to this opts in to replacement. */
const MAX_BIP125_SEQUENCE = 0xfffffffd;

const signals = ({ tx }: PoolEntryInfo): boolean => tx.inputs.some((input) => input.sequence <= MAX_BIP125_SEQUENCE);
const sum = (entries: readonly PoolEntryInfo[], of: (entry: PoolEntryInfo) => number): number =>
  entries.reduce((total, entry) => total + of(entry), 0);
const fees = (entries: readonly PoolEntryInfo[]): Coins =>
  new Coins(entries.reduce((total, { fee }) => total + fee, 0n));

/** Transactions of the pool that the entry spends, each once. */
function parentsOf(pool: MempoolBackend, entry: PoolEntryInfo): string[] {
  const ids = entry.tx.inputs.filter((input) => pool.get(input.prevout.txid) !== undefined);
  return [...new Set(ids.map((input) => displayHash(input.prevout.txid)))];
}

/** Transactions of the pool that spend the entry's outputs, each once. */
function childrenOf(pool: MempoolBackend, entry: PoolEntryInfo): string[] {
  const { txid } = entry.tx;
  const spenders = entry.tx.outputs.map((_, index) => pool.spender({ txid, index }));
  const unique = new Map(
    spenders.flatMap((child) => (child === undefined ? [] : [[hashKey(child.tx.txid), child.tx.id]])),
  );
  return [...unique.values()];
}

/** What getmempoolentry tells of a transaction. */
export function poolEntryJson(pool: MempoolBackend, entry: PoolEntryInfo, chunks: ChunkFinder): JsonObject {
  const { tx } = entry;
  const up = [entry, ...pool.ancestors(entry)];
  const down = [entry, ...pool.descendants(entry)];
  const chunk = chunks.of(entry);
  const vsize = (one: PoolEntryInfo): number => one.tx.vsize;
  return {
    vsize: tx.vsize,
    vsize_bip141: tx.vsize,
    vsize_adjusted: tx.vsize,
    weight: tx.weight,
    time: Math.floor(entry.timeMs / 1000),
    height: entry.height,
    descendantcount: down.length,
    descendantsize: sum(down, vsize),
    ancestorcount: up.length,
    ancestorsize: sum(up, vsize),
    chunkweight: chunk.weight,
    wtxid: displayHash(tx.wtxid),
    fees: {
      base: new Coins(entry.fee),
      modified: new Coins(entry.fee),
      ancestor: fees(up),
      descendant: fees(down),
      chunk: new Coins(chunk.fee),
    },
    depends: parentsOf(pool, entry),
    spentby: childrenOf(pool, entry),
    'bip125-replaceable': pool.policy.fullRbf || up.some(signals),
    unbroadcast: pool.isUnbroadcast(tx.txid),
  };
}

export const poolEntryShape = [
  r.num('vsize', 'virtual transaction size as defined in BIP 141'),
  r.num('vsize_bip141', 'virtual transaction size as defined in BIP 141'),
  r.num('vsize_adjusted', 'the same: sigops do not raise it here'),
  r.num('weight', 'transaction weight as defined in BIP 141'),
  r.time('time', 'local time transaction entered pool, Unix seconds'),
  r.num('height', 'block height when transaction entered pool'),
  r.num('descendantcount', 'number of in-mempool descendant transactions (including this one)'),
  r.num('descendantsize', 'virtual transaction size of in-mempool descendants (including this one)'),
  r.num('ancestorcount', 'number of in-mempool ancestor transactions (including this one)'),
  r.num('ancestorsize', 'virtual transaction size of in-mempool ancestors (including this one)'),
  r.num('chunkweight', 'weight of the group of transactions that would be mined together with this one'),
  r.hex('wtxid', 'hash of serialized transaction, including witness data'),
  r.obj('fees', '', [
    r.amount('base', 'transaction fee in coins'),
    r.amount('modified', 'the same: fee deltas do not exist here'),
    r.amount('ancestor', 'transaction fees of in-mempool ancestors (including this one) in coins'),
    r.amount('descendant', 'transaction fees of in-mempool descendants (including this one) in coins'),
    r.amount('chunk', 'transaction fees of the group that would be mined together with this one in coins'),
  ]),
  r.arr('depends', 'unconfirmed transactions used as inputs for this transaction', r.hex('', 'parent transaction id')),
  r.arr(
    'spentby',
    'unconfirmed transactions spending outputs from this transaction',
    r.hex('', 'child transaction id'),
  ),
  r.bool(
    'bip125-replaceable',
    'Whether this transaction signals BIP125 replaceability or has an unconfirmed ancestor that does',
  ),
  r.bool(
    'unbroadcast',
    'Whether this transaction is currently unbroadcast (initial broadcast not yet acknowledged by any peers)',
  ),
];
