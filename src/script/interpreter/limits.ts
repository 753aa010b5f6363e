/** Consensus limits of script execution; MAX_SCRIPT_SIZE (10,000) is in primitives/outputScript.ts, MAX_PUBKEYS_PER_MULTISIG (20) in templates.ts. */

/** Longest stack item, in bytes. */
export const MAX_ELEMENT_SIZE = 520;
/** Most items on stack and alternative stack together. */
export const MAX_STACK_SIZE = 1000;
/** Most opcodes above OP_16 in a legacy or segwit version 0 script, executed or not, plus the keys of executed OP_CHECKMULTISIGs. */
export const MAX_OPS_PER_SCRIPT = 201;
