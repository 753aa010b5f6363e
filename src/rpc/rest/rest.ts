import type { Dispatcher } from '../dispatch.ts';
import { RPC, RpcError } from '../errors.ts';
import type { CallContext, With } from '../spec.ts';
import { type RestAnswer, type RestEndpoint, type RestHandler, RestRefusal, splitFormat } from './answer.ts';
import { block, blockHashByHeight, headers, spentTxOuts } from './blocks.ts';
import { chainInfo, deploymentInfo, mempool } from './info.ts';
import { transaction, unspent } from './txs.ts';

const TXIDS = 1;
const DETAILS_AND_PREVOUTS = 3;

/** Path prefixes; the first that fits counts. */
const ENDPOINTS: readonly (readonly [prefix: string, endpoint: RestEndpoint])[] = [
  ['/rest/tx/', transaction],
  ['/rest/block/notxdetails/', block(TXIDS)],
  ['/rest/block/', block(DETAILS_AND_PREVOUTS)],
  ['/rest/spenttxouts/', spentTxOuts],
  ['/rest/chaininfo', chainInfo],
  ['/rest/mempool/', mempool],
  ['/rest/headers/', headers],
  ['/rest/getutxos', unspent],
  ['/rest/deploymentinfo/', deploymentInfo],
  ['/rest/deploymentinfo', deploymentInfo],
  ['/rest/blockhashbyheight/', blockHashByHeight],
];

/** Refusals as Bitcoin Core words them: text/plain, ended by CR LF. */
function refused(status: number, message: string): RestAnswer {
  return { status, type: 'text/plain', body: `${message}\r\n` };
}

const hasBlocks = (context: CallContext): context is CallContext<With<'blocks'>> =>
  context.backend.blocks !== undefined;

/**
 * Bitcoin Core's REST interface (doc/REST-interface.md) for reading blocks, headers, transactions, coins and the pool. It
 * runs in the dispatcher's places, beside the calls of JSON-RPC, and answers 503 while the node warms up. A node without
 * blocks has none of these paths. Throws only on our own failures.
 */
export function createRest(dispatcher: Dispatcher): RestHandler {
  return async (path, query) => {
    const [prefix, endpoint] = ENDPOINTS.find(([start]) => path.startsWith(start)) ?? [];
    if (prefix === undefined || endpoint === undefined) return undefined;
    const request = { ...splitFormat(path.slice(prefix.length)), query };
    try {
      return await dispatcher.use(async (context) =>
        hasBlocks(context) ? endpoint({ ...request, context }) : undefined,
      );
    } catch (error) {
      if (error instanceof RestRefusal) return refused(error.status, error.message);
      if (error instanceof RpcError && error.code === RPC.IN_WARMUP) {
        return refused(503, `Service temporarily unavailable: ${error.message}`);
      }
      throw error;
    }
  };
}
