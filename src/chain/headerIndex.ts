import type { HeaderContext } from '../consensus/engine.ts';
import { headerContext } from '../consensus/headerContext.ts';
import { workOf } from '../primitives/compact.ts';
import { type Hash256, hashKey } from '../primitives/hash.ts';
import type { BlockHeader, SealedHeader } from '../primitives/header.ts';
import { MEDIAN_TIME_SPAN, medianOf } from '../primitives/medianTime.ts';
import { assert } from '../util/assert.ts';
import { type BlockStatus, type HeaderEntry, isInvalid } from './entry.ts';
import type { FilePosition } from './ports.ts';

/** Clears the lowest set bit. */
function withoutLowestBit(n: number): number {
  return n & (n - 1);
}

/** Height that the skip pointer of an entry at `height` leads to (Bitcoin Core GetSkipHeight): O(log n) to any ancestor. */
export function skipHeight(height: number): number {
  if (height < 2) return 0;
  return height % 2 === 1 ? withoutLowestBit(withoutLowestBit(height - 1)) + 1 : withoutLowestBit(height);
}

/** A node of the header tree. Only `chain` changes one; everyone else sees it as HeaderEntry. */
export class IndexEntry implements HeaderEntry {
  readonly header: BlockHeader;
  readonly seal: Uint8Array;
  readonly height: number;
  readonly chainWork: bigint;
  readonly parent: IndexEntry | undefined;
  readonly state: unknown;
  readonly sequence: number;
  readonly medianTime: number;
  readonly #skip: IndexEntry | undefined;
  status: BlockStatus = 'header';
  txCount = 0;
  body: FilePosition | undefined;
  undo: FilePosition | undefined;
  /** Children as a linked list: most entries have one. */
  firstChild: IndexEntry | undefined;
  nextSibling: IndexEntry | undefined;
  /**
   * Full nodes: 0 while the bodies from genesis to here are not all there and good; otherwise the order in which this
   * became so. Decides ties between branches: a header sent early must not win over a block that came first.
   */
  arrival = 0;

  constructor(sealed: SealedHeader, parent: IndexEntry | undefined, state: unknown, sequence: number) {
    this.header = sealed.header;
    this.seal = sealed.seal;
    this.parent = parent;
    this.height = parent === undefined ? 0 : parent.height + 1;
    this.chainWork = (parent?.chainWork ?? 0n) + workOf(sealed.header.bits);
    this.state = state;
    this.sequence = sequence;
    this.#skip = parent?.ancestor(skipHeight(this.height));
    const times: number[] = [];
    for (let at: IndexEntry | undefined = this; at !== undefined && times.length < MEDIAN_TIME_SPAN; at = at.parent)
      times.push(at.header.time);
    this.medianTime = medianOf(times);
  }

  get hasBody(): boolean {
    return this.body !== undefined;
  }

  get isInvalid(): boolean {
    return isInvalid(this);
  }

  /** Ancestor (or self) at `height`; undefined above. O(log n), as Bitcoin Core's CBlockIndex::GetAncestor. */
  ancestor(height: number): IndexEntry | undefined {
    if (height > this.height || height < 0) return undefined;
    let at: IndexEntry = this;
    while (at.height > height) {
      const skip = at.#skip;
      const to = skipHeight(at.height);
      const before = skipHeight(at.height - 1);
      // The parent's skip may be the longer jump: take ours only when it is not.
      const useSkip = to === height || (to > height && !(before < to - 2 && before >= height));
      at = (useSkip && skip !== undefined ? skip : at.parent) as IndexEntry;
    }
    return at;
  }

  children(): IndexEntry[] {
    const out: IndexEntry[] = [];
    for (let at = this.firstChild; at !== undefined; at = at.nextSibling) out.push(at);
    return out;
  }
}

/** The latest common ancestor of two entries of one tree. */
export function forkOf(a: IndexEntry, b: IndexEntry): IndexEntry {
  const height = Math.min(a.height, b.height);
  let x = a.ancestor(height);
  let y = b.ancestor(height);
  while (x !== y) {
    x = x?.parent;
    y = y?.parent;
  }
  assert(x !== undefined, 'two entries of the header tree share genesis');
  return x;
}

/** What a judge may know when it looks at a child of `parent`. Also for those who make headers. */
export function contextAfter(parent: HeaderEntry): HeaderContext {
  return headerContext(
    parent.height + 1,
    parent.header,
    (height) => {
      const found = parent instanceof IndexEntry ? parent.ancestor(height) : undefined;
      assert(found !== undefined, `no ancestor at height ${height} below ${parent.height}`);
      return found.header;
    },
    parent.medianTime,
  );
}

/** The tree of headers in memory. */
export class HeaderIndex {
  readonly #entries = new Map<string, IndexEntry>();
  readonly #tips = new Set<IndexEntry>();
  readonly genesis: IndexEntry;

  constructor(genesis: IndexEntry) {
    this.genesis = genesis;
    this.#entries.set(genesis.header.key, genesis);
    this.#tips.add(genesis);
  }

  /** Number of headers. */
  get size(): number {
    return this.#entries.size;
  }

  /** Entries without children. */
  get tips(): ReadonlySet<IndexEntry> {
    return this.#tips;
  }

  get(hash: Hash256): IndexEntry | undefined {
    return this.#entries.get(hashKey(hash));
  }

  byKey(key: string): IndexEntry | undefined {
    return this.#entries.get(key);
  }

  values(): IterableIterator<IndexEntry> {
    return this.#entries.values();
  }

  /** Adds an entry whose parent is in the tree. */
  add(entry: IndexEntry): void {
    const { parent } = entry;
    assert(parent !== undefined && this.#entries.get(parent.header.key) === parent, 'a new entry has a known parent');
    assert(!this.#entries.has(entry.header.key), 'an entry is added once');
    this.#entries.set(entry.header.key, entry);
    entry.nextSibling = parent.firstChild;
    parent.firstChild = entry;
    this.#tips.delete(parent);
    this.#tips.add(entry);
  }

  /** All descendants of `of`, parents first, without itself. */
  descendants(of: IndexEntry): IndexEntry[] {
    const out: IndexEntry[] = of.children();
    for (let i = 0; i < out.length; i++) out.push(...(out[i] as IndexEntry).children());
    return out;
  }

  /** Heights of a block locator: the last ten, then gaps that double, genesis last. */
  locator(of: IndexEntry): Hash256[] {
    const out: Hash256[] = [];
    let gap = 1;
    for (let height = of.height; height > 0; height -= gap) {
      out.push((of.ancestor(height) as IndexEntry).header.hash);
      if (out.length >= 10) gap *= 2;
    }
    out.push(this.genesis.header.hash);
    return out;
  }
}
