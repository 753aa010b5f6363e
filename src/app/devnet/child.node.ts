import { type ChildProcess, spawn } from 'node:child_process';
import { NODE_FLAGS } from '../../platform/nodeFlags.ts';
import { ExitError } from '../exit.ts';
import type { ChildMessage } from '../runNode.node.ts';
import type { RunningNode } from '../runningNode.ts';
import type { DevnetPlan, NodePlan } from './plan.node.ts';

export interface ChildSettings {
  readonly payout: string;
  readonly mine: boolean;
  readonly blockTime: number | undefined;
  readonly logLevel: string;
}

export type ReadyNode = Omit<RunningNode, 'stop' | 'stopped'>;

/** A node process. */
export interface DevnetChild {
  readonly plan: NodePlan;
  /** Rejects when the process ends before it is up: with the ExitError of the node when it could tell. */
  readonly ready: Promise<ReadyNode>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null; said: string }>;
  stop(): void;
  kill(): void;
}

/** `cairn start` with everything as flags: the config file of a kept directory may hold ports of another time. */
export function childArgs(plan: DevnetPlan, node: NodePlan, settings: ChildSettings): string[] {
  const { ports, role, dir } = node;
  const args = ['start', '--datadir', dir.root, '--role', role, '--network', plan.network, '--group', plan.group];
  args.push('--listen', `/ip4/${plan.host}/tcp/${ports.p2p}`, '--listen', `/ip4/${plan.host}/tcp/${ports.ws}/ws`);
  args.push('--rpc-port', String(ports.rpc), '--ops-port', String(ports.ops), '--log-level', settings.logLevel);
  if (role !== 'miner') args.push('--seed', plan.seed);
  else {
    args.push('--mining-address', settings.payout);
    if (!settings.mine) args.push('--no-mining-enabled');
    if (settings.blockTime !== undefined) {
      args.push('--mining-mean-delay', String(settings.blockTime), '--mining-idle-delay', String(settings.blockTime));
    }
  }
  return args;
}

/** Starts the process in a group of its own: Ctrl-C reaches only the supervisor, which then stops all in order. */
export function startChild(plan: DevnetPlan, node: NodePlan, settings: ChildSettings): DevnetChild {
  const script = process.argv[1] as string;
  const child: ChildProcess = spawn(process.execPath, [...NODE_FLAGS, script, ...childArgs(plan, node, settings)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-8192);
      for (const line of text.split('\n')) if (line !== '') process.stderr.write(`[${node.role}] ${line}\n`);
    });
  }
  const exited: DevnetChild['exited'] = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, said: error.message }));
    child.once('close', (code, signal) => resolve({ code, signal, said }));
  });
  const ready = new Promise<ReadyNode>((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'ready') resolve(message.node);
      else reject(new ExitError(message.code, message.message));
    });
    void exited.then(({ code, signal }) => reject(new Error(`ended with ${signal ?? `exit code ${code}`}`)));
  });
  ready.catch(() => {});
  return { plan: node, ready, exited, stop: () => child.kill('SIGTERM'), kill: () => child.kill('SIGKILL') };
}
