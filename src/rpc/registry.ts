import type { Backend } from './backend.ts';
import type { Group, MethodSpec } from './spec.ts';

/** The methods that a node offers. */
export interface Registry {
  /** Sorted by name. */
  readonly offered: readonly MethodSpec[];
  find(name: string): MethodSpec | undefined;
  /** Groups that a known but not offered method misses; undefined for unknown names. */
  missing(name: string): readonly Group[] | undefined;
}

/** Of all methods those whose groups the backend has. */
export function createRegistry(all: readonly MethodSpec[], backend: Backend): Registry {
  const lacks = (spec: MethodSpec): readonly Group[] => spec.needs.filter((group) => backend[group] === undefined);
  const byName = new Map(all.map((spec) => [spec.name, spec]));
  const offered = all.filter((spec) => lacks(spec).length === 0).sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = new Set(offered.map((spec) => spec.name));
  return {
    offered,
    find: (name) => (names.has(name) ? byName.get(name) : undefined),
    missing(name) {
      const spec = byName.get(name);
      return spec === undefined ? undefined : lacks(spec);
    },
  };
}
