import { effectOf, RULES, type RuleCode, type RuleEffect } from '../primitives/rules.ts';

/**
 * Codes that excuse the sender of a loose transaction (a race against our tip) but not of a block: a block says itself
 * which tip it extends, so breaking them is its own fault, for good.
 */
const FAULTS_OF_A_BLOCK: ReadonlySet<RuleCode> = new Set([
  'bad-txns-inputs-missingorspent',
  'bad-txns-premature-spend-of-coinbase',
  'non-BIP68-final',
  'non-final',
] satisfies RuleCode[]);

/** What a rule broken by a block means for whoever sent the block. */
export function blockEffectOf(rule: RuleCode): RuleEffect {
  return FAULTS_OF_A_BLOCK.has(rule) ? RULES['block-script-verify-flag-failed'] : effectOf(rule);
}
