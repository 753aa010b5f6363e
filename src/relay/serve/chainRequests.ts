import type { ChainReader } from '../../chain/chain.ts';
import { type HeaderEntry, isInvalid } from '../../chain/entry.ts';
import type { SealedHeader } from '../../primitives/header.ts';
import { blockAnswer, decodeBlockRequest } from '../../wire/messages/block.ts';
import { decodeHeadersRequest, encodeHeaders, headersThatFit } from '../../wire/messages/headers.ts';
import { decodeTipRequest, encodeTip, plainTip } from '../../wire/messages/tip.ts';
import { type PeerKey, WIRE_ERRORS, WireRefusal } from '../../wire/peer.ts';
import type { PeerKnowledge } from '../ports.ts';

/** Type 01: our tip; the asker may tell its own. */
export function serveTip(
  chain: ChainReader,
  tips: PeerKnowledge,
  services: number,
  from: PeerKey,
  payload: Uint8Array,
): Uint8Array {
  const theirs = decodeTipRequest(payload);
  if (theirs !== undefined) tips.claim(from, theirs);
  const tip = chain.tip();
  return encodeTip(plainTip(tip.height, tip.header.hash, tip.chainWork, services));
}

/**
 * Type 02: headers after the fork of the locator with our active chain, or with the branch of `stop`. Only branches whose
 * blocks we hold are served: their bodies will be asked for next.
 */
export function serveHeaders(chain: ChainReader, payload: Uint8Array): Uint8Array {
  const request = decodeHeadersRequest(payload);
  const last = request.stop === undefined ? chain.tip() : chain.entry(request.stop);
  if (last === undefined) throw new WireRefusal(WIRE_ERRORS.UNKNOWN_STOP, 'unknown stop hash');
  if (!chain.isActive(last) && !last.hasBody) throw new WireRefusal(WIRE_ERRORS.NOT_SERVED, 'branch without bodies');
  const fork = chain.findFork(request.locator, chain.isActive(last) ? chain.tip() : last);
  const count = Math.min(request.max, Math.max(0, last.height - fork.height));
  return encodeHeaders(headersThatFit(branch(chain, fork, last, count), request.seals), request.seals);
}

/** The `count` entries after `fork` on the branch of `last`, in order. */
function branch(chain: ChainReader, fork: HeaderEntry, last: HeaderEntry, count: number): SealedHeader[] {
  const entries: SealedHeader[] = [];
  let at = chain.ancestor(last, fork.height + count);
  for (let i = 0; i < count && at !== undefined; i++, at = at.parent) entries.push(at);
  return entries.reverse();
}

/** Type 06: a block in the form asked for. */
export async function serveBlock(chain: ChainReader, payload: Uint8Array): Promise<Uint8Array> {
  const request = decodeBlockRequest(payload);
  const entry = chain.entry(request.hash);
  // What we know to be invalid is not passed on.
  if (entry === undefined || isInvalid(entry)) throw new WireRefusal(WIRE_ERRORS.NOT_FOUND, 'no such block');
  const bytes = entry.hasBody ? await chain.readBlockBytes(entry) : undefined;
  if (bytes !== undefined) return blockAnswer(request, bytes);
  const had = chain.isActive(entry);
  throw new WireRefusal(had ? WIRE_ERRORS.PRUNED : WIRE_ERRORS.NOT_FOUND, had ? 'body was pruned' : 'no body yet');
}
