#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`cairn: needs Node 22.18 or newer, this is ${process.versions.node}`);
  process.exit(78);
}

// Compiled code is cached beside the dependencies, or in the temporary directory when that is read-only: it halves the
// time to start. Everything else is imported after this line so that it is cached, too.
const modules = join(import.meta.dirname, '..', 'node_modules');
module.enableCompileCache(join(existsSync(modules) ? modules : tmpdir(), '.cache', 'cairn-compile'));

const { runCli } = await import('./app/cli/cli.node.ts');
await runCli(process.argv.slice(2));
