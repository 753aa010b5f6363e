#!/usr/bin/env node
import { useCompileCache } from './platform/compileCache.node.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`cairn: needs Node 22.18 or newer, this is ${process.versions.node}`);
  process.exit(78);
}

// Everything else is imported after this line so that its compiled code is cached.
useCompileCache();

const { runCli } = await import('./app/cli/cli.node.ts');
await runCli(process.argv.slice(2));
