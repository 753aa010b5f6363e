/**
 * The table of rule codes: for every way in which data from outside can be wrong, what it means for the sender.
 *
 * gossip:   verdict given to gossipsub for a message that breaks the rule ('reject' lowers the sender's score and is used
 *           only for what no honest peer could send whatever its tip and mempool; everything else is 'ignore').
 * penalty:  points added to the sender's misbehaviour score when it answered a request or sent it directly (100 = ban).
 * remember: the hash itself is invalid for good and may be cached as such. False for mutated or malleated copies.
 *
 * Codes that Bitcoin Core has are spelled as Core's reject reasons, so that RPC clients see the strings they know.
 */
export interface RuleEffect {
  readonly gossip: 'reject' | 'ignore';
  readonly penalty: number;
  readonly remember: boolean;
}

const INVALID = { gossip: 'reject', penalty: 100, remember: true } as const;
/** This copy is bad, the hash may still be good (mutated body, malleated witness, bad seal). */
const BAD_COPY = { gossip: 'reject', penalty: 100, remember: false } as const;
/** An honest peer may send it: it depends on our tip, our pool, our policy or our clock. */
const HONEST = { gossip: 'ignore', penalty: 0, remember: false } as const;

export const RULES = {
  // Encoding
  malformed: BAD_COPY,
  'too-large': BAD_COPY,

  // Headers (consensus: bad for good, except time and unknown parent)
  'high-hash': INVALID,
  'bad-diffbits': INVALID,
  'time-too-old': INVALID,
  'time-too-new': HONEST,
  'time-timewarp-attack': INVALID,
  'time-negative-interval': INVALID,
  'bad-version': INVALID,
  'prev-blk-not-found': HONEST,
  'bad-prevblk': INVALID,
  'duplicate-invalid': INVALID,
  'bad-fork-prior-to-checkpoint': INVALID,
  'bad-seal': BAD_COPY,
  'bad-genesis': INVALID,
  'too-little-chainwork': HONEST,
  'block-too-far-ahead': HONEST,
  'fork-below-pruned': HONEST,
  'no-disk-space': HONEST, // ours is nearly full: nothing is kept for now

  // Blocks: this copy does not belong to its header
  'bad-txnmrklroot': BAD_COPY,
  'bad-txns-duplicate': BAD_COPY,
  'bad-witness-nonce-size': BAD_COPY,
  'bad-witness-merkle-match': BAD_COPY,
  'unexpected-witness': BAD_COPY,

  // Blocks
  'bad-blk-length': BAD_COPY,
  'bad-blk-weight': INVALID,
  'bad-blk-sigops': INVALID,
  // A level of the merkle tree read as 64-byte transactions has the right root and no coinbase, and is not the block: it
  // says nothing about the hash (CVE-2017-12842).
  'bad-cb-missing': BAD_COPY,
  'bad-cb-multiple': INVALID,
  'bad-cb-height': INVALID,
  'bad-cb-amount': INVALID,
  'bad-cb-length': INVALID,
  'bad-cb-locktime': INVALID,
  'bad-cb-sequence': INVALID,
  'bad-txns-nonfinal': INVALID,
  'bad-txns-BIP30': INVALID,
  'bad-txns-accumulated-fee-outofrange': INVALID,
  'block-script-verify-flag-failed': INVALID,

  // Transactions alone
  'bad-txns-vin-empty': INVALID,
  'bad-txns-vout-empty': INVALID,
  'bad-txns-oversize': INVALID,
  'bad-txns-vout-negative': INVALID,
  'bad-txns-vout-toolarge': INVALID,
  'bad-txns-txouttotal-toolarge': INVALID,
  'bad-txns-inputs-duplicate': INVALID,
  'bad-txns-prevout-null': INVALID,
  'bad-txns-size': INVALID,

  // Transactions against coins. The same break inside a block is the block's fault; as a loose transaction it is a race.
  'bad-txns-inputs-missingorspent': HONEST,
  'bad-txns-premature-spend-of-coinbase': HONEST,
  'bad-txns-inputvalues-outofrange': INVALID,
  'bad-txns-in-belowout': INVALID,
  'bad-txns-fee-outofrange': INVALID,
  'bad-txns-legacy-sigops': INVALID,
  'non-BIP68-final': HONEST,
  'non-final': HONEST,
  'mempool-script-verify-flag-failed': HONEST, // fails our standard flags only: valid in a block
  'mandatory-script-verify-flag-failed': BAD_COPY, // the witness is not in the txid: another copy may be valid

  // Mempool policy (never consensus)
  coinbase: INVALID,
  'txn-already-in-mempool': HONEST,
  'txn-already-known': HONEST,
  'txn-mempool-conflict': HONEST,
  'txn-same-nonwitness-data-in-mempool': HONEST,
  'missing-inputs': HONEST,
  'min relay fee not met': HONEST,
  'mempool min fee not met': HONEST,
  'max-fee-exceeded': HONEST,
  'insufficient fee': HONEST,
  'mempool full': HONEST,
  'too-long-mempool-chain': HONEST,
  'tx-size-small': HONEST,
  'tx-size': HONEST,
  version: HONEST,
  scriptpubkey: HONEST,
  'scriptsig-size': HONEST,
  'scriptsig-not-pushonly': HONEST,
  'bad-txns-nonstandard-inputs': HONEST,
  'bad-witness-nonstandard': HONEST,
  'bad-txns-too-many-sigops': HONEST,
  datacarrier: HONEST,
  'multi-op-return': HONEST,
  dust: HONEST,

  // Peer protocol
  'protocol-violation': { gossip: 'reject', penalty: 20, remember: false },
  'unrequested-answer': { gossip: 'ignore', penalty: 20, remember: false },
  'bad-answer': { gossip: 'ignore', penalty: 50, remember: false },
  'refused-sendtx': { gossip: 'ignore', penalty: 2, remember: false }, // its user's mistake, cheap to make and to judge
  'header-flood': { gossip: 'ignore', penalty: 100, remember: false },
  timeout: { gossip: 'ignore', penalty: 10, remember: false },
} as const satisfies Record<string, RuleEffect>;

export type RuleCode = keyof typeof RULES;

/** A broken rule: the code, and a human detail (field, value, limit). */
export interface Broken {
  readonly ok: false;
  readonly rule: RuleCode;
  readonly detail: string;
  /** Bitcoin Core's reject reason, where it says more than the code or another word for it. */
  readonly reason?: string;
}

/** The verdict of a check: data in, value or broken rule out. Never used for our own failures: those throw. */
export type Check<T = void> = { readonly ok: true; readonly value: T } | Broken;

export const PASSED: Check = { ok: true, value: undefined };

export function passed<T>(value: T): Check<T> {
  return { ok: true, value };
}

export function broken(rule: RuleCode, detail: string, reason?: string): Broken {
  return reason === undefined ? { ok: false, rule, detail } : { ok: false, rule, detail, reason };
}

/** The reject reason as Bitcoin Core words it: what RPC clients are told. */
export function reasonOf(fault: Broken): string {
  return fault.reason ?? fault.rule;
}

export function effectOf(rule: RuleCode): RuleEffect {
  return RULES[rule];
}

/**
 * The rule to blame a block's sender for. Rules that only tell a race for a loose transaction are the block's own fault
 * when they made it invalid; undefined when an honest peer may have sent it.
 */
export function blockFault(verdict: Broken, invalid: boolean): RuleCode | undefined {
  if (effectOf(verdict.rule).penalty > 0) return verdict.rule;
  return invalid ? 'duplicate-invalid' : undefined;
}
