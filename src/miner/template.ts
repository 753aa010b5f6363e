import type { ChainReader } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import type { HeaderContext, HeaderTemplate, Judge } from '../consensus/engine.ts';
import { headerContext } from '../consensus/headerContext.ts';
import { earliestTime } from '../consensus/headerRules.ts';
import { assembleBlock } from '../ledger/block/assemble.ts';
import type { Mempool, PoolEntry } from '../mempool/pool.ts';
import type { ConsensusParams } from '../params/network.ts';
import type { Block } from '../primitives/block.ts';
import type { BlockHeader } from '../primitives/header.ts';
import { MAX_BLOCK_SIGOP_COST, MAX_BLOCK_WEIGHT } from '../primitives/limits.ts';
import { assert } from '../util/assert.ts';
import type { Clock } from '../util/ports.ts';

/** Weight left for header, transaction count and coinbase. */
export const RESERVED_WEIGHT = 4000;
/** Signature operation cost left for the coinbase (Bitcoin Core -blockreservedsigops). */
export const RESERVED_SIGOP_COST = 400;

export interface TemplatePorts {
  readonly chain: Pick<ChainReader, 'tip' | 'ancestor'>;
  readonly pool: Pick<Mempool, 'select'>;
  readonly judge: Judge<unknown>;
  readonly params: ConsensusParams;
  readonly clock: Clock;
}

export interface TemplateRequest {
  /** Script that is paid. */
  readonly payout: Uint8Array;
  /** 0 … 2^64 - 1; different values make different blocks. */
  readonly extraNonce: bigint;
  /** Free bytes in the coinbase, at most 75. */
  readonly tag?: Uint8Array;
  /** Leave the pool's transactions out. */
  readonly empty?: boolean;
  /** Unix seconds instead of the clock's. */
  readonly time?: number;
}

/** A block that lacks only its seal, and what an Author needs to seal it. */
export interface BlockTemplate {
  readonly block: Block;
  readonly header: HeaderTemplate;
  readonly parent: HeaderEntry;
  /** The engine's state at the parent. */
  readonly state: unknown;
  /** The pool entries in the block, in its order after the coinbase. */
  readonly entries: readonly PoolEntry[];
  /** Sum of their fees, satoshi. */
  readonly fees: bigint;
}

/** The header's time, as wanted or the clock's but never too early, and the latest to which sealing may raise it. Unix seconds. */
function headerTimes(ctx: HeaderContext, ports: TemplatePorts, wanted?: number): { time: number; maxTime: number } {
  const { pow, maxFutureSeconds } = ports.params;
  const now = Math.floor(ports.clock.nowMs() / 1000);
  const time = Math.max(wanted ?? now, earliestTime(ctx, ports.params));
  // Where bits depend on the time, the time must stay. Elsewhere sealing may raise it to half of what others accept.
  const latest = pow.allowMinDifficulty ? time : now + Math.floor(maxFutureSeconds / 2);
  return { time, maxTime: Math.max(time, latest) };
}

/** A block on the tip as it is now, with the best of the pool. Synchronous: chain and pool are read in one moment. */
export function buildTemplate(ports: TemplatePorts, request: TemplateRequest): BlockTemplate {
  const { chain, pool, judge, params } = ports;
  const parent = chain.tip();
  const height = parent.height + 1;
  const limits = {
    maxWeight: MAX_BLOCK_WEIGHT - RESERVED_WEIGHT,
    maxSigopCost: MAX_BLOCK_SIGOP_COST - RESERVED_SIGOP_COST,
  };
  const entries = request.empty === true ? [] : pool.select(limits);
  const fees = entries.reduce((sum, entry) => sum + entry.fee, 0n);
  const ancestor = (at: number): BlockHeader => {
    const entry = chain.ancestor(parent, at);
    assert(entry !== undefined, `the branch of the tip has a header at height ${at}`);
    return entry.header;
  };
  const ctx = headerContext(height, parent.header, ancestor, parent.medianTime);
  const { time, maxTime } = headerTimes(ctx, ports, request.time);
  const block = assembleBlock({
    params,
    height,
    prevHash: parent.header.hash,
    time,
    bits: judge.nextBits(ctx, parent.state, time),
    txs: entries.map((entry) => entry.tx),
    fees,
    payout: request.payout,
    extraNonce: request.extraNonce,
    ...(request.tag === undefined ? {} : { tag: request.tag }),
  });
  const header: HeaderTemplate = { header: block.header, height, maxTime };
  return { block, header, parent, state: parent.state, entries, fees };
}
