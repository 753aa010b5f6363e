import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, ExitError } from '../exit.ts';

/** Name of the config file in a data directory. */
export const CONFIG_FILE = 'cairn.toml';

/** The files of a data directory that this room owns; the chain lives beside them in folders of the store. */
export interface DataDir {
  readonly root: string;
  readonly config: string;
  /** Identity, mode 0600. */
  readonly nodeKey: string;
  /** Which network it belongs to. */
  readonly network: string;
  /** Addresses of the running node; gone after a clean stop. */
  readonly run: string;
}

export function dataDir(root: string): DataDir {
  return {
    root,
    config: join(root, CONFIG_FILE),
    nodeKey: join(root, 'node.key'),
    network: join(root, 'network.json'),
    run: join(root, 'run.json'),
  };
}

/** Folder of the cookie per chain, as Bitcoin Core lays it out, so that its clients find it. */
const COOKIE_FOLDERS = { main: '', test: 'testnet3', signet: 'signet', regtest: 'regtest' } as const;

export function cookiePath(root: string, chain: keyof typeof COOKIE_FOLDERS): string {
  return join(root, COOKIE_FOLDERS[chain], '.cookie');
}

/** "user:password" of the node that runs on this directory, undefined when there is none. */
export function readCookie(root: string): string | undefined {
  for (const chain of Object.keys(COOKIE_FOLDERS) as (keyof typeof COOKIE_FOLDERS)[]) {
    const path = cookiePath(root, chain);
    if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  }
  return undefined;
}

/** Writes a small file whole or not at all. */
export function writeWhole(path: string, text: string, mode = 0o600): void {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode, flush: true });
  renameSync(draft, path);
}

export interface NetworkBinding {
  readonly name: string;
  /** Genesis hash as displayed. */
  readonly chainId: string;
}

/** True when it is there. Throws (exit 74) when something else lies in its place. */
export function directoryExists(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isDirectory()) return found !== undefined;
  throw new ExitError(EXIT.disk, `${path} is not a directory`, { next: 'give another --datadir' });
}

/**
 * Makes the directory (mode 0700) and those above it. Throws ExitError (74) with what to do. One level at a time: the
 * recursive mkdir of Node never returns where a file system has entries but takes none, such as /proc.
 */
export function makeDirectory(path: string): void {
  try {
    if (directoryExists(path)) return;
    makeDirectory(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (error instanceof ExitError) throw error;
    // Another process may have made it in the meantime.
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST' && directoryExists(path)) return;
    throw new ExitError(EXIT.disk, `cannot make ${path}: ${(error as Error).message}`, {
      next: 'check the permissions there, or give another --datadir',
      cause: error,
    });
  }
}

/** The network a data directory belongs to, undefined when none yet. */
export function readBinding(dir: DataDir): NetworkBinding | undefined {
  if (!existsSync(dir.network)) return undefined;
  try {
    const found = JSON.parse(readFileSync(dir.network, 'utf8')) as NetworkBinding;
    if (typeof found.chainId === 'string' && typeof found.name === 'string') return found;
  } catch {
    // Reported below: the file is not what was written.
  }
  throw new ExitError(EXIT.config, `${dir.network} is damaged`, {
    next: 'delete it: the next start writes it again',
  });
}

/** Throws (exit 78) when the directory belongs to a network other than `wanted`. */
export function checkBinding(dir: DataDir, wanted: NetworkBinding): void {
  const found = readBinding(dir);
  if (found === undefined || found.chainId === wanted.chainId) return;
  throw new ExitError(
    EXIT.config,
    `data directory ${dir.root} belongs to network ${found.name} (genesis ${found.chainId}), not ${wanted.name} (genesis ${wanted.chainId})`,
    { next: 'give another --datadir or --network' },
  );
}

/** Makes the directory if needed and binds it to the network. Throws (exit 78) when it belongs to another. */
export function bindDataDir(dir: DataDir, wanted: NetworkBinding): void {
  makeDirectory(dir.root);
  checkBinding(dir, wanted);
  if (!existsSync(dir.network)) writeWhole(dir.network, `${JSON.stringify(wanted)}\n`, 0o644);
}

/** What a running node tells the other commands. */
export interface RunInfo {
  readonly pid: number;
  readonly role: string;
  readonly network: string;
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly rpcUrl: string;
  readonly opsUrl: string | undefined;
}

export function writeRunInfo(dir: DataDir, info: RunInfo): void {
  writeWhole(dir.run, `${JSON.stringify(info, null, 2)}\n`);
}

/** The running node of this directory. A crash leaves the file behind: the process is looked for, too. */
export function readRunInfo(dir: DataDir): RunInfo | undefined {
  try {
    const info = JSON.parse(readFileSync(dir.run, 'utf8')) as RunInfo;
    return Number.isSafeInteger(info.pid) && info.pid > 0 && processExists(info.pid) ? info : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the file when it is this process's. */
export function removeRunInfo(dir: DataDir): void {
  if (readRunInfo(dir)?.pid === process.pid) rmSync(dir.run, { force: true });
}

/** True when a process has this id. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
