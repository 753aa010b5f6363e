import module from 'node:module';
import { usePlatformCrypto } from '../platform/nodejs.node.ts';
import type { Logger } from '../util/ports.ts';
import { removeRunInfo, writeRunInfo } from './config/dataDir.node.ts';
import type { NodeConfig } from './config/nodeConfig.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { createLogger } from './log.node.ts';
import { prepareNode } from './prepare.node.ts';
import type { RunningNode, StartNode, StopReason } from './runningNode.ts';

/** A stop that takes longer than this is cut off: what was committed is safe, the next start recovers. */
const STOP_MS = 5_000;

const COMPOSITION = './node.node.ts';

/** What a supervised node tells its parent over the IPC channel. */
export type ChildMessage =
  | { readonly type: 'ready'; readonly node: Omit<RunningNode, 'stop' | 'stopped'> }
  | { readonly type: 'failed'; readonly message: string; readonly code: number };

function tellParent(message: ChildMessage): void {
  // Without a parent, or with one that is gone, there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Resolves when someone asks the process to stop; the second time, or when stopping takes too long, it ends at once. */
function stopRequests(log: Logger): Promise<string> {
  let asked = false;
  return new Promise((resolve) => {
    const ask = (why: string): void => {
      if (asked) {
        log.warn({}, `${why} again: ending at once`);
        process.exit(EXIT.failure);
      }
      asked = true;
      setTimeout(() => {
        log.error({}, `not stopped after ${STOP_MS / 1000} s: ending at once; the next start recovers`);
        process.exit(EXIT.failure);
      }, STOP_MS).unref();
      resolve(why);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ask(signal));
    // A supervisor that dies takes its nodes with it, however it dies.
    process.once('disconnect', () => {
      if (!asked) ask('the supervisor is gone');
    });
  });
}

function watchForBugs(log: Logger, stop: () => Promise<void>): void {
  let failing = false;
  const fail = (error: unknown): void => {
    log.error({ err: error }, 'internal error: stopping');
    if (failing) return;
    failing = true;
    setTimeout(() => process.exit(exitCodeOf(error)), STOP_MS).unref();
    void stop()
      .catch(() => {})
      .then(() => process.exit(exitCodeOf(error)));
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}

/** Runs a node in this process until it is stopped; sets the exit code. */
export async function runNode(config: NodeConfig): Promise<void> {
  const log = createLogger(config.log);
  usePlatformCrypto();
  const requested = stopRequests(log);
  let node: RunningNode | undefined;
  watchForBugs(log, async () => node?.stop());
  try {
    const [{ network, dir }, { startNode }] = await Promise.all([
      prepareNode(config),
      import(COMPOSITION) as Promise<{ startNode: StartNode }>,
    ]);
    node = await startNode(config, { log });
    const { role, peerId, addresses, rpcUrl, opsUrl } = node;
    writeRunInfo(dir, { pid: process.pid, role, network: network.name, peerId, addresses, rpcUrl, opsUrl });
    tellParent({ type: 'ready', node: { role, peerId, addresses, rpcUrl, opsUrl } });
    for (const address of addresses) log.info({}, `listening on ${address}`);
    log.info({ rpc: rpcUrl, ops: opsUrl }, `${role} node on ${network.name} is up`);
    // What was compiled so far makes the next start faster even if this process gets killed.
    module.flushCompileCache();

    const running = node;
    const end: StopReason = await Promise.race([
      running.stopped,
      requested.then(async (why) => {
        log.info({ why }, 'stopping');
        await running.stop();
        return running.stopped;
      }),
    ]);
    removeRunInfo(dir);
    log.info({ reason: end.reason }, 'stopped');
    process.exitCode = end.code;
  } catch (error) {
    tellParent({ type: 'failed', message: (error as Error).message, code: exitCodeOf(error) });
    throw error;
  }
}
