import type { NodeBackend, SyncInfo } from '../../rpc/backend.ts';
import { PROTOCOL_VERSION } from '../../wire/limits.ts';
import type { RoleParts } from '../role.node.ts';
import { USER_AGENT } from '../version.ts';

/** What every role tells of itself. */
export function nodeBackend(
  parts: RoleParts,
  told: { readonly sync: () => SyncInfo; readonly warnings: () => readonly string[] },
): NodeBackend {
  return {
    network: parts.network,
    role: parts.config.role,
    userAgent: USER_AGENT,
    protocolVersion: PROTOCOL_VERSION,
    clock: parts.clock,
    timers: parts.platform.timers,
    startedMonotonicMs: parts.startedMonotonicMs,
    logPath: '',
    memory() {
      const { rss, heapUsed } = process.memoryUsage();
      return { total: rss, used: heapUsed };
    },
    warnings: told.warnings,
    sync: told.sync,
    stop: parts.requestStop,
  };
}
