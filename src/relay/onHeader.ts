import type { HeaderChainReader, HeaderChainWriter } from '../chain/chain.ts';
import { type HeaderEntry, isInvalid } from '../chain/entry.ts';
import type { SealedHeader } from '../primitives/header.ts';
import type { Broken } from '../primitives/rules.ts';
import type { PeerPorts } from '../wire/messages/ask.ts';
import { readGossipHeader } from '../wire/messages/gossip.ts';
import type { GossipVerdict, PeerKey } from '../wire/peer.ts';
import type { GossipHandler, HeaderHelp, PeerKnowledge } from './ports.ts';
import { useless } from './useless.ts';
import { verdictOf } from './verdict.ts';

export interface OnHeaderDeps {
  readonly chain: HeaderChainReader & HeaderChainWriter;
  readonly net: Pick<PeerPorts, 'penalize'>;
  readonly headers: HeaderHelp;
  readonly tips: PeerKnowledge;
  /** The body will most likely follow by gossip (full nodes). */
  readonly expectBody?: (entry: HeaderEntry) => void;
}

/** Topic `header`: judges a sealed header, alone, as the chain does. Full and light nodes alike. */
export function onHeader(deps: OnHeaderDeps): GossipHandler {
  return async (from, data) => {
    const read = readGossipHeader(data);
    if (!read.ok) return verdictOf(deps.net, from, read);
    const sealed = read.value;
    const known = deps.chain.entry(sealed.header.hash);
    if (known !== undefined) return knownHeader(deps, from, sealed, known);
    const parent = deps.chain.entry(sealed.header.prevHash);
    if (parent === undefined) {
      deps.headers.catchUp(from);
      return useless(deps, from);
    }
    // 'too-little-chainwork': a header that starts a cheap branch far below the tip would fill memory.
    if (!deps.headers.worthKeeping(parent, sealed.header.bits)) return useless(deps, from);
    return judge(deps, from, sealed);
  };
}

async function judge(deps: OnHeaderDeps, from: PeerKey, sealed: SealedHeader): Promise<GossipVerdict> {
  const outcome = await deps.chain.acceptHeaders([sealed]);
  const entry = outcome.last;
  if (entry === undefined) return outcome.error === undefined ? 'ignore' : refused(deps, from, sealed, outcome.error);
  if (outcome.added.length > 0 && !deps.headers.chargeSideHeader(from, entry)) {
    deps.net.penalize(from, 'header-flood', 'too many headers that lead to no better chain');
    return 'ignore';
  }
  deps.expectBody?.(entry);
  deps.tips.has(from, entry);
  return 'accept';
}

async function knownHeader(
  deps: OnHeaderDeps,
  from: PeerKey,
  sealed: SealedHeader,
  entry: HeaderEntry,
): Promise<GossipVerdict> {
  // A header says nothing of its body: who passes on the header of an invalid block may know only the header.
  if (isInvalid(entry)) return useless(deps, from);
  // The same header with a bad seal is another message to gossip, and would be passed on in our name.
  const { error } = await deps.chain.acceptHeaders([sealed]);
  if (error !== undefined) return refused(deps, from, sealed, error);
  deps.tips.has(from, entry);
  // Its block came first; others may still wait for the header. Old ones are of no use to anybody.
  const parent = entry.parent;
  return parent !== undefined && deps.headers.worthKeeping(parent, entry.header.bits) ? 'accept' : 'ignore';
}

function refused(deps: OnHeaderDeps, from: PeerKey, sealed: SealedHeader, fault: Broken): GossipVerdict {
  switch (fault.rule) {
    case 'time-too-new':
      deps.headers.keepForLater(from, sealed);
      return useless(deps, from);
    case 'prev-blk-not-found':
      deps.headers.catchUp(from);
      return 'ignore';
    case 'bad-prevblk':
    case 'duplicate-invalid':
      // As above: only the bodies are known to be bad, and the sender may never have seen them.
      return useless(deps, from);
    default:
      return verdictOf(deps.net, from, fault);
  }
}
