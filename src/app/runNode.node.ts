import module from 'node:module';
import { usePlatformCrypto } from '../platform/nodejs.node.ts';
import type { Logger } from '../util/ports.ts';
import { removeRunInfo, writeRunInfo } from './config/dataDir.node.ts';
import type { NodeConfig } from './config/nodeConfig.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit.ts';
import { createLogger } from './log.node.ts';
import { prepareNode } from './prepare.node.ts';
import type { NodeDeps, RunningNode, StopReason } from './runningNode.ts';
import { stopSignal } from './signals.node.ts';

/** A stop that takes longer than this is cut off: what was committed is safe, the next start recovers. */
const STOP_MS = 5_000;

/** What a supervised node tells its parent over the IPC channel. */
export type ChildMessage =
  | { readonly type: 'ready'; readonly node: Omit<RunningNode, 'stop' | 'stopped'> }
  | { readonly type: 'failed'; readonly message: string; readonly code: ExitCode };

function tellParent(message: ChildMessage): void {
  // Without a parent, or with one that is gone, there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Resolves when someone asks the process to stop; the second time, or when stopping takes too long, it ends at once. */
async function stopRequest(log: Logger): Promise<string> {
  const signal = stopSignal((again) => {
    log.warn({}, `${again} again: ending at once`);
    process.exit(EXIT.failure);
  });
  // A supervisor that dies takes its nodes with it, however it dies.
  const orphaned = new Promise<string>((resolve) => {
    process.once('disconnect', () => resolve('the supervisor is gone'));
  });
  const why = await Promise.race([signal, orphaned]);
  setTimeout(() => {
    log.error({}, `not stopped after ${STOP_MS / 1000} s: ending at once; the next start recovers`);
    process.exit(EXIT.failure);
  }, STOP_MS).unref();
  return why;
}

/** Exceptions that nobody caught: bugs. The first one stops the node; all are logged. */
class Bugs {
  /** Undefined while there is none. */
  first: { readonly error: unknown } | undefined;
  /** Resolves with the first. */
  readonly seen: Promise<{ readonly error: unknown }>;

  constructor(log: Logger) {
    this.seen = new Promise((resolve) => {
      const fail = (error: unknown): void => {
        log.error({ err: error }, 'internal error: stopping');
        this.first ??= { error };
        // What caused the bug may also keep the node from stopping.
        setTimeout(() => process.exit(exitCodeOf(error)), STOP_MS).unref();
        resolve(this.first);
      };
      process.on('uncaughtException', fail);
      process.on('unhandledRejection', fail);
    });
  }
}

/** Runs a node in this process until it is stopped; sets the exit code. */
export async function runNode(config: NodeConfig, anew: Omit<NodeDeps, 'log'> = {}): Promise<void> {
  const log = createLogger(config.log);
  usePlatformCrypto();
  const requested = stopRequest(log);
  const bugs = new Bugs(log);
  try {
    const [{ network, dir }, { startNode }] = await Promise.all([prepareNode(config), import('./node.node.ts')]);
    const node = await Promise.race([
      startNode(config, { ...anew, log }),
      bugs.seen.then(({ error }): never => {
        throw error;
      }),
    ]);
    const { role, peerId, addresses, rpcUrl, opsUrl } = node;
    writeRunInfo(dir, { pid: process.pid, role, network: network.name, peerId, addresses, rpcUrl, opsUrl });
    tellParent({ type: 'ready', node: { role, peerId, addresses, rpcUrl, opsUrl } });
    for (const address of addresses) log.info({}, `listening on ${address}`);
    log.info({ rpc: rpcUrl, ops: opsUrl }, `${role} node on ${network.name} is up`);
    // What was compiled so far makes the next start faster even if this process gets killed.
    module.flushCompileCache();

    const stop = async (why: string): Promise<StopReason> => {
      log.info({ why }, 'stopping');
      await node.stop();
      return node.stopped;
    };
    const end = await Promise.race([node.stopped, requested.then(stop), bugs.seen.then(() => stop('internal error'))]);
    removeRunInfo(dir);
    log.info({ reason: end.reason }, 'stopped');
    process.exitCode = bugs.first === undefined ? end.code : exitCodeOf(bugs.first.error);
  } catch (error) {
    tellParent({ type: 'failed', message: (error as Error).message, code: exitCodeOf(error) });
    throw error;
  }
}
