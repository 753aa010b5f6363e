import type { ChainReader } from '../chain/chain.ts';
import type { Mempool } from '../mempool/pool.ts';
import type { PeerPorts } from '../wire/messages/ask.ts';
import { encodeStatus, type PeerStatus } from '../wire/messages/status.ts';
import { MESSAGE } from '../wire/messages/types.ts';
import type { PeerKnowledge } from './ports.ts';
import { serveBlock, serveHeaders, serveTip } from './serve/chainRequests.ts';
import { type Answerer, dispatch, type RequestHandler } from './serve/dispatch.ts';
import { serveMempool, serveTxs } from './serve/poolRequests.ts';

export interface ServeSyncDeps {
  readonly chain: ChainReader;
  readonly mempool: Mempool;
  readonly tips: PeerKnowledge;
  readonly net: Pick<PeerPorts, 'penalize'>;
  /** Own SERVICES bits, as of now. */
  readonly services: () => number;
  readonly status: () => PeerStatus;
}

/** Stream `sync`: what full nodes answer each other. */
export function serveSync({ chain, mempool, tips, services, status, net }: ServeSyncDeps): RequestHandler {
  return dispatch(
    new Map<number, Answerer>([
      [MESSAGE.TIP, (from, payload) => serveTip(chain, tips, services(), from, payload)],
      [MESSAGE.HEADERS, (_, payload) => serveHeaders(chain, payload)],
      [MESSAGE.BLOCK, (_, payload) => serveBlock(chain, payload)],
      [MESSAGE.MEMPOOL, () => serveMempool(mempool)],
      [MESSAGE.TXS, (_, payload) => serveTxs(mempool, payload)],
      [MESSAGE.STATUS, () => encodeStatus(status())],
    ]),
    net,
  );
}
