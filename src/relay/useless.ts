import type { PeerPorts } from '../wire/messages/ask.ts';
import type { PeerKey } from '../wire/peer.ts';
import type { HeaderHelp } from './ports.ts';

export interface UselessDeps {
  readonly net: Pick<PeerPorts, 'penalize'>;
  readonly headers: Pick<HeaderHelp, 'chargeUseless'>;
}

/**
 * The verdict on a header or block that leads nowhere and cost its maker nothing: an honest peer may send it while one of
 * us is behind, but not without end.
 */
export function useless(deps: UselessDeps, from: PeerKey): 'ignore' {
  if (!deps.headers.chargeUseless(from))
    deps.net.penalize(from, 'header-flood', 'too many headers and blocks that lead nowhere');
  return 'ignore';
}
