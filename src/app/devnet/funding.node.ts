import { setTimeout as sleep } from 'node:timers/promises';
import { RpcCallError } from '../../rpc/client.node.ts';
import { RPC } from '../../rpc/errors.ts';
import { callNode, type RpcTarget } from '../cli/callNode.node.ts';
import type { DevWallet } from './devWallet.node.ts';

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
 * Gives each key one mature block subsidy: one block to each, then as many to the miner as a coinbase rests. Does nothing on a chain that has
 * them already. Returns the height.
 */
export async function fund(miner: RpcTarget, wallet: DevWallet, payout: string): Promise<number> {
  const { keys, coinbaseMaturity } = wallet;
  let height = (await callWhenReady(miner, 'getblockcount')) as number;
  if (height >= keys.length + coinbaseMaturity) return height;
  for (const key of keys) await callNode(miner, 'generatetoaddress', [1, key.address]);
  await callNode(miner, 'generatetoaddress', [coinbaseMaturity, payout]);
  height = (await callNode(miner, 'getblockcount')) as number;
  return height;
}
