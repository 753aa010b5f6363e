import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { EXIT, ExitError } from '../exit.ts';
import {
  bindDataDir,
  checkBinding,
  type DataDir,
  directoryExists,
  type NetworkBinding,
  writeWhole,
} from './dataDir.node.ts';
import { loadNodeKey, type NodeKey, readNodeKey } from './nodeKey.node.ts';

export interface InitRequest {
  readonly dir: DataDir;
  readonly network: NetworkBinding;
  /** The whole text of cairn.toml. */
  readonly toml: string;
  /** Replace a config file that differs. Never replaces a key, never changes the network. */
  readonly force: boolean;
  /** Use this identity in a new directory instead of a random one. */
  readonly key?: NodeKey;
}

/**
 * Makes a data directory: config file, node key (mode 0600), network binding. Everything is checked before the first
 * write, so a refusal (exit 78) changes nothing; repeating the same init changes nothing either.
 */
export function initDataDir(request: InitRequest): { readonly key: NodeKey; readonly created: boolean } {
  const { dir, network, toml, force } = request;
  directoryExists(dir.root);
  checkBinding(dir, network);
  const before = existsSync(dir.config) ? readFileSync(dir.config, 'utf8') : undefined;
  if (before !== undefined && before !== toml && !force) {
    throw new ExitError(EXIT.config, `${dir.config} exists and says something else; nothing was changed`, {
      next: `edit that file, or repeat with --force to replace it (the key and the chain stay)`,
    });
  }
  readNodeKey(dir.nodeKey);
  bindDataDir(dir, network);
  if (request.key !== undefined && !existsSync(dir.nodeKey)) {
    writeFileSync(dir.nodeKey, request.key.protobuf, { mode: 0o600, flag: 'wx', flush: true });
  }
  const key = loadNodeKey(dir.nodeKey);
  if (before !== toml) writeWhole(dir.config, toml, 0o600);
  return { key, created: before === undefined };
}
