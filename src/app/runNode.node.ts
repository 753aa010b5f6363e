import module from 'node:module';
import { usePlatformCrypto } from '../platform/nodejs.node.ts';
import type { Logger } from '../util/ports.ts';
import { type DataDir, type RunInfo, removeRunInfo, writeRunInfo } from './config/dataDir.node.ts';
import type { NodeConfig } from './config/nodeConfig.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit.ts';
import { createLogger } from './log.node.ts';
import { prepareNode } from './prepare.node.ts';
import type { NodeDeps, RunningNode, StopReason } from './runningNode.ts';
import { StopRequested, stopSignal } from './signals.node.ts';
import { StopWatch } from './stopWatch.node.ts';

/** What a supervised node tells its parent over the IPC channel. */
export type ChildMessage =
  | { readonly type: 'ready'; readonly node: Omit<RunningNode, 'stop' | 'stopped'> }
  | { readonly type: 'failed'; readonly message: string; readonly code: ExitCode };

function tellParent(message: ChildMessage): void {
  // Without a parent, or with one that is gone, there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Aborted when someone asks the process to stop; the second time it ends at once. */
function stopRequest(log: Logger, watch: StopWatch): AbortSignal {
  const signal = stopSignal((again) => {
    log.warn({}, `${again} again: ending at once`);
    process.exit(EXIT.failure);
  });
  // A supervisor that dies takes its nodes with it, however it dies.
  const orphaned = new Promise<string>((resolve) => {
    process.once('disconnect', () => resolve('the supervisor is gone'));
  });
  const asked = new AbortController();
  void Promise.race([signal, orphaned]).then((why) => {
    log.info({ why }, 'stopping');
    watch.begin(EXIT.failure);
    asked.abort(new StopRequested(why));
  });
  return asked.signal;
}

/** Exceptions that nobody caught: bugs. The first one stops the node; all are logged. */
class Bugs {
  /** Undefined while there is none. */
  first: { readonly error: unknown } | undefined;
  /** Resolves with the first. */
  readonly seen: Promise<{ readonly error: unknown }>;

  constructor(log: Logger, watch: StopWatch) {
    this.seen = new Promise((resolve) => {
      const fail = (error: unknown): void => {
        log.error({ err: error }, 'internal error: stopping');
        this.first ??= { error };
        // What caused the bug may also keep the node from stopping.
        watch.begin(exitCodeOf(error));
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
  const watch = new StopWatch(log);
  const asked = stopRequest(log, watch);
  const bugs = new Bugs(log, watch);
  let dir: DataDir | undefined;
  try {
    const [prepared, { startNode }] = await Promise.all([prepareNode(config), import('./node.node.ts')]);
    const { network } = prepared;
    dir = prepared.dir;
    const runDir = dir;
    const noteRun = (info: Omit<RunInfo, 'pid' | 'network'>): void =>
      writeRunInfo(runDir, { pid: process.pid, network: network.name, ...info });
    const node = await Promise.race([
      startNode(config, {
        ...{ ...anew, log, stop: asked, progress: () => watch.progress() },
        listening: (at) => noteRun({ ...at, peerId: '', addresses: [] }),
      }),
      bugs.seen.then(({ error }): never => {
        throw error;
      }),
    ]);
    const { role, peerId, addresses, rpcUrl, opsUrl } = node;
    noteRun({ role, peerId, addresses, rpcUrl, opsUrl });
    tellParent({ type: 'ready', node: { role, peerId, addresses, rpcUrl, opsUrl } });
    for (const address of addresses) log.info({}, `listening on ${address}`);
    log.info({ rpc: rpcUrl, ops: opsUrl }, `${role} node on ${network.name} is up`);
    // What was compiled so far makes the next start faster even if this process gets killed.
    module.flushCompileCache();

    const stop = async (): Promise<StopReason> => {
      await node.stop();
      return node.stopped;
    };
    const end = await Promise.race([node.stopped, aborted(asked).then(stop), bugs.seen.then(stop)]);
    log.info({ reason: end.reason }, 'stopped');
    process.exitCode = bugs.first === undefined ? end.code : exitCodeOf(bugs.first.error);
  } catch (error) {
    tellParent({ type: 'failed', message: (error as Error).message, code: exitCodeOf(error) });
    // Asked to stop while it started: everything is closed, what was begun goes on with the next start.
    if (!(error instanceof StopRequested) || bugs.first !== undefined) throw error;
    log.info({ reason: 'stopped while starting' }, 'stopped');
  } finally {
    if (dir !== undefined) removeRunInfo(dir);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
