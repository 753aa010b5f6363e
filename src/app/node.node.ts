import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadKey } from '../net/keyFile.node.ts';
import { nodejs } from '../platform/nodejs.node.ts';
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
import { EXIT, exitCodeOf } from './exit.ts';
import { MockableClock } from './mockClock.ts';
import { startOpsServer } from './ops/opsServer.node.ts';
import type { OpsSource } from './ops/opsSource.ts';
import type { ComposeRole, Role, RoleParts } from './role.node.ts';
import type { NodeDeps, RunningNode, StartNode, StopReason } from './runningNode.ts';

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
): Promise<string | undefined> {
  const { config, log, lifetime } = parts;
  if (!config.ops.enabled) return undefined;
  const source: OpsSource = {
    readiness: () =>
      role()?.ops.readiness() ?? { ready: false, reason: 'warming-up', detail: 'the node is loading its data' },
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

/** Builds the node that the configuration describes; resolves when it is up. Throws what kept it from starting. */
export const startNode: StartNode = async (config: NodeConfig, deps: NodeDeps): Promise<RunningNode> => {
  const lifetime = new Lifetime();
  const network = await loadNetwork(config.network);
  // Before anything is written there: another process may run on it.
  const migrating = (message: string): void => deps.log.info({}, message);
  const held = await openDatadir(config.datadir, network, migrating, replacedBy(deps.rebuild));
  lifetime.add(() => held.close());
  const clock = new MockableClock(nodejs.clock);
  const ended = Promise.withResolvers<StopReason>();
  let outcome: StopReason = { code: EXIT.ok, reason: 'stopped' };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= lifetime.close().finally(() => ended.resolve(outcome));
    return stopping;
  };
  const stopWith = (reason: StopReason): void => {
    if (stopping !== undefined) return;
    outcome = reason;
    stop().catch((error: unknown) => deps.log.error({ err: error }, 'stopping failed'));
  };
  const dispatcher = new Dispatcher({ clock, log: deps.log.child({ room: 'rpc' }), yieldTurn: () => nextTurn() });
  let warmup: Record<string, unknown> = {};
  const parts: RoleParts = {
    ...{ config, network, held, clock, lifetime, log: deps.log },
    platform: { ...nodejs, clock },
    privateKey: loadKey(config.p2p.keyFile ?? dataDir(config.datadir).nodeKey),
    warmup(message, info) {
      dispatcher.setWarmup(message);
      warmup = { warmup: message, ...info };
    },
    rebuild: deps.rebuild,
    reindexTxs: deps.reindexTxs === true,
    fail(error) {
      // What breaks now is broken by stopping, or told already.
      if (stopping !== undefined) return deps.log.warn({ err: error }, 'while the node is stopping');
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
    );
    role = await (await composition(config.role))(parts);
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
