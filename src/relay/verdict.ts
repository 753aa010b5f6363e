import { type Broken, effectOf } from '../primitives/rules.ts';
import type { PeerPorts } from '../wire/messages/ask.ts';
import type { GossipVerdict, PeerKey } from '../wire/peer.ts';

/**
 * The verdict on a gossiped message that broke a rule. What is rejected no honest peer forwards, since everyone judges
 * before forwarding: so the one who forwarded it is blamed too.
 */
export function verdictOf(net: Pick<PeerPorts, 'penalize'>, from: PeerKey, fault: Broken): GossipVerdict {
  const { gossip } = effectOf(fault.rule);
  if (gossip === 'reject') net.penalize(from, fault.rule, fault.detail);
  return gossip;
}
