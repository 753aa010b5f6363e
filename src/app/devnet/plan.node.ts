import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type DataDir, dataDir, makeDirectory, writeWhole } from '../config/dataDir.node.ts';
import { loadNodeKey, type NodeKey } from '../config/nodeKey.node.ts';
import { EXIT, ExitError } from '../exit.ts';
import { portFree } from '../ports.node.ts';

export const DEVNET_ROLES = ['miner', 'full', 'light'] as const;
export type DevnetRole = (typeof DEVNET_ROLES)[number];

/** One node of a development network before it starts. */
export interface NodePlan {
  readonly role: DevnetRole;
  readonly dir: DataDir;
  readonly ports: { readonly rpc: number; readonly p2p: number; readonly ws: number; readonly ops: number };
  /** True when other ports than the usual ones had to be taken. */
  readonly moved: boolean;
}

export interface DevnetPlan {
  readonly root: string;
  /** The directory is removed at the end. */
  readonly temporary: boolean;
  readonly host: string;
  readonly network: string;
  readonly group: string;
  /** Identity of the miner: its multiaddr is all that the others know. */
  readonly minerKey: NodeKey;
  readonly seed: string;
  readonly nodes: readonly NodePlan[];
}

export interface DevnetSettings {
  readonly datadir: string | undefined;
  readonly host: string;
  readonly network: string;
  readonly group: string | undefined;
  readonly portBase: number;
}

/** Ports of a node start at its base: rpc, p2p, ws, ops. Bases are 10 apart, so the first node has Bitcoin's usual ones. */
const STEP = 10;
/** Where to look when a base is taken: further up, still below the ephemeral range (32768). */
const TRIES = 40;

async function basePorts(host: string, base: number, taken: Set<number>): Promise<NodePlan['ports'] | undefined> {
  const ports = { rpc: base, p2p: base + 1, ws: base + 2, ops: base + 3 };
  const all = Object.values(ports);
  if (all.some((port) => port > 65535 || taken.has(port))) return undefined;
  const free = await Promise.all(
    all.map((port) => portFree(port === ports.rpc || port === ports.ops ? '127.0.0.1' : host, port)),
  );
  return free.every(Boolean) ? ports : undefined;
}

async function choosePorts(host: string, first: number): Promise<{ ports: NodePlan['ports']; moved: boolean }[]> {
  const taken = new Set<number>();
  const out: { ports: NodePlan['ports']; moved: boolean }[] = [];
  for (const [index] of DEVNET_ROLES.entries()) {
    let ports: NodePlan['ports'] | undefined;
    let at = 0;
    for (; ports === undefined && at < TRIES; at++) ports = await basePorts(host, first + STEP * (index + at), taken);
    if (ports === undefined) {
      throw new ExitError(EXIT.unavailable, `no free ports from ${first} on`, { next: 'give another --port-base' });
    }
    for (const port of Object.values(ports)) taken.add(port);
    out.push({ ports, moved: at > 1 });
  }
  return out;
}

/** A kept development network keeps its group, or its nodes would refuse their own stored peers. */
function groupOf(root: string, asked: string | undefined): string {
  const file = join(root, 'group');
  if (asked === undefined && existsSync(file)) return readFileSync(file, 'utf8').trim();
  const group = asked ?? `devnet-${randomBytes(6).toString('hex')}`;
  writeWhole(file, `${group}\n`, 0o644);
  return group;
}

/** Makes the directories and the miner's identity, and chooses ports. */
export async function planDevnet(settings: DevnetSettings): Promise<DevnetPlan> {
  const { datadir, host, network } = settings;
  const chosen = await choosePorts(host, settings.portBase);
  const root = datadir === undefined ? mkdtempSync(join(tmpdir(), 'cairn-devnet-')) : resolve(datadir);
  const dirs = DEVNET_ROLES.map((role) => dataDir(join(root, role)));
  for (const dir of dirs) makeDirectory(dir.root);
  const nodes = DEVNET_ROLES.map((role, i): NodePlan => ({ role, dir: dirs[i]!, ...chosen[i]! }));
  const minerKey = loadNodeKey(dirs[0]!.nodeKey);
  const seedHost = host === '0.0.0.0' ? '127.0.0.1' : host;
  return {
    root,
    temporary: datadir === undefined,
    host,
    network,
    group: groupOf(root, settings.group),
    minerKey,
    seed: `/ip4/${seedHost}/tcp/${nodes[0]!.ports.p2p}/p2p/${minerKey.peerId}`,
    nodes,
  };
}
