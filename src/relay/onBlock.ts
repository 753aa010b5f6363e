import type { Chain } from '../chain/chain.ts';
import { type HeaderEntry, isInvalid } from '../chain/entry.ts';
import type { Block } from '../primitives/block.ts';
import { type Broken, blockFault, broken } from '../primitives/rules.ts';
import type { PeerPorts } from '../wire/messages/ask.ts';
import { readGossipBlock } from '../wire/messages/gossip.ts';
import type { GossipVerdict, PeerKey } from '../wire/peer.ts';
import type { Heard } from './heard.ts';
import type { GossipHandler, HeaderHelp, PeerKnowledge } from './ports.ts';
import { useless } from './useless.ts';
import { verdictOf } from './verdict.ts';

export interface OnBlockDeps {
  readonly chain: Chain;
  readonly net: Pick<PeerPorts, 'penalize'>;
  readonly headers: HeaderHelp;
  readonly tips: PeerKnowledge;
  readonly heard: Heard;
}

/**
 * Topic `block`. Forwarded is only what became our tip: a block that was merely stored has not been judged in full, and
 * whoever forwards a bad one is blamed by the next.
 */
export function onBlock(deps: OnBlockDeps): GossipHandler {
  return async (from, data) => {
    const read = readGossipBlock(data);
    if (!read.ok) return verdictOf(deps.net, from, read);
    const block = read.value;
    const { chain } = deps;
    const known = chain.entry(block.header.hash);
    if (known?.hasBody === true) return knownBlock(deps, from, block, known);
    const parent = chain.entry(block.header.prevHash);
    if (parent === undefined) {
      deps.headers.catchUp(from);
      return useless(deps, from);
    }
    // 'too-little-chainwork': no body of a cheap branch far below the tip is worth the disk.
    if (!deps.headers.worthKeeping(parent, block.header.bits)) return useless(deps, from);
    // Before the chain takes it: its event decides whether we announce it.
    deps.heard.addBlock(block.header.hash);
    const verdict = await judge(deps, from, block);
    if (verdict !== 'accept') deps.heard.removeBlock(block.header.hash);
    return verdict;
  };
}

async function judge(deps: OnBlockDeps, from: PeerKey, block: Block): Promise<GossipVerdict> {
  const isNew = deps.chain.entry(block.header.hash) === undefined;
  const verdict = await deps.chain.acceptBlock(block);
  const entry = deps.chain.entry(block.header.hash);
  // Its header takes memory also when its body was not worth the disk.
  const stays = verdict.ok ? verdict.value.result === 'stored' : isNew;
  if (entry !== undefined && stays && !deps.chain.isActive(entry) && !deps.headers.chargeSideHeader(from, entry)) {
    deps.net.penalize(from, 'header-flood', 'too many blocks that lead to no better chain');
  }
  if (!verdict.ok) return refused(deps, from, block, verdict);
  deps.tips.has(from, verdict.value.entry);
  return deps.chain.isActive(verdict.value.entry) ? 'accept' : 'ignore';
}

async function knownBlock(deps: OnBlockDeps, from: PeerKey, block: Block, entry: HeaderEntry): Promise<GossipVerdict> {
  if (isInvalid(entry)) return useless(deps, from);
  // Gossip tells copies apart: one with our header and another body would be passed on in our name.
  const copy = await deps.chain.acceptBlock(block);
  if (!copy.ok) return refused(deps, from, block, copy);
  deps.tips.has(from, entry);
  // It was fetched before gossip brought it: gossip must still pass it on, but only while it is news.
  return entry === deps.chain.tip() ? 'accept' : 'ignore';
}

function refused(deps: OnBlockDeps, from: PeerKey, block: Block, fault: Broken): GossipVerdict {
  switch (fault.rule) {
    case 'time-too-new':
      deps.headers.keepForLater(from, block);
      return useless(deps, from);
    case 'prev-blk-not-found':
      deps.headers.catchUp(from);
      return 'ignore';
    default:
      break;
  }
  const invalid = deps.chain.entry(block.header.hash)?.status === 'invalid';
  const rule = blockFault(fault, invalid) ?? fault.rule;
  const detail = rule === fault.rule ? fault.detail : `block ${block.header.id}: ${fault.rule}: ${fault.detail}`;
  return verdictOf(deps.net, from, broken(rule, detail));
}
