import { setTimeout as sleep } from 'node:timers/promises';
import { RpcCallError } from '../../rpc/client.node.ts';
import { RPC } from '../../rpc/errors.ts';
import { callNode, type RpcTarget } from '../cli/callNode.node.ts';
import type { DevKey } from '../devKeys.node.ts';

/** A coinbase may be spent by a block this much higher: 100 more blocks make the first ten spendable. */
const MATURITY = 100;
const WARMUP_MS = 20_000;

/** Calls a method of a node that may still be warming up. */
export async function callWhenReady(
  target: RpcTarget,
  method: string,
  params: readonly unknown[] = [],
): Promise<unknown> {
  for (const end = Date.now() + WARMUP_MS; ; await sleep(20)) {
    try {
      return await callNode(target, method, params);
    } catch (error) {
      if (!(error instanceof RpcCallError) || error.code !== RPC.IN_WARMUP || Date.now() > end) throw error;
    }
  }
}

/**
 * Gives each key one mature block subsidy: one block to each, then 100 to the miner. Does nothing on a chain that has
 * them already. Returns the height.
 */
export async function fund(miner: RpcTarget, keys: readonly DevKey[], payout: string): Promise<number> {
  let height = (await callWhenReady(miner, 'getblockcount')) as number;
  if (height >= keys.length + MATURITY) return height;
  for (const key of keys) await callNode(miner, 'generatetoaddress', [1, key.address]);
  await callNode(miner, 'generatetoaddress', [MATURITY, payout]);
  height = (await callNode(miner, 'getblockcount')) as number;
  return height;
}
