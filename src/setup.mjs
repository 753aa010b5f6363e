#!/usr/bin/env node
// Runs on any Node >= 20, before anything is installed: installs the locked dependencies when they are missing or other
// than package-lock.json says, then hands over to the Node 24 that comes with them.
// Usage: node src/setup.mjs FILE [ARG...]   FILE is relative to the repository, everything else to where it was called.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.cairn-lock.json');
const lock = join(root, 'package-lock.json');
const windows = process.platform === 'win32';
// Those of src/platform/nodeFlags.ts.
const flags = ['--max-semi-space-size=4'];

function installed() {
  return (
    existsSync(stamp) && existsSync(join(modules, '.bin')) && readFileSync(stamp, 'utf8') === readFileSync(lock, 'utf8')
  );
}

function localNode() {
  const local = join(modules, 'node', 'bin', windows ? 'node.exe' : 'node');
  return existsSync(local) ? local : process.execPath;
}

function install() {
  console.error('cairn: installing dependencies (once, about a minute)');
  const result = spawnSync(windows ? 'npm.cmd' : 'npm', ['ci', '--loglevel=error', '--no-progress'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: windows,
    env: { ...process.env, npm_config_loglevel: 'error' },
  });
  if (result.status !== 0) {
    const code = result.status === null ? '' : ` (exit ${result.status})`;
    console.error(`cairn: npm ci failed${code}: see the lines above; check the network and run it again`);
    process.exit(result.status ?? 1);
  }
  copyFileSync(lock, stamp);
  // Fills the compile cache, so that the first start is as fast as all others. Nothing depends on it.
  spawnSync(localNode(), [...flags, join(root, 'src/main.ts'), 'warm'], {
    cwd: root,
    stdio: 'ignore',
    timeout: 30_000,
  });
}

if (!installed()) install();

const [file, ...args] = process.argv.slice(2);
const script = file === undefined || file.startsWith('-') ? file : resolve(root, file);
const child = spawn(localNode(), script === undefined ? [] : [...flags, script, ...args], {
  stdio: 'inherit',
  // npm runs scripts in the repository; relative paths people type are meant from where they are.
  cwd: process.env.INIT_CWD ?? process.cwd(),
});
// The terminal sends Ctrl-C to the whole group; a plain kill reaches only this process, so pass it on.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGKILL' ? 137 : 1)));
