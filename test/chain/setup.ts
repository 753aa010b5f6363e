import type { AcceptedBlock } from '../../src/chain/chain.ts';
import { ChainManager } from '../../src/chain/chainManager.ts';
import type { ChainManagerParts } from '../../src/chain/chainManagerParts.ts';
import type { ChainStore, CoinChange } from '../../src/chain/ports.ts';
import { inlineScriptChecker, type VerifyInput } from '../../src/chain/scriptCheckerInline.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import type { Block } from '../../src/primitives/block.ts';
import { displayOutPoint } from '../../src/primitives/outpoint.ts';
import type { Check } from '../../src/primitives/rules.ts';
import { KvChainStore } from '../../src/store/chainStore.node.ts';
import type { ChainStoreParts } from '../../src/store/chainStoreParts.ts';
import { encodeCoin } from '../../src/store/coinCodec.ts';
import { SummedKv } from '../../src/store/summedKv.ts';
import { toHex } from '../../src/util/hex.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';
import { regtest } from './regtestMiner.ts';

/** A scriptSig of one byte steers the verdict: 0x00 fails, everything else passes. */
const verify: VerifyInput = (tx, index) => {
  const { scriptSig } = tx.inputs[index] as (typeof tx.inputs)[number];
  if (scriptSig.length === 1 && scriptSig[0] === 0) return { ok: false, error: 'EVAL_FALSE', detail: 'test' };
  return { ok: true };
};

export interface TestChain {
  readonly chain: ChainManager;
  readonly store: ChainStore;
  readonly evidence: string[];
}

export async function openStore(disk: MemoryDisk, parts: Partial<ChainStoreParts> = {}): Promise<KvChainStore> {
  return KvChainStore.open({
    kv: new SummedKv(disk.kv, { path: 'memory' }),
    path: 'memory',
    fs: disk.fs,
    magic: regtest.magic,
    // Small, so that a few blocks fill several files.
    maxFileBytes: 2000,
    lifetime: new Lifetime(),
    ...parts,
  });
}

/** A chain over memory: the same disk opened again is a restart. */
export async function openChain(
  disk: MemoryDisk = new MemoryDisk(),
  parts: Partial<ChainManagerParts> = {},
): Promise<TestChain> {
  const store = parts.store ?? (await openStore(disk));
  const evidence: string[] = [];
  const chain = await ChainManager.open({
    network: regtest,
    judge: judgeFor(regtest),
    store,
    scripts: inlineScriptChecker({ verify, pause: async () => {} }),
    clock: { nowMs: () => 1_700_000_000_000 },
    evidence: {
      keep: async (_block, reason) => {
        evidence.push(reason);
      },
    },
    ...parts,
  });
  return { chain, store, evidence };
}

/** Rule code, or what became of the block. */
export function outcomeOf(check: Check<AcceptedBlock>): string {
  return check.ok ? check.value.result : check.rule;
}

export async function acceptAll(chain: ChainManager, blocks: readonly Block[]): Promise<string[]> {
  const out: string[] = [];
  for (const block of blocks) out.push(outcomeOf(await chain.acceptBlock(block)));
  return out;
}

/** Every coin as text, to compare two nodes. */
export async function coinsOf(store: ChainStore): Promise<string[]> {
  const out: string[] = [];
  for await (const change of store.allCoins() as AsyncIterable<CoinChange>) out.push(textOfCoin(change));
  return out;
}

export function textOfCoin({ outpoint, coin }: CoinChange): string {
  return `${displayOutPoint(outpoint)} ${toHex(encodeCoin(coin))}`;
}
