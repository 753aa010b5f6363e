import * as z from 'zod';
import { isMoney } from '../primitives/amount.ts';
import { decodeCompact, encodeCompact } from '../primitives/compact.ts';
import { isUnspendable } from '../primitives/outputScript.ts';
import { fromHex } from '../util/hex.ts';

/** Unsigned 32-bit: times, nonces, bits. */
const u32 = z.int().min(0).max(0xffffffff);
const height = z.int().min(0).max(0x7fffffff);
const seconds = z.int().min(1).max(0xffffffff);

const isHexOf = (text: string, maxBytes: number): boolean =>
  text.length % 2 === 0 && text.length <= 2 * maxBytes && /^[0-9a-f]*$/.test(text);

/** Compact bits that encode a positive 256-bit target in their one canonical form. */
const bits = u32.refine((n) => {
  const { target, negative, overflow } = decodeCompact(n);
  return !negative && !overflow && target > 0n && encodeCompact(target) === n;
}, 'must be canonical compact bits of a target above zero');

const targetIn = (n: number): bigint => decodeCompact(n).target;

const DECIMAL = /^(0|[1-9][0-9]{0,15})$/;

/** Rules that span fields are asked even where a field of theirs is wrong: that one counts as nothing then. */
const satoshiIn = (s: string): bigint => (DECIMAL.test(s) ? BigInt(s) : 0n);

/** Satoshi as decimal digits without leading zeros, 0 … 21,000,000 coins. */
const amount = z
  .string()
  .regex(DECIMAL, 'must be satoshi as decimal digits')
  .refine((s) => isMoney(satoshiIn(s)), 'must be at most 2100000000000000 satoshi');

/** Bounded so that a genesis block stays far below the largest block. */
const MAX_ALLOCATIONS = 5_000;

const allocation = z.strictObject({
  script: z.string().refine((s) => isHexOf(s, 100) && s.length > 0 && !isUnspendable(fromHex(s)), {
    message: 'must be a spendable script of 1 to 100 bytes in lower-case hex',
  }),
  amount: amount.refine((s) => s !== '0', 'must be above zero'),
});

const pow = z
  .strictObject({
    algo: z.enum(['bitcoin', 'asert']),
    limitBits: bits,
    startBits: bits,
    spacing: z.int().min(1).max(86_400),
    interval: z.int().min(2).max(1_000_000),
    allowMinDifficulty: z.boolean(),
    noRetarget: z.boolean(),
    bip94: z.boolean(),
    halfLife: seconds,
    clamp: seconds,
  })
  .refine((p) => targetIn(p.startBits) <= targetIn(p.limitBits), {
    path: ['startBits'],
    message: 'must not be easier than limitBits',
  })
  .refine((p) => p.clamp >= p.spacing, { path: ['clamp'], message: 'must be at least spacing' });

const blockHash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** Chains with a past name a handful of blocks; every block is compared with them. */
const MAX_EXCEPTIONS = 100;

const exceptions = z.strictObject({
  scriptFlags: z
    .array(z.strictObject({ block: blockHash, flags: z.array(z.enum(['P2SH', 'WITNESS', 'TAPROOT'])).max(3) }))
    .max(MAX_EXCEPTIONS),
  bip30Repeats: z.array(z.strictObject({ height, block: blockHash })).max(MAX_EXCEPTIONS),
  bip34: z.strictObject({ block: blockHash, bip30From: height }).exactOptional(),
});

const consensus = z
  .strictObject({
    rules: z.enum(['bitcoin', 'cairn']),
    engine: z.literal('pow'),
    pow,
    subsidy: z.strictObject({ initial: amount, halvingInterval: z.int().min(1).max(0x7fffffff) }),
    coinbaseMaturity: z.int().min(1).max(100_000),
    maxFutureSeconds: z.int().min(1).max(7200),
    heights: z.strictObject({
      bip34: height,
      bip65: height,
      bip66: height,
      csv: height,
      segwit: height,
      taproot: height,
    }),
    commitments: z.literal('off'),
    bip54: z.boolean(),
    exceptions: exceptions.exactOptional(),
    genesis: z
      .strictObject({
        time: u32,
        bits,
        version: z.int().min(-0x80000000).max(0x7fffffff),
        allocations: z.array(allocation).max(MAX_ALLOCATIONS),
      })
      .exactOptional(),
  })
  .refine((c) => (c.genesis !== undefined) === (c.rules === 'cairn'), {
    path: ['genesis'],
    message: 'belongs to networks with rules "cairn" and to them alone',
  })
  .refine((c) => c.genesis === undefined || targetIn(c.genesis.bits) <= targetIn(c.pow.limitBits), {
    path: ['genesis', 'bits'],
    message: 'must not be easier than pow.limitBits',
  })
  .refine((c) => isMoney((c.genesis?.allocations ?? []).reduce((sum, a) => sum + satoshiIn(a.amount), 0n)), {
    path: ['genesis', 'allocations'],
    message: 'must not exceed 2100000000000000 satoshi together',
  });

/** A network vouches for a handful of snapshots; all are looked through. */
const MAX_ASSUMED = 100;

const assumedCoins = z.strictObject({
  height: height.refine((h) => h > 0, 'must be above zero'),
  block: blockHash,
  hash: blockHash,
  chainTx: z.int().min(1),
});

const byte = z.int().min(0).max(255);
const port = z.int().min(0).max(65_535);

/** The shape of a network file. Unknown keys are refused everywhere. */
export const networkDefinitionSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z, 0-9 and -'),
    chain: z.enum(['main', 'test', 'signet', 'regtest']),
    consensus,
    genesis: z.strictObject({
      nonce: u32.exactOptional(),
      block: z.string().exactOptional(),
      hash: blockHash.exactOptional(),
    }),
    magic: z
      .string()
      .regex(/^[0-9a-f]{8}$/, 'must be 8 lower-case hex digits')
      .exactOptional(),
    prefixes: z.strictObject({
      pubKeyHash: byte,
      scriptHash: byte,
      wif: byte,
      bech32: z.string().regex(/^[a-z]{1,20}$/, 'must be 1 to 20 of a-z'),
      bip32Public: u32,
      bip32Private: u32,
      bip44CoinType: z.int().min(0).max(0x7fffffff),
    }),
    ports: z.strictObject({ p2p: port, ws: port, rpc: port, ops: port }),
    seeds: z.array(z.string().startsWith('/').max(512)).max(64),
    development: z.boolean(),
    offline: z.boolean(),
    assumeValid: blockHash.exactOptional(),
    minChainWork: z
      .string()
      .regex(/^[0-9a-f]{1,64}$/, 'must be 1 to 64 lower-case hex digits')
      .exactOptional(),
    assumeUtxo: z
      .array(assumedCoins)
      .max(MAX_ASSUMED)
      .refine((list) => new Set(list.map((one) => one.block)).size === list.length, 'must name a block once')
      .exactOptional(),
  })
  .refine((n) => (n.magic !== undefined) === (n.consensus.rules === 'bitcoin'), {
    path: ['magic'],
    message: 'belongs to networks with rules "bitcoin" and to them alone',
  });
