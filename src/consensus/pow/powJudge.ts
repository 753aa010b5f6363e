import type { ConsensusParams } from '../../params/network.ts';
import { decodeCompact, hashToNumber, targetOf } from '../../primitives/compact.ts';
import type { BlockHeader, SealedHeader } from '../../primitives/header.ts';
import { broken, type Check, PASSED, passed } from '../../primitives/rules.ts';
import type { HeaderContext, Judge, TipWeight } from '../engine.ts';
import { checkHeaderInContext, checkPrevLink } from '../headerRules.ts';
import type { DifficultyRule } from './difficulty.ts';

/** Proof of work carries no seal (protocol §1.3). A copy with one is bad, its hash is not (rule S1). */
function checkEmptySeal(sealed: SealedHeader): Check {
  if (sealed.seal.length === 0) return PASSED;
  return broken('bad-seal', `a seal of ${sealed.seal.length} bytes where proof of work has none`);
}

/** The hash, as a number, is at most the target that the bits name, which is at most the limit (Core CheckProofOfWork). */
export function checkProofOfWork(header: BlockHeader, limit: bigint): Check {
  const target = targetOf(header.bits, limit);
  const bits = header.bits.toString(16).padStart(8, '0');
  if (target === undefined) return broken('high-hash', `bits 0x${bits} name no target within the limit`);
  if (hashToNumber(header.hash) <= target) return PASSED;
  return broken('high-hash', `hash ${header.id} is above the target of bits 0x${bits}`);
}

/** Most work wins; of equals the one seen first (Bitcoin Core CBlockIndexWorkComparator). */
function betterByWork(a: TipWeight, b: TipWeight): boolean {
  if (a.chainWork !== b.chainWork) return a.chainWork > b.chainWork;
  return a.sequence < b.sequence;
}

/**
 * Judge of proof-of-work headers. Checks run in Bitcoin Core's order (CheckBlockHeader, then ContextualCheckBlockHeader),
 * so that a header with several faults is refused for the same reason as there.
 */
export function powJudge<S>(params: ConsensusParams, difficulty: DifficultyRule<S>): Judge<S> {
  const limit = decodeCompact(params.pow.limitBits).target;
  return {
    genesis: () => difficulty.genesis(),
    verify(sealed: SealedHeader, ctx: HeaderContext, s: S, nowMs: number): Check<S> {
      const { header } = sealed;
      const checks: readonly (() => Check)[] = [
        () => checkEmptySeal(sealed),
        () => checkProofOfWork(header, limit),
        () => checkPrevLink(header, ctx),
        () => checkHeaderInContext(header, ctx, params, difficulty.bits(ctx, s, header.time), nowMs),
      ];
      for (const check of checks) {
        const verdict = check();
        if (!verdict.ok) return verdict;
      }
      return passed(difficulty.after(header, ctx, s));
    },
    nextBits: (ctx, s, time) => difficulty.bits(ctx, s, time),
    better: betterByWork,
    encodeState: (s) => difficulty.encode(s),
    decodeState: (bytes) => difficulty.decode(bytes),
  };
}
