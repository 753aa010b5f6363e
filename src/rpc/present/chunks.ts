import { hashKey } from '../../primitives/hash.ts';
import type { MempoolBackend, PoolEntryInfo } from '../backend.ts';

/** Fee (satoshi) and weight of the group of transactions that a miner would take together with one. */
export interface Chunk {
  readonly fee: bigint;
  readonly weight: number;
}

/** Clusters above this are not sorted: every transaction there counts as its own group. Bounds the work of one call. */
const MAX_SORTED = 128;

interface Member {
  readonly entry: PoolEntryInfo;
  readonly key: string;
  /** Keys of it and its ancestors. */
  readonly ancestry: ReadonlySet<string>;
}

/** All transactions connected with `entry` through unconfirmed parents and children, including itself. */
function clusterOf(pool: MempoolBackend, entry: PoolEntryInfo): Map<string, PoolEntryInfo> {
  const cluster = new Map([[hashKey(entry.tx.txid), entry]]);
  const open = [entry];
  for (let at = open.pop(); at !== undefined && cluster.size <= MAX_SORTED; at = open.pop()) {
    for (const other of [...pool.ancestors(at), ...pool.descendants(at)]) {
      const key = hashKey(other.tx.txid);
      if (cluster.has(key)) continue;
      cluster.set(key, other);
      open.push(other);
    }
  }
  return cluster;
}

const betterRate = (a: Chunk, b: Chunk): boolean => a.fee * BigInt(b.weight) > b.fee * BigInt(a.weight);
const joined = (a: Chunk, b: Chunk): Chunk => ({ fee: a.fee + b.fee, weight: a.weight + b.weight });

/** Takes, again and again, the transaction whose remaining ancestors with it pay the best rate. Groups in order taken. */
function takeByRate(pool: MempoolBackend, cluster: Map<string, PoolEntryInfo>): { keys: string[]; chunk: Chunk }[] {
  let left: Member[] = [...cluster].map(([key, entry]) => {
    return { entry, key, ancestry: new Set([key, ...pool.ancestors(entry).map((one) => hashKey(one.tx.txid))]) };
  });
  const groups: { keys: string[]; chunk: Chunk }[] = [];
  while (left.length > 0) {
    let best: { keys: string[]; chunk: Chunk } | undefined;
    for (const candidate of left) {
      const group = left.filter((member) => candidate.ancestry.has(member.key));
      const chunk = group.map(({ entry }) => ({ fee: entry.fee, weight: entry.tx.weight })).reduce(joined);
      if (best === undefined || betterRate(chunk, best.chunk)) best = { keys: group.map((m) => m.key), chunk };
    }
    const taken = best as { keys: string[]; chunk: Chunk };
    groups.push(taken);
    left = left.filter((member) => !taken.keys.includes(member.key));
  }
  return groups;
}

/** Finds chunks; remembers those of the clusters it has met. For one call only: the pool must not change meanwhile. */
export class ChunkFinder {
  readonly #pool: MempoolBackend;
  readonly #known = new Map<string, Chunk>();

  constructor(pool: MempoolBackend) {
    this.#pool = pool;
  }

  of(entry: PoolEntryInfo): Chunk {
    const key = hashKey(entry.tx.txid);
    if (!this.#known.has(key)) this.#sort(entry);
    return this.#known.get(key) ?? { fee: entry.fee, weight: entry.tx.weight };
  }

  #sort(entry: PoolEntryInfo): void {
    const cluster = clusterOf(this.#pool, entry);
    if (cluster.size > MAX_SORTED) return;
    const merged: { keys: string[]; chunk: Chunk }[] = [];
    for (let group of takeByRate(this.#pool, cluster)) {
      // A later group that pays better than the one before is mined together with it.
      for (let last = merged.at(-1); last !== undefined && betterRate(group.chunk, last.chunk); last = merged.at(-1)) {
        merged.pop();
        group = { keys: [...last.keys, ...group.keys], chunk: joined(last.chunk, group.chunk) };
      }
      merged.push(group);
    }
    for (const { keys, chunk } of merged) for (const member of keys) this.#known.set(member, chunk);
  }
}
