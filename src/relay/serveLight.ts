import { encodeStatus } from '../wire/messages/status.ts';
import { MESSAGE } from '../wire/messages/types.ts';
import { serveBlock, serveHeaders, serveTip } from './serve/chainRequests.ts';
import { type Answerer, dispatch, type RequestHandler } from './serve/dispatch.ts';
import { serveSendTx } from './serve/poolRequests.ts';
import { serveTxProof } from './serve/txProofRequest.ts';
import type { ServeSyncDeps } from './serveSync.ts';

export type ServeLightDeps = ServeSyncDeps;

/** Stream `light`: what full nodes answer light nodes (protocol A.3). */
export function serveLight({ chain, mempool, tips, services, status, net }: ServeLightDeps): RequestHandler {
  return dispatch(
    new Map<number, Answerer>([
      [MESSAGE.TIP, (from, payload) => serveTip(chain, tips, services(), from, payload)],
      [MESSAGE.HEADERS, (_, payload) => serveHeaders(chain, payload)],
      [MESSAGE.BLOCK, (_, payload) => serveBlock(chain, payload)],
      [MESSAGE.TXPROOF, (_, payload) => serveTxProof(chain, payload)],
      [MESSAGE.SENDTX, (from, payload) => serveSendTx(mempool, net, from, payload)],
      [MESSAGE.STATUS, () => encodeStatus(status())],
    ]),
    net,
  );
}
