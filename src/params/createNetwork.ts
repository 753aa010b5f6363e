import { hash256 } from '../crypto/hash.ts';
import { hashToNumber, targetOf, workOf } from '../primitives/compact.ts';
import { encodeHeader } from '../primitives/header.ts';
import { type NetworkDefinition, NetworkFileError } from './definition.ts';
import { buildCairnGenesis } from './genesis.ts';
import type { ConsensusParams, Network } from './network.ts';
import { parseDefinition } from './networkFile.ts';
import { BUILT_IN_DEFINITIONS } from './networks.ts';
import { DEFAULT_PORTS, REGTEST_PREFIXES } from './prefixes.ts';
import { defaultClamp, defaultHalfLife, defaultMaxFuture } from './timeRules.ts';

/** What a person chooses when making a network; everything else follows. */
export interface NewNetworkOptions {
  readonly name: string;
  /** Unix seconds of the genesis block. */
  readonly genesisTime: number;
  /** Seconds between blocks, default 15. */
  readonly spacing?: number;
  readonly algo?: ConsensusParams['pow']['algo'];
  /** Compact bits: easiest target and that of block 1, default 0x1e7fffff (131,000 hashes). */
  readonly limitBits?: number;
  readonly startBits?: number;
  /** Blocks between retargets with algo "bitcoin", default 2016. */
  readonly interval?: number;
  /** Satoshi as decimal string. */
  readonly subsidy?: string;
  readonly halvingInterval?: number;
  readonly coinbaseMaturity?: number;
  /** BIP54, default true: nothing on a new network needs what it forbids. */
  readonly bip54?: boolean;
  /** Scripts in hex and satoshi as decimal strings: coins that exist from the start. */
  readonly allocations?: readonly { readonly script: string; readonly amount: string }[];
  readonly ports?: Partial<Network['ports']>;
  /** Multiaddrs. */
  readonly seeds?: readonly string[];
  /** Default true: addresses of local networks are dialled and generate RPCs are on. */
  readonly development?: boolean;
}

/** 2^27 hashes take minutes at most; a harder genesis block would only delay its maker. */
const MAX_GENESIS_WORK = 1n << 27n;

const NONCES = 2 ** 32;

/** The first nonce that makes the genesis block meet its own bits, undefined when there is none. */
export function findGenesisNonce(params: ConsensusParams): number | undefined {
  const { header } = buildCairnGenesis(params, 0);
  const target = targetOf(header.bits, 1n << 256n);
  if (target === undefined) return undefined;
  const bytes = encodeHeader(header);
  const view = new DataView(bytes.buffer);
  for (let nonce = 0; nonce < NONCES; nonce++) {
    view.setUint32(76, nonce, true);
    const hash = hash256(bytes);
    // The last byte is the most significant: nearly every hash is out without a bigint.
    if (hash[31] === 0 || target >> 248n !== 0n) if (hashToNumber(hash) <= target) return nonce;
  }
  return undefined;
}

function consensusOf(o: NewNetworkOptions): ConsensusParams {
  const spacing = o.spacing ?? 15;
  const limitBits = o.limitBits ?? 0x1e7fffff;
  const startBits = o.startBits ?? limitBits;
  return {
    rules: 'cairn',
    engine: 'pow',
    pow: {
      algo: o.algo ?? 'asert',
      limitBits,
      startBits,
      spacing,
      interval: o.interval ?? 2016,
      allowMinDifficulty: false,
      noRetarget: false,
      bip94: false,
      halfLife: defaultHalfLife(spacing),
      clamp: defaultClamp(spacing),
    },
    subsidy: { initial: o.subsidy ?? '5000000000', halvingInterval: o.halvingInterval ?? 210_000 },
    coinbaseMaturity: o.coinbaseMaturity ?? 100,
    maxFutureSeconds: defaultMaxFuture(spacing),
    heights: { bip34: 1, bip65: 1, bip66: 1, csv: 1, segwit: 0, taproot: 0 },
    commitments: 'off',
    bip54: o.bip54 ?? true,
    genesis: { time: o.genesisTime, bits: startBits, version: 0x20000000, allocations: o.allocations ?? [] },
  };
}

/**
 * Makes the definition of a new cairn network, ready to be written as JSON, with its genesis nonce found and its hash
 * filled in. Takes as long as mining one block of `startBits`. Throws NetworkFileError naming field, value and rule.
 */
export function createNetworkDefinition(options: NewNetworkOptions): NetworkDefinition {
  if (BUILT_IN_DEFINITIONS.some((d) => d.name === options.name))
    throw new NetworkFileError([`name: "${options.name}" is the name of a built-in network`]);
  const consensus = consensusOf(options);
  const draft: NetworkDefinition = {
    name: options.name,
    chain: 'regtest',
    consensus,
    genesis: { nonce: 0 },
    prefixes: REGTEST_PREFIXES,
    ports: { ...DEFAULT_PORTS, ...options.ports },
    seeds: options.seeds ?? [],
    development: options.development ?? true,
    offline: false,
  };
  const checked = parseDefinition(draft);
  const work = workOf(consensus.pow.startBits);
  if (work > MAX_GENESIS_WORK)
    throw new NetworkFileError([
      `startBits: 0x${consensus.pow.startBits.toString(16)} needs about ${work} hashes, at most ${MAX_GENESIS_WORK} for a genesis block`,
    ]);
  const nonce = findGenesisNonce(consensus);
  if (nonce === undefined)
    throw new NetworkFileError([`genesisTime: no nonce solves time ${options.genesisTime}, choose another second`]);
  return { ...checked, genesis: { nonce, hash: buildCairnGenesis(consensus, nonce).header.id } };
}
