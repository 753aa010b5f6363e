import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { codeOnly, type Source, sources } from './sources.ts';
import { PURE } from './table.ts';

const all = sources();
const isNode = (path: string): boolean => path.endsWith('.node.ts') || path === 'main.ts';

/** "path:line: text" of every line of code that matches. */
function hits(from: readonly Source[], pattern: RegExp): string[] {
  return from.flatMap((source) =>
    source.code
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${source.path}:${i + 1}: ${line.trim()}`] : [])),
  );
}

const pure = all.filter((source) => PURE.includes(source.room) && !isNode(source.path));

describe('files', () => {
  it('only *.node.ts files and main.ts import Node', () => {
    const wrong = all.filter((s) => !isNode(s.path) && s.imports.some((i) => i.text.startsWith('node:')));
    assert.deepEqual(
      wrong.map((s) => s.path),
      [],
    );
  });

  it('only *.node.ts files and main.ts import *.node.ts files', () => {
    const wrong = all.filter(
      (s) => !isNode(s.path) && s.imports.some((i) => !i.typeOnly && i.path?.endsWith('.node.ts') === true),
    );
    assert.deepEqual(
      wrong.map((s) => s.path),
      [],
    );
  });

  it('pure rooms have no clock, no randomness, no timers', () => {
    const forbidden =
      /\bDate\b|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\b|\bperformance\b|\bqueueMicrotask\b/;
    assert.deepEqual(hits(pure, forbidden), []);
  });

  it('pure rooms know neither Node nor browser', () => {
    const forbidden =
      /\b(process|Buffer|console|fetch|globalThis|window|document|TextEncoder|TextDecoder|crypto\.subtle)\s*[.(]/;
    assert.deepEqual(hits(pure, forbidden), []);
  });

  it('roles are compositions: no test of the role outside app', () => {
    const outside = all.filter((source) => source.room !== 'app');
    assert.deepEqual(hits(outside, /\brole\s*[!=]==?|\bisLight\b|\bisMiner\b|\bisFullNode\b|\bspv\b/i), []);
  });

  it('there are no barrel files and no folders named after nothing', () => {
    const wrong = all.filter(
      ({ path }) =>
        basename(path) === 'index.ts' || /(^|\/)(types|common|helpers|constants|utils|misc|shared)\//.test(path),
    );
    assert.deepEqual(
      wrong.map((s) => s.path),
      [],
    );
  });

  it('no file is longer than 500 lines', () => {
    const long = all
      .map((s) => ({ path: s.path, lines: s.text.split('\n').length }))
      .filter(({ lines }) => lines > 500);
    assert.deepEqual(long, []);
  });

  it('types can be stripped: no enum, namespace or parameter property', () => {
    const forbidden =
      /^\s*(export\s+)?(const\s+)?enum\s+\w|^\s*(export\s+)?namespace\s+\w|[(,]\s*(private|public|protected|readonly)\s+\w+\s*[?:]/;
    assert.deepEqual(hits(all, forbidden), []);
  });

  it('no unfinished work is marked in the sources', () => {
    const wrong = all.filter((s) => /\b(TODO|FIXME|XXX|HACK)\b/.test(s.text));
    assert.deepEqual(
      wrong.map((s) => s.path),
      [],
    );
  });

  it('the check looks at code, not at comments or texts', () => {
    const code = codeOnly("const a = 'Date.now()'; // Math.random()\n/* setTimeout\n */ const b = Date.now();\n");
    assert.equal(code, "const a = ''; \n\n const b = Date.now();\n");
  });
});
