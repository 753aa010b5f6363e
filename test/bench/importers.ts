import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { NODE_FLAGS } from '../../src/platform/nodeFlags.ts';
import { cleanEnv, ROOT } from '../support/nodeProcess.ts';
import { freePort } from '../support/ports.ts';
import type { Part } from './chain/workload.ts';
import { type Ran, run } from './processes.ts';

/** What an import is told besides its files. */
export interface ImportOptions {
  /** No scripts are run up to this block, a hash as shown. */
  readonly assumeValid?: string;
  /** Threads that verify scripts; default: as many as the node chooses by itself. */
  readonly threads?: number;
}

/** A node that takes files of blocks into a data directory and ends. Network: regtest, Bitcoin's own. */
export interface Importer {
  /** For lines and messages: what it is and which version. */
  readonly title: string;
  /** Does it understand this option? */
  knows(option: keyof ImportOptions): Promise<boolean>;
  /**
   * Imports the files in order into `dir`, with the node's own defaults otherwise: all scripts run, unless told not to.
   * Throws unless the chain then ends with the last file.
   */
  take(dir: string, parts: readonly Part[], options?: ImportOptions): Promise<Ran>;
}

function checkTip(ran: Ran, parts: readonly Part[], title: string): Ran {
  const tip = (parts.at(-1) as Part).tip;
  if (!ran.output.includes(tip)) throw new Error(`${title} did not reach ${tip}:\n${ran.output.slice(-4000)}`);
  return ran;
}

/** The checkout of Cairn in `root`, its sources run by the Node of this process. */
function cairn(root: string, title: string): Importer {
  const command = [process.execPath, ...NODE_FLAGS, join(root, 'src', 'main.ts'), 'blocks', 'import'];
  const flags = { assumeValid: '--assumevalid', threads: '--par' };
  let help: Promise<Ran> | undefined;
  return {
    title,
    async knows(option) {
      help ??= run([...command, '--help'], cleanEnv());
      return (await help).output.includes(flags[option]);
    },
    async take(dir, parts, { assumeValid, threads } = {}) {
      const args = ['--datadir', dir, '--network', 'regtest'];
      if (assumeValid !== undefined) args.push(flags.assumeValid, assumeValid);
      if (threads !== undefined) args.push(flags.threads, String(threads));
      return checkTip(await run([...command, ...parts.map(({ path }) => path), ...args], cleanEnv()), parts, title);
    },
  };
}

/** An executable with the options of Bitcoin Core's bitcoind. It ends by itself once the files are imported and flushed. */
function bitcoind(path: string, title: string): Importer {
  return {
    title,
    knows: async () => true,
    async take(dir, parts, { assumeValid = '0', threads } = {}) {
      const [port, rpcPort] = [await freePort(), await freePort()];
      const ran = await run([
        path,
        ...[
          '-regtest',
          `-datadir=${dir}`,
          '-printtoconsole=1',
          '-stopafterblockimport=1',
          `-assumevalid=${assumeValid}`,
        ],
        // On regtest it walks its whole block index after every block, and stops at a file without the genesis block.
        '-checkblockindex=0',
        ...['-listen=0', '-connect=0', '-dnsseed=0', `-port=${port}`, `-rpcport=${rpcPort}`],
        ...(threads === undefined ? [] : [`-par=${threads}`]),
        ...parts.map((part) => `-loadblock=${part.path}`),
      ]);
      return checkTip(ran, parts, title);
    },
  };
}

function commitOf(root: string): string {
  try {
    return execFileSync('git', ['-C', root, 'rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'no commit';
  }
}

/** This checkout. */
export const ourselves = (): Importer => cairn(ROOT, 'this checkout');

/** What --vs names: a directory with src/main.ts is a checkout of Cairn, a file is an executable like bitcoind. Throws with a sentence otherwise. */
export function importerAt(path: string): Importer {
  const full = resolve(path);
  if (!existsSync(full)) throw new Error(`${full} does not exist`);
  if (statSync(full).isDirectory()) {
    if (!existsSync(join(full, 'src', 'main.ts'))) throw new Error(`${full} is no checkout of Cairn: no src/main.ts`);
    if (!existsSync(join(full, 'node_modules'))) throw new Error(`${full} lacks its dependencies: run npm ci there`);
    return cairn(full, `Cairn ${commitOf(full)}`);
  }
  const [version] = execFileSync(full, ['-version'], { encoding: 'utf8' }).split('\n');
  return bitcoind(full, version ?? full);
}
