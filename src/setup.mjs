#!/usr/bin/env node
// Runs on any Node >= 20, before anything is installed: installs the locked dependencies when they are missing or older
// than package-lock.json, then hands over to the Node 24 that comes with them. Usage: node src/setup.mjs FILE [ARG...]
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.cairn-lock.json');
const lock = join(root, 'package-lock.json');

function installed() {
  return (
    existsSync(stamp) && existsSync(join(modules, '.bin')) && readFileSync(stamp, 'utf8') === readFileSync(lock, 'utf8')
  );
}

if (!installed()) {
  console.error('cairn: installing dependencies (once, about a minute)');
  const windows = process.platform === 'win32';
  const result = spawnSync(windows ? 'npm.cmd' : 'npm', ['ci', '--loglevel=error', '--no-progress'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: windows,
    env: { ...process.env, npm_config_loglevel: 'error' },
  });
  if (result.status !== 0) {
    console.error(
      `cairn: npm ci failed${result.status === null ? '' : ` (exit ${result.status})`}: see the lines above; check the network and run it again`,
    );
    process.exit(result.status ?? 1);
  }
  copyFileSync(lock, stamp);
}

const local = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const node = existsSync(local) ? local : process.execPath;
const child = spawn(node, process.argv.slice(2), { stdio: 'inherit', cwd: root });
// The terminal sends Ctrl-C to the whole group; a plain kill reaches only this process, so pass it on.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGKILL' ? 137 : 1)));
