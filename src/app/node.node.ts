import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ChainClosedError } from '../chain/later.ts';
import { loadKey } from '../net/keyFile.node.ts';
import { nodejs } from '../platform/nodejs.node.ts';
import { turns } from '../platform/turns.node.ts';
import { parseRpcAuth, type Whitelist } from '../rpc/auth.node.ts';
import { writeCookie } from '../rpc/cookie.node.ts';
import { Dispatcher } from '../rpc/dispatch.ts';
import { startRpcHttp } from '../rpc/http.node.ts';
import { openDatadir } from '../store/openDatadir.node.ts';
import { replacedBy } from '../store/rebuild.ts';
import { Lifetime } from '../util/lifetime.ts';
import { cookiePath, dataDir } from './config/dataDir.node.ts';
import { loadNetwork } from './config/network.node.ts';
import type { NodeConfig } from './config/nodeConfig.ts';
import type { RebuildInfo } from './db/rebuildProgress.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { flushLog } from './flushLog.ts';
import { MockableClock } from './mockClock.ts';
import { startOpsServer } from './ops/opsServer.node.ts';
import type { OpsSource } from './ops/opsSource.ts';
import type { ComposeRole, Role, RoleParts } from './role.node.ts';
import type { NodeDeps, RunningNode, StartNode, StopReason } from './runningNode.ts';
import { StopRequested } from './signals.node.ts';

/** The composition of a role; each is loaded only when it runs. */
async function composition(role: NodeConfig['role']): Promise<ComposeRole> {
  switch (role) {
    case 'full':
      return (await import('./fullNode.node.ts')).composeFull;
    case 'miner':
      return (await import('./minerNode.node.ts')).composeMiner;
    case 'light':
      return (await import('./lightNode.node.ts')).composeLight;
  }
}

/** "user:method,method" lines as the listener wants them. */
function whitelistOf(lines: readonly string[]): Whitelist | undefined {
  if (lines.length === 0) return undefined;
  const methods = new Map<string, ReadonlySet<string>>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    methods.set(line.slice(0, colon), new Set(line.slice(colon + 1).split(',')));
  }
  return { methods, others: 'everything' };
}

/** The JSON-RPC listener: answers -28 from the first moment until the node is up. */
async function startRpc(parts: RoleParts, dispatcher: Dispatcher): Promise<string> {
  const { config, network, log, lifetime } = parts;
  const path = cookiePath(config.datadir, network.chain);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const cookie = await writeCookie(path);
  lifetime.add(() => cookie.remove());
  const users = config.rpc.auth.map(parseRpcAuth).filter((entry) => entry !== undefined);
  const whitelist = whitelistOf(config.rpc.whitelist);
  const server = await startRpcHttp(dispatcher, {
    host: config.rpc.bind,
    port: config.rpc.port,
    auth: [cookie.auth, ...users],
    explicitAuth: users.length > 0,
    allowIps: config.rpc.allowIp,
    ...(whitelist === undefined ? {} : { whitelist }),
    maxBody: config.rpc.maxBody,
    workQueue: config.rpc.workQueue,
    log: log.child({ room: 'rpc' }),
  });
  lifetime.add(() => server.stop());
  return server.url;
}

/** The health listener: speaks for the role as soon as there is one. */
async function startOps(
  parts: RoleParts,
  dispatcher: Dispatcher,
  role: () => Role | undefined,
  warmup: () => Record<string, unknown>,
  isStopping: () => boolean,
): Promise<string | undefined> {
  const { config, log, lifetime } = parts;
  if (!config.ops.enabled) return undefined;
  const source: OpsSource = {
    readiness() {
      if (isStopping()) return { ready: false, reason: 'stopping', detail: 'the node is stopping' };
      const detail = String(warmup().warmup ?? 'the node is loading its data');
      return role()?.ops.readiness() ?? { ready: false, reason: 'warming-up', detail };
    },
    health: async () => (await role()?.ops.health()) ?? warmup(),
    metrics: async () => (await role()?.ops.metrics()) ?? {},
  };
  // Loaded only where someone wants it.
  const rest = config.ops.rest ? (await import('../rpc/rest/rest.ts')).createRest(dispatcher) : undefined;
  const server = await startOpsServer(config.ops, {
    source,
    log: log.child({ room: 'ops' }),
    ...(rest === undefined ? {} : { rest }),
  });
  lifetime.add(() => server.close());
  return server.url;
}

/** A directory of an older format is brought to this one while RPC tells so. */
async function migrateHeld({ held, log, stop, warmup }: RoleParts): Promise<void> {
  const tell = (message: string): void => {
    log.info({}, message);
    warmup(`Migrating: ${message}`);
  };
  await held.migrate({ tell, stop });
}

/** True for what work throws that ends early because the node stops, whoever passed it on. */
function isEndedEarly(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if (at instanceof StopRequested || at instanceof ChainClosedError) return true;
  return false;
}

/** Builds the node that the configuration describes; resolves when it is up. Throws what kept it from starting. */
export const startNode: StartNode = async (config: NodeConfig, deps: NodeDeps): Promise<RunningNode> => {
  const progress = deps.progress ?? (() => {});
  const lifetime = new Lifetime(progress);
  const network = await loadNetwork(config.network);
  // Before anything is written there: another process may run on it.
  const held = await openDatadir(config.datadir, network, 'later', replacedBy(deps.rebuild));
  lifetime.add(() => held.close());
  const clock = new MockableClock(nodejs.clock);
  const ended = Promise.withResolvers<StopReason>();
  let outcome: StopReason = { code: EXIT.ok, reason: 'stopped' };
  let stopping: Promise<void> | undefined;
  const ending = new AbortController();
  const dispatcher = new Dispatcher({ clock, log: deps.log.child({ room: 'rpc' }), yieldTurn: turns.next });
  const beginStop = (why: unknown): void => {
    if (ending.signal.aborted) return;
    ending.abort(why);
    // From now on whoever asks hears why nothing is done any more.
    dispatcher.close('Shutting down');
  };
  const { stop: asked } = deps;
  if (asked?.aborted === true) beginStop(asked.reason);
  asked?.addEventListener('abort', () => beginStop(asked.reason), { once: true });
  const stop = (): Promise<void> => {
    beginStop(new StopRequested('order'));
    stopping ??= lifetime.close().finally(() => ended.resolve(outcome));
    return stopping;
  };
  const stopWith = (reason: StopReason): void => {
    if (stopping !== undefined) return;
    deps.log.info({ why: reason.reason }, 'stopping');
    outcome = reason;
    stop().catch((error: unknown) => deps.log.error({ err: error }, 'stopping failed'));
  };
  let warmup: Record<string, unknown> = {};
  const tell = (message: string, info?: RebuildInfo): void => {
    if (ending.signal.aborted) return;
    dispatcher.setWarmup(message);
    warmup = { warmup: message, ...info };
  };
  const flushed = flushLog({
    ...{ clock, log: deps.log.child({ room: 'chain' }) },
    isStopping: () => ending.signal.aborted,
    tell: (message) => dispatcher.setWarmup(`Shutting down: ${message}`),
  });
  const parts: RoleParts = {
    ...{ config, network, held, clock, lifetime, log: deps.log },
    platform: { ...nodejs, clock },
    privateKey: loadKey(config.p2p.keyFile ?? dataDir(config.datadir).nodeKey),
    warmup: tell,
    stop: ending.signal,
    onFlush(done, total) {
      progress();
      flushed(done, total);
    },
    rebuild: deps.rebuild,
    reindexTxs: deps.reindexTxs === true,
    fail(error) {
      // What breaks now is broken by stopping, or told already.
      if (ending.signal.aborted) {
        if (!isEndedEarly(error)) deps.log.warn({ err: error }, 'while the node is stopping');
        return;
      }
      deps.log.error({ err: error }, 'the node cannot go on: stopping');
      stopWith({ code: exitCodeOf(error), reason: error instanceof Error ? error.message : String(error) });
    },
    requestStop: () => stopWith({ code: EXIT.ok, reason: 'stop was called' }),
    startedMonotonicMs: clock.monotonicMs(),
  };
  try {
    let role: Role | undefined;
    const rpcUrl = config.rpc.enabled ? await startRpc(parts, dispatcher) : '';
    const opsUrl = await startOps(
      parts,
      dispatcher,
      () => role,
      () => warmup,
      () => ending.signal.aborted,
    );
    deps.listening?.({ role: config.role, rpcUrl, opsUrl });
    await migrateHeld(parts);
    role = await (await composition(config.role))(parts);
    ending.signal.throwIfAborted();
    dispatcher.ready(role.backend);
    const noRest = opsUrl === undefined ? 'ops.enabled is off' : `a ${config.role} node has no blocks`;
    if (config.ops.rest && (opsUrl === undefined || role.backend.blocks === undefined)) {
      deps.log.warn({}, `ops.rest is on, but ${noRest}: nothing answers below /rest/`);
    }
    const { peers } = role;
    return {
      role: config.role,
      peerId: peers.key,
      addresses: peers.addresses(),
      ...{ rpcUrl, opsUrl, stop },
      stopped: ended.promise,
    };
  } catch (error) {
    await lifetime.close().catch(() => {});
    throw error;
  }
};
