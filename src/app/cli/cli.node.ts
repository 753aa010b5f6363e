import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EXIT, ExitError, exitCodeOf } from '../exit.ts';

/** How a command's file presents itself: adds arguments, options and the action to a command that has a name already. */
export interface CommandModule {
  define(command: Command, context: { readonly helpAll: boolean }): void;
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  /** Not in --help. */
  readonly hidden?: boolean;
  load(): Promise<CommandModule>;
}

/** Only the file of the command that is run gets loaded: `cairn rpc` does not wait for a node's code. */
const COMMANDS: readonly Entry[] = [
  { name: 'init', summary: 'make a data directory: config file and node key', load: () => import('./init.node.ts') },
  { name: 'start', summary: 'run a node in the foreground', load: () => import('./start.node.ts') },
  { name: 'status', summary: 'how the node is doing', load: () => import('./status.node.ts') },
  { name: 'rpc', summary: 'call a JSON-RPC method', load: () => import('./rpc.node.ts') },
  { name: 'stop', summary: 'stop the node', load: () => import('./stop.node.ts') },
  { name: 'config', summary: 'show or check the configuration', load: () => import('./config.node.ts') },
  { name: 'network', summary: 'make or show a network file', load: () => import('./network.node.ts') },
  { name: 'blocks', summary: 'import and export files of blocks', load: () => import('./blocks.node.ts') },
  { name: 'db', summary: 'verify what a node has stored', load: () => import('./db.node.ts') },
  { name: 'headers', summary: 'import and verify files of headers', load: () => import('./headers.node.ts') },
  { name: 'script', summary: 'watch a script run, step by step', load: () => import('./script.node.ts') },
  { name: 'tx', summary: 'decode and verify a transaction', load: () => import('./tx.node.ts') },
  { name: 'keys', summary: 'keys and addresses of a mnemonic, for development', load: () => import('./keys.node.ts') },
  {
    name: 'devnet',
    summary: 'a miner, a full node and a light node on this machine',
    load: () => import('../devnet/command.node.ts'),
  },
  {
    name: 'warm',
    summary: 'fill the cache of compiled code',
    hidden: true,
    load: () => import('./warm.node.ts'),
  },
];

export function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

async function program(argv: readonly string[], helpAll: boolean): Promise<Command> {
  const root = new Command('cairn');
  root
    .description('A Bitcoin-compatible blockchain node on libp2p.')
    .version(version(), '-V, --version')
    .showHelpAfterError('(cairn --help lists what there is)')
    .enablePositionalOptions()
    .exitOverride();
  for (const { name, summary, hidden = false, load } of COMMANDS) {
    const command = root.command(name, { hidden }).description(summary).exitOverride();
    if (argv.includes(name)) (await load()).define(command, { helpAll });
  }
  root.addHelpText(
    'after',
    '\nExit codes: 0 done, 64 usage, 69 not running or port in use, 70 bug, 74 disk, 75 locked, 78 configuration',
  );
  return root;
}

/** Prints the failure for people: the cause, one next command; the stack only of a bug. */
export function report(error: unknown): void {
  const code = exitCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`cairn: ${message}\n`);
  if (code === EXIT.bug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  if (error instanceof ExitError && error.next !== undefined) process.stderr.write(`next: ${error.next}\n`);
}

/** Runs a command line (without node and script) and sets the exit code of the process. */
export async function runCli(given: readonly string[]): Promise<void> {
  const helpAll = given.includes('--help-all');
  const argv = given.map((word) => (word === '--help-all' ? '--help' : word));
  try {
    const root = await program(argv, helpAll);
    if (argv.length === 0) root.help();
    await root.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are no failure; commander has printed the rest already.
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    report(error);
    // Half-started parts may still hold the event loop.
    process.exit(exitCodeOf(error));
  }
}
