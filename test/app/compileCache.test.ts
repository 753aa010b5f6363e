import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cleanEnv } from '../support/nodeProcess.ts';

const SOURCE = join(import.meta.dirname, '..', '..', 'src', 'platform', 'compileCache.node.ts');

/** What stands where dependencies or the home directory are expected. A file stands for what cannot be written, also by root. */
type Place = 'folder' | 'file' | 'nothing';

describe('app: the cache of compiled code', function () {
  this.timeout(20_000);
  let dir: string;
  before(() => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'cairn-test-')));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  /** Where it is, relative to a new folder with `node_modules` and `home`; empty when there is none. */
  function cacheWith(modules: Place, home: Place | 'nobody'): string {
    const root = mkdtempSync(join(dir, 'root-'));
    const place = (name: string, what: Place): void => {
      if (what === 'folder') mkdirSync(join(root, name));
      if (what === 'file') writeFileSync(join(root, name), '');
    };
    place('node_modules', modules);
    if (home !== 'nobody') place('home', home);
    const given = home === 'nobody' ? `() => { throw new Error('no home'); }` : '';
    mkdirSync(join(root, 'src', 'platform'), { recursive: true });
    const copy = join(root, 'src', 'platform', 'compileCache.node.ts');
    copyFileSync(SOURCE, copy);
    const ask = `import module from 'node:module';
      const { useCompileCache } = await import(${JSON.stringify(pathToFileURL(copy).href)});
      useCompileCache(${given});
      console.log(module.getCompileCacheDir() ?? '');`;
    const env = { ...cleanEnv(), HOME: join(root, 'home'), USERPROFILE: join(root, 'home') };
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', ask], { encoding: 'utf8', env });
    return out.trim().replace(root, '').replaceAll('\\', '/');
  }

  it('is beside the dependencies', () => {
    assert.match(cacheWith('folder', 'folder'), /^\/node_modules\/\.cache\/cairn-compile/);
  });

  it('is in the home directory when there is no such folder, or it cannot be written', () => {
    for (const modules of ['nothing', 'file'] as const) {
      assert.match(cacheWith(modules, 'folder'), /^\/home\/\.cache\/cairn-compile/);
    }
  });

  it('does not exist, and harms nothing, where neither can be written', () => {
    assert.equal(cacheWith('file', 'file'), '');
    assert.equal(cacheWith('file', 'nobody'), '');
    assert.match(cacheWith('folder', 'nobody'), /^\/node_modules/);
  });
});
