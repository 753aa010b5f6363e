import assert from 'node:assert/strict';
import { importsOf, type Source, sources } from './sources.ts';
import { OWNED_PACKAGES, ROOMS } from './table.ts';

const all = sources();
const stem = (path: string): string => path.replace(/(\.node)?\.ts$/, '');

/** What is wrong with an import of `source`, undefined when it is allowed. */
function forbidden(source: Pick<Source, 'path' | 'room'>, path: string): string | undefined {
  if (source.room === 'app' || source.room === '') return undefined;
  const target = path.slice(0, path.indexOf('/'));
  if (target === source.room) return undefined;
  const allowed = ROOMS[source.room]?.[target];
  if (allowed === true) return undefined;
  if (allowed?.includes(stem(path.slice(target.length + 1))) === true) return undefined;
  return `${source.path} imports ${path}`;
}

describe('rooms', () => {
  it('every folder of src is a room of the table', () => {
    const known = new Set([...Object.keys(ROOMS), 'app', '']);
    assert.deepEqual(
      [...new Set(all.map((source) => source.room))].filter((room) => !known.has(room)),
      [],
    );
  });

  it('src itself holds the entry points alone', () => {
    const entries = all.filter((source) => source.room === '').map((source) => source.path);
    assert.deepEqual(
      entries.filter((path) => path !== 'main.ts' && path !== 'browser.ts'),
      [],
    );
  });

  it('a file imports only what its room may import', () => {
    const wrong = all.flatMap((source) =>
      source.imports.flatMap((i) => (i.path === undefined ? [] : (forbidden(source, i.path) ?? []))),
    );
    assert.deepEqual(wrong, []);
  });

  it('relative imports end in .ts and name a file that exists', () => {
    const known = new Set(all.map((source) => source.path));
    const wrong = all.flatMap((source) =>
      source.imports.filter((i) => i.path !== undefined && !known.has(i.path)).map((i) => `${source.path}: ${i.text}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('only app knows how the rooms fit together: nobody imports app', () => {
    const wrong = all.filter(
      (s) => s.room !== 'app' && s.room !== '' && s.imports.some((i) => i.path?.startsWith('app/')),
    );
    assert.deepEqual(
      wrong.map((s) => s.path),
      [],
    );
  });

  it('nothing but app sees store', () => {
    const wrong = all.filter(
      (s) => s.room !== 'app' && s.room !== 'store' && s.imports.some((i) => i.path?.startsWith('store/')),
    );
    assert.deepEqual(
      wrong.map((s) => s.path),
      [],
    );
  });

  it('a package belongs to its room: libp2p to net, LevelDB to store, curves to crypto', () => {
    const wrong = all.flatMap((source) =>
      source.imports.flatMap((i) => {
        const owner =
          i.path === undefined && !i.typeOnly ? OWNED_PACKAGES.find((o) => o.pattern.test(i.text)) : undefined;
        return owner === undefined || owner.rooms.includes(source.room) ? [] : [`${source.path} imports ${i.text}`];
      }),
    );
    assert.deepEqual(wrong, []);
  });

  it('has no import cycle between rooms', () => {
    const edges = new Map<string, Set<string>>();
    for (const source of all) {
      for (const { path } of source.imports) {
        const target = path?.includes('/') === true ? path.slice(0, path.indexOf('/')) : '';
        if (target === '' || target === source.room) continue;
        edges.set(source.room, (edges.get(source.room) ?? new Set()).add(target));
      }
    }
    const cycles: string[] = [];
    const visit = (room: string, trail: readonly string[]): void => {
      if (trail.includes(room)) cycles.push([...trail.slice(trail.indexOf(room)), room].join(' > '));
      else for (const next of edges.get(room) ?? []) visit(next, [...trail, room]);
    };
    for (const room of edges.keys()) visit(room, []);
    assert.deepEqual([...new Set(cycles)], []);
  });

  // The checks above are only as good as what they see.
  it('the check sees imports of every form, and refuses what the table does not allow', () => {
    const text = [
      "import { a } from '../store/db.ts';",
      "import type { B } from '../chain/ports.ts';",
      "export { c } from './c.ts';",
      'import {',
      '  d,',
      "} from '../net/d.node.ts';",
      "import 'node:fs';",
      "const e = await import('../rpc/e.ts');",
      "// import { f } from '../miner/f.ts';",
    ].join('\n');
    const seen = importsOf('sync/x.ts', text).map((i) => i.path ?? i.text);
    assert.deepEqual(seen, ['store/db.ts', 'chain/ports.ts', 'sync/c.ts', 'net/d.node.ts', 'node:fs', 'rpc/e.ts']);
    const source = { path: 'sync/x.ts', room: 'sync' };
    assert.ok(forbidden(source, 'net/d.node.ts'));
    assert.equal(forbidden(source, 'chain/ports.ts'), undefined);
    assert.ok(forbidden({ path: 'net/x.ts', room: 'net' }, 'chain/chain.ts'));
    assert.ok(forbidden({ path: 'ledger/x.ts', room: 'ledger' }, 'consensus/engine.ts'));
    assert.ok(forbidden({ path: 'store/x.ts', room: 'store' }, 'chain/chainManager.ts'));
    assert.equal(forbidden({ path: 'store/x.ts', room: 'store' }, 'chain/ports.ts'), undefined);
  });
});
