#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Compiled code is cached beside the dependencies, or in the temporary directory when that is read-only: it halves the
// time to start. Everything else is imported after this line so that it is cached, too.
const modules = join(import.meta.dirname, '..', 'node_modules');
module.enableCompileCache(join(existsSync(modules) ? modules : tmpdir(), '.cache', 'cairn-compile'));

const { runCli } = await import('./app/cli/cli.node.ts');
await runCli(process.argv.slice(2));
