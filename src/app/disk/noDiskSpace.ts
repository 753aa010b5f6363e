import type { Broken } from '../../primitives/rules.ts';
import { RPC, RpcError } from '../../rpc/errors.ts';

/** What a caller hears whose block was turned away because the disk is nearly full: nothing is wrong with the block. */
export function noDiskSpace(verdict: Broken): RpcError {
  return new RpcError(RPC.MISC_ERROR, `${verdict.rule}: ${verdict.detail}`);
}
