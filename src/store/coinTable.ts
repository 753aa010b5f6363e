import { assert } from '../util/assert.ts';

/** What an entry is beside its coin; bits. */
export const COIN_FLAG = {
  /** The database below does not say the same yet. */
  DIRTY: 1,
  /** The database below has nothing for this outpoint: spent before it is flushed, it never has to know. */
  FRESH: 2,
  /** Spent: answers "none" and hides what the database still says. Has no value. */
  SPENT: 4,
} as const;

/** Unit of the slab: a record's place is a number of units, so that 31 bits reach 16 GiB. */
const UNIT = 8;
/** txid ‖ index u32le ‖ value length u16le ‖ flags u8 ‖ free. */
const HEAD = 40;
const INDEX_AT = 32;
const LENGTH_AT = 36;
const FLAGS_AT = 38;
/** Longest value: a script that can run has at most 10,000 bytes. */
const MAX_VALUE = 0xffff;
/** Records of up to so many units have a free list for their exact size; above, sizes grow by an eighth. */
const EXACT_CLASSES = 64;
/** Most entries per slot: 13 slots looked at for a miss, on average, one after another in memory. */
const MAX_LOAD = 0.8;
/** Bytes of txid that are hashed; the rest are compared only. */
const HASHED_TXID = 12;
const HASHED = HASHED_TXID + 4;
/** The slots grow in few large steps: the last one moves an eighth of what fits, some 15 ms with the default cache. */
const FIRST_SLOTS = 8192;
const GROWTH = 8;

/** Bytes that a record with a value of `length` bytes takes at most, without its slot. */
export function recordBytes(length: number): number {
  return classSize((HEAD + length + UNIT - 1) >>> 3) * UNIT;
}

/** Units a record of `units` takes: its size class. */
function classSize(units: number): number {
  if (units <= EXACT_CLASSES) return units;
  const step = 2 ** (28 - Math.clz32(units));
  return Math.ceil(units / step) * step;
}

/**
 * Random tables for a tabulation hash: whoever grinds transaction ids without knowing them cannot make entries collide.
 * Expanded from 16 random bytes (sfc32).
 */
function hashTables(salt: Uint8Array): Uint32Array {
  assert(salt.length === 16, 'the salt has 16 bytes');
  const seed = new DataView(salt.buffer, salt.byteOffset, 16);
  let a = seed.getUint32(0);
  let b = seed.getUint32(4);
  let c = seed.getUint32(8);
  let d = seed.getUint32(12);
  const out = new Uint32Array(HASHED * 256);
  for (let i = -20; i < out.length; i++) {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    if (i >= 0) out[i] = t;
  }
  return out;
}

/**
 * Outpoint → compact coin record in two blocks of memory outside the heap: an open-addressed array of (place, hash) pairs,
 * and a slab of records that grows by chunks and reuses freed records of the same size. No object or string per entry.
 * A record is known by its place, a positive number that stays the same until it is put again or erased.
 */
export class CoinTable {
  readonly #tables: Uint32Array;
  readonly #enoughSlots: number;
  readonly #chunkUnits: number;
  /** Per slot: place (0: empty), hash. */
  #slots: Int32Array;
  #slotCount: number;
  readonly #chunks: Uint8Array[] = [];
  /** First unit never used. Unit 0 is none. */
  #next = 1;
  /** Heads of the lists of free records by size class. */
  readonly #free = new Map<number, number>();
  readonly #exactFree = new Int32Array(EXACT_CLASSES + 1);
  #entries = 0;
  #dirty = 0;

  /** `salt`: 16 random bytes. `slots`: enough for all entries expected, at MAX_LOAD each. `chunkBytes`: a power of two. */
  constructor(options: { readonly salt: Uint8Array; readonly slots: number; readonly chunkBytes: number }) {
    const { slots, chunkBytes } = options;
    assert(chunkBytes >= 131_072 && Math.log2(chunkBytes) % 1 === 0, 'a chunk holds any record');
    this.#tables = hashTables(options.salt);
    this.#enoughSlots = Math.max(16, slots);
    this.#slotCount = Math.min(this.#enoughSlots, FIRST_SLOTS);
    this.#slots = new Int32Array(this.#slotCount * 2);
    this.#chunkUnits = chunkBytes / UNIT;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Entries with DIRTY. */
  get dirty(): number {
    return this.#dirty;
  }

  /** Bytes in use: slots, and records with those freed since the last clear. */
  get bytes(): number {
    return this.#slots.byteLength + this.#next * UNIT;
  }

  /** So many more entries would be more than were expected at most. */
  isCrowdedBy(more: number): boolean {
    return this.#entries + more > this.#enoughSlots * MAX_LOAD;
  }

  /** Place of the record, 0 when there is none. */
  find(txid: Uint8Array, index: number): number {
    const hash = this.#hash(txid, index);
    const slots = this.#slots;
    for (let i = this.#home(hash); ; i = i + 1 === this.#slotCount ? 0 : i + 1) {
      const place = slots[2 * i] as number;
      if (place === 0) return 0;
      if (slots[2 * i + 1] === hash && this.#holds(place, txid, index)) return place;
    }
  }

  flags(place: number): number {
    return this.#chunk(place)[this.#at(place) + FLAGS_AT] as number;
  }

  /** The value as a view that is good until the table changes. */
  value(place: number): Uint8Array {
    const chunk = this.#chunk(place);
    const at = this.#at(place);
    const length = (chunk[at + LENGTH_AT] as number) | ((chunk[at + LENGTH_AT + 1] as number) << 8);
    return chunk.subarray(at + HEAD, at + HEAD + length);
  }

  txid(place: number): Uint8Array {
    const at = this.#at(place);
    return this.#chunk(place).subarray(at, at + 32);
  }

  index(place: number): number {
    const chunk = this.#chunk(place);
    const at = this.#at(place) + INDEX_AT;
    return (
      ((chunk[at] as number) |
        ((chunk[at + 1] as number) << 8) |
        ((chunk[at + 2] as number) << 16) |
        ((chunk[at + 3] as number) << 24)) >>>
      0
    );
  }

  /** The value, copied. */
  copyOfValue(place: number): Uint8Array {
    const chunk = this.#chunk(place);
    const at = this.#at(place);
    const length = (chunk[at + LENGTH_AT] as number) | ((chunk[at + LENGTH_AT + 1] as number) << 8);
    return chunk.slice(at + HEAD, at + HEAD + length);
  }

  /** First 16 bits of the txid, as a number. */
  prefix(place: number): number {
    const chunk = this.#chunk(place);
    const at = this.#at(place);
    return ((chunk[at] as number) << 8) | (chunk[at + 1] as number);
  }

  /** Adds or replaces. `value` is empty with SPENT. */
  put(txid: Uint8Array, index: number, value: Uint8Array, flags: number): void {
    assert(value.length <= MAX_VALUE, `coin record of ${value.length} bytes`);
    const units = classSize((HEAD + value.length + UNIT - 1) >>> 3);
    const hash = this.#hash(txid, index);
    let i = this.#home(hash);
    for (; ; i = i + 1 === this.#slotCount ? 0 : i + 1) {
      const place = this.#slots[2 * i] as number;
      if (place === 0) break;
      if (this.#slots[2 * i + 1] !== hash || !this.#holds(place, txid, index)) continue;
      if ((this.flags(place) & COIN_FLAG.DIRTY) !== 0) this.#dirty--;
      let to = place;
      if (this.#unitsOf(place) !== units) {
        this.#release(place);
        to = this.#allocate(units);
        this.#slots[2 * i] = to;
      }
      this.#write(to, txid, index, value, flags);
      return;
    }
    if (this.#entries + 1 > this.#slotCount * MAX_LOAD) {
      this.#grow();
      i = this.#emptyFor(hash);
    }
    const place = this.#allocate(units);
    this.#slots[2 * i] = place;
    this.#slots[2 * i + 1] = hash;
    this.#entries++;
    this.#write(place, txid, index, value, flags);
  }

  /** Removes the entry; nothing happens when there is none. */
  erase(txid: Uint8Array, index: number): void {
    const hash = this.#hash(txid, index);
    for (let i = this.#home(hash); ; i = i + 1 === this.#slotCount ? 0 : i + 1) {
      const place = this.#slots[2 * i] as number;
      if (place === 0) return;
      if (this.#slots[2 * i + 1] !== hash || !this.#holds(place, txid, index)) continue;
      this.#eraseSlot(i);
      return;
    }
  }

  /** Removes everything and keeps the memory. */
  clear(): void {
    if (this.#slotCount > this.#enoughSlots) {
      this.#slotCount = this.#enoughSlots;
      this.#slots = new Int32Array(this.#slotCount * 2);
    } else this.#slots.fill(0);
    this.#next = 1;
    this.#free.clear();
    this.#exactFree.fill(0);
    this.#entries = 0;
    this.#dirty = 0;
  }

  /** Slots, for `each` and `clean` in pieces. */
  get slotCount(): number {
    return this.#slotCount;
  }

  /** Calls `visit` with the place of every dirty record in slots [from, to). The table must not change meanwhile. */
  eachDirty(from: number, to: number, visit: (place: number) => void): void {
    const end = Math.min(to, this.#slotCount);
    for (let i = from; i < end; i++) {
      const place = this.#slots[2 * i] as number;
      if (place !== 0 && (this.flags(place) & COIN_FLAG.DIRTY) !== 0) visit(place);
    }
  }

  /** After all dirty records were flushed: those in slots [from, to) become clean, spent ones vanish after `gone` was told. */
  clean(from: number, to: number, gone: (txid: Uint8Array, index: number) => void = () => {}): void {
    const end = Math.min(to, this.#slotCount);
    for (let i = from; i < end; ) {
      const place = this.#slots[2 * i] as number;
      if (place !== 0) {
        const flags = this.flags(place);
        if ((flags & COIN_FLAG.SPENT) !== 0) {
          gone(this.txid(place), this.index(place));
          // What moves up into this slot is looked at next.
          this.#eraseSlot(i);
          continue;
        }
        if ((flags & COIN_FLAG.DIRTY) !== 0) this.#dirty--;
        this.#chunk(place)[this.#at(place) + FLAGS_AT] = 0;
      }
      i++;
    }
  }

  #hash(txid: Uint8Array, index: number): number {
    const t = this.#tables;
    let h = 0;
    for (let i = 0; i < HASHED_TXID; i++) h ^= t[(i << 8) | (txid[i] as number)] as number;
    h ^= t[(HASHED_TXID << 8) | (index & 0xff)] as number;
    h ^= t[((HASHED_TXID + 1) << 8) | ((index >>> 8) & 0xff)] as number;
    h ^= t[((HASHED_TXID + 2) << 8) | ((index >>> 16) & 0xff)] as number;
    h ^= t[((HASHED_TXID + 3) << 8) | (index >>> 24)] as number;
    return h | 0;
  }

  /** First slot that a hash may be in: its share of the range, so that any number of slots is possible. */
  #home(hash: number): number {
    return Math.floor(((hash >>> 0) / 4_294_967_296) * this.#slotCount);
  }

  #emptyFor(hash: number): number {
    let i = this.#home(hash);
    while (this.#slots[2 * i] !== 0) i = i + 1 === this.#slotCount ? 0 : i + 1;
    return i;
  }

  #chunk(place: number): Uint8Array {
    return this.#chunks[Math.floor(place / this.#chunkUnits)] as Uint8Array;
  }

  #at(place: number): number {
    return (place % this.#chunkUnits) * UNIT;
  }

  #holds(place: number, txid: Uint8Array, index: number): boolean {
    const chunk = this.#chunk(place);
    const at = this.#at(place);
    for (let i = 0; i < 32; i++) if (chunk[at + i] !== txid[i]) return false;
    return this.index(place) === index;
  }

  #unitsOf(place: number): number {
    const chunk = this.#chunk(place);
    const at = this.#at(place) + LENGTH_AT;
    const length = (chunk[at] as number) | ((chunk[at + 1] as number) << 8);
    return classSize((HEAD + length + UNIT - 1) >>> 3);
  }

  #write(place: number, txid: Uint8Array, index: number, value: Uint8Array, flags: number): void {
    const chunk = this.#chunk(place);
    const at = this.#at(place);
    for (let i = 0; i < 32; i++) chunk[at + i] = txid[i] as number;
    chunk[at + INDEX_AT] = index;
    chunk[at + INDEX_AT + 1] = index >>> 8;
    chunk[at + INDEX_AT + 2] = index >>> 16;
    chunk[at + INDEX_AT + 3] = index >>> 24;
    chunk[at + LENGTH_AT] = value.length;
    chunk[at + LENGTH_AT + 1] = value.length >>> 8;
    chunk[at + FLAGS_AT] = flags;
    for (let i = 0; i < value.length; i++) chunk[at + HEAD + i] = value[i] as number;
    if ((flags & COIN_FLAG.DIRTY) !== 0) this.#dirty++;
  }

  /** Takes the slot's entry out and moves up what would not be found any more over the gap (Knuth 6.4, algorithm R). */
  #eraseSlot(slot: number): void {
    const slots = this.#slots;
    const count = this.#slotCount;
    const place = slots[2 * slot] as number;
    if ((this.flags(place) & COIN_FLAG.DIRTY) !== 0) this.#dirty--;
    this.#release(place);
    this.#entries--;
    let gap = slot;
    for (let i = slot + 1 === count ? 0 : slot + 1; slots[2 * i] !== 0; i = i + 1 === count ? 0 : i + 1) {
      const home = this.#home(slots[2 * i + 1] as number);
      // It may stay when its home lies cyclically in (gap, i].
      if (gap < i ? gap < home && home <= i : gap < home || home <= i) continue;
      slots[2 * gap] = slots[2 * i] as number;
      slots[2 * gap + 1] = slots[2 * i + 1] as number;
      gap = i;
    }
    slots[2 * gap] = 0;
  }

  #grow(): void {
    const before = this.#slots;
    const enough = this.#enoughSlots;
    this.#slotCount = this.#slotCount < enough ? Math.min(this.#slotCount * GROWTH, enough) : this.#slotCount * 2;
    this.#slots = new Int32Array(this.#slotCount * 2);
    for (let i = 0; i < before.length; i += 2) {
      if (before[i] === 0) continue;
      const to = this.#emptyFor(before[i + 1] as number);
      this.#slots[2 * to] = before[i] as number;
      this.#slots[2 * to + 1] = before[i + 1] as number;
    }
  }

  #allocate(units: number): number {
    const free = units <= EXACT_CLASSES ? (this.#exactFree[units] as number) : (this.#free.get(units) ?? 0);
    if (free !== 0) {
      // A free record keeps the next of its list where its index was.
      this.#setHead(units, this.index(free));
      return free;
    }
    const inChunk = this.#next % this.#chunkUnits;
    if (inChunk + units > this.#chunkUnits) this.#next += this.#chunkUnits - inChunk;
    const place = this.#next;
    if (Math.floor(place / this.#chunkUnits) === this.#chunks.length)
      this.#chunks.push(new Uint8Array(this.#chunkUnits * UNIT));
    this.#next += units;
    assert(this.#next <= 0x7fffffff, 'a table holds at most 16 GiB');
    return place;
  }

  #release(place: number): void {
    const units = this.#unitsOf(place);
    const next = units <= EXACT_CLASSES ? (this.#exactFree[units] as number) : (this.#free.get(units) ?? 0);
    const chunk = this.#chunk(place);
    const at = this.#at(place) + INDEX_AT;
    chunk[at] = next;
    chunk[at + 1] = next >>> 8;
    chunk[at + 2] = next >>> 16;
    chunk[at + 3] = next >>> 24;
    this.#setHead(units, place);
  }

  #setHead(units: number, place: number): void {
    if (units <= EXACT_CLASSES) this.#exactFree[units] = place;
    else this.#free.set(units, place);
  }
}
