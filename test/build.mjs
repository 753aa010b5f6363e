// Builds dist/ from src/: compiles, makes the command executable, and checks what the compiler does not know about:
// URLs of worker files are strings, and tsc does not rewrite them.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const url = /new URL\(\s*(['"`])(\.{1,2}\/[^'"`]+)\1\s*,\s*import\.meta\.url\s*\)/g;

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}

rmSync(dist, { recursive: true, force: true });
const tsc = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'tsc.cmd' : 'tsc');
const compiled = spawnSync(tsc, ['-p', join(root, '.config', 'tsconfig.build.json')], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (compiled.status !== 0) fail(`tsc failed (${compiled.status ?? compiled.signal})`);

let files = 0;
for (const name of readdirSync(dist, { recursive: true })) {
  if (!name.endsWith('.js')) continue;
  files++;
  const file = join(dist, name);
  const before = readFileSync(file, 'utf8');
  // A worker's URL names the source file: in dist it is the compiled one.
  const after = before.replace(url, (match, _quote, path) =>
    path.endsWith('.ts') ? match.replace(path, `${path.slice(0, -3)}.js`) : match,
  );
  if (after !== before) writeFileSync(file, after);
  for (const [, , path] of after.matchAll(url)) {
    if (!existsSync(join(dirname(file), path))) fail(`${relative(root, file)} names ${path}, which is not there`);
  }
}
const main = join(dist, 'main.js');
if (!existsSync(main)) fail('dist/main.js is missing');
chmodSync(main, 0o755);
console.log(`build: ${files} files in dist/`);
