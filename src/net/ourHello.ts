import { PROTOCOL_VERSION } from '../wire/limits.ts';
import type { Hello } from '../wire/peer.ts';
import type { NetworkOptions } from './options.ts';

/** What we say of ourselves in hello, at this moment. `best`: our chain's tip. */
export function ourHello(options: NetworkOptions, best: NetworkOptions['best']): Hello {
  const { chain, group, role, services, userAgent, platform } = options;
  return {
    minVersion: PROTOCOL_VERSION,
    maxVersion: PROTOCOL_VERSION,
    chainId: chain.chainId,
    group,
    role,
    services,
    userAgent,
    ...best,
    timeMs: platform.clock.nowMs(),
  };
}
