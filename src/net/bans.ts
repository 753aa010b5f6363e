import type { BanEntry } from './network.ts';

/** Bans kept at most: the ones that end last stay. */
export const MAX_BANS = 4096;

/** Peer ids and IP addresses that may not connect. In memory; `onChange` gets what to keep. */
export class Bans {
  readonly #entries = new Map<string, BanEntry>();
  readonly #onChange: (entries: readonly BanEntry[]) => void;

  constructor(onChange: (entries: readonly BanEntry[]) => void) {
    this.#onChange = onChange;
  }

  /** Takes what was kept; entries that are no bans or are over are left out. */
  restore(content: unknown, nowMs: number): void {
    if (!Array.isArray(content)) return;
    for (const entry of content.slice(0, MAX_BANS))
      if (isBan(entry) && entry.untilMs > nowMs) this.#entries.set(entry.target, entry);
  }

  has(target: string, nowMs: number): boolean {
    const entry = this.#entries.get(target);
    if (entry === undefined) return false;
    if (entry.untilMs > nowMs) return true;
    this.#entries.delete(target);
    return false;
  }

  /** A longer ban that is there already stays. */
  add(entry: BanEntry): void {
    if ((this.#entries.get(entry.target)?.untilMs ?? 0) >= entry.untilMs) return;
    this.#entries.set(entry.target, entry);
    if (this.#entries.size > MAX_BANS) {
      const first = [...this.#entries.values()].reduce((a, b) => (a.untilMs <= b.untilMs ? a : b));
      this.#entries.delete(first.target);
    }
    this.#onChange([...this.#entries.values()]);
  }

  remove(target: string): boolean {
    const had = this.#entries.delete(target);
    if (had) this.#onChange([...this.#entries.values()]);
    return had;
  }

  list(nowMs: number): readonly BanEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.untilMs > nowMs);
  }
}

function isBan(value: unknown): value is BanEntry {
  const e = value as Partial<Record<keyof BanEntry, unknown>> | null;
  return (
    typeof e === 'object' &&
    e !== null &&
    typeof e.target === 'string' &&
    typeof e.reason === 'string' &&
    Number.isFinite(e.createdMs) &&
    Number.isFinite(e.untilMs)
  );
}
