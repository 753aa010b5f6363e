import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeOptions, TestNode } from './nodeProcess.ts';

/** Where block rewards of test miners go; nobody holds the key. */
export const MINER_ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

/** Networks on which the tests with real processes run. */
export const NETWORKS = ['regtest', 'cairn-devnet'] as const;

/** Nodes of one test: own group, own temporary directory, everything killed and removed at the end. */
export class Cluster {
  readonly network: string;
  readonly group = `test-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  readonly dir: string;
  readonly nodes: TestNode[] = [];

  constructor(network: string) {
    this.network = network;
    this.dir = mkdtempSync(join(tmpdir(), 'cairn-test-'));
  }

  /** A node that is not started yet. */
  async add(
    name: string,
    role: NodeOptions['role'],
    options: Partial<Omit<NodeOptions, 'role' | 'network' | 'group' | 'dir'>> = {},
  ): Promise<TestNode> {
    const flags = [...(options.flags ?? [])];
    if (role === 'miner' && !flags.includes('--mining-address')) flags.push('--mining-address', MINER_ADDRESS);
    const node = await TestNode.create({
      ...options,
      flags,
      role,
      dir: join(this.dir, name),
      network: this.network,
      group: this.group,
    });
    this.nodes.push(node);
    return node;
  }

  /** Kills what still runs and removes the files. */
  async end(): Promise<void> {
    await Promise.all(this.nodes.filter((n) => n.alive).map((n) => n.stop('SIGKILL')));
    rmSync(this.dir, { recursive: true, force: true });
  }
}
