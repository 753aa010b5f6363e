import type { AddressPrefixes } from '../primitives/address.ts';
import type { Block } from '../primitives/block.ts';
import type { Hash256 } from '../primitives/hash.ts';

export type { AddressPrefixes };

/**
 * Every parameter of the rules. On `rules: "cairn"` networks the canonical JSON of this object is committed to by the
 * genesis block (protocol §1.1), so it holds only strings, booleans, safe integers and nested objects; amounts are
 * decimal strings of satoshi; targets are compact bits.
 */
export interface ConsensusParams {
  readonly rules: 'bitcoin' | 'cairn';
  readonly engine: 'pow';
  readonly pow: {
    /** bitcoin: retarget every `interval` blocks; asert: aserti3-2d with clamped, saturating clock (protocol G.1). */
    readonly algo: 'bitcoin' | 'asert';
    /** Easiest target, compact. */
    readonly limitBits: number;
    /** Bits of block 1 (asert). */
    readonly startBits: number;
    /** Seconds between blocks. */
    readonly spacing: number;
    /** Blocks between retargets (bitcoin). */
    readonly interval: number;
    /** Bitcoin test networks: a block 2 · spacing after its parent may use the limit. */
    readonly allowMinDifficulty: boolean;
    /** Bitcoin regtest: bits never change. */
    readonly noRetarget: boolean;
    /** BIP94 (testnet4): retarget from the first block of the period, 600 s timewarp rule. */
    readonly bip94: boolean;
    /** Seconds (asert). */
    readonly halfLife: number;
    /** Seconds; the clock moves at most this much per block (asert). */
    readonly clamp: number;
  };
  readonly subsidy: { readonly initial: string; readonly halvingInterval: number };
  readonly coinbaseMaturity: number;
  /** Seconds a header's time may lie ahead of the clock. */
  readonly maxFutureSeconds: number;
  /** Heights from which rules hold. Scripts follow BIP16, BIP141 and BIP341 from the start: taproot is told, not asked. */
  readonly heights: {
    readonly bip34: number;
    readonly bip65: number;
    readonly bip66: number;
    readonly csv: number;
    readonly segwit: number;
    readonly taproot: number;
  };
  readonly commitments: 'off' | 'required';
  /** BIP54, the consensus cleanup: edges of retarget periods, 64-byte transactions, coinbase fields, legacy sigops. */
  readonly bip54: boolean;
  /** Blocks of a chain with a past that the rules name. Absent: none. */
  readonly exceptions?: Exceptions;
  /** Cairn networks: what the genesis block is made of. Absent on Bitcoin's networks, whose genesis is given whole. */
  readonly genesis?: {
    readonly time: number;
    readonly bits: number;
    readonly version: number;
    /** Outputs of the genesis coinbase that enter the coin set: spendable at once, they are no coinbase coins. */
    readonly allocations: readonly { readonly script: string; readonly amount: string }[];
  };
}

/** Script rules that hold from the first block on, before any exception. */
export type EarlyScriptFlag = 'P2SH' | 'WITNESS' | 'TAPROOT';

/** Blocks that stand although they break a rule made after them. Hashes as displayed. */
export interface Exceptions {
  /** Blocks whose scripts run with these flags in place of P2SH, WITNESS and TAPROOT. */
  readonly scriptFlags: readonly { readonly block: string; readonly flags: readonly EarlyScriptFlag[] }[];
  /** Blocks whose coinbase repeats an unspent earlier one, whose coins it replaces (BIP30). */
  readonly bip30Repeats: readonly { readonly height: number; readonly block: string }[];
  /**
   * The block at heights.bip34 whose descendants are known to repeat no transaction id below height `bip30From`. Without
   * it, and with BIP34 later than block 1, every block is looked at.
   */
  readonly bip34?: { readonly block: string; readonly bip30From: number };
}

/**
 * The coins after a block, known by their hash: a snapshot of them may be loaded and used before its past is validated
 * (Bitcoin Core's assumeutxo). Hashes as displayed.
 */
export interface AssumedCoins {
  readonly height: number;
  readonly block: string;
  /** hash_serialized_3 of gettxoutsetinfo. */
  readonly hash: string;
  /** Transactions of the chain up to the block, all included. */
  readonly chainTx: number;
}

/** A network: rules, genesis and everything a node needs to know to be on it. */
export interface Network {
  /** Our own name of it, for people and files: "regtest", "cairn-devnet". */
  readonly name: string;
  /** What getblockchaininfo reports as `chain`: tools know only these. */
  readonly chain: 'main' | 'test' | 'signet' | 'regtest';
  readonly consensus: ConsensusParams;
  readonly genesis: Block;
  /** Genesis block hash, internal byte order. */
  readonly chainId: Hash256;
  /** First 16 hex digits of the chainId as displayed: part of every protocol id. */
  readonly id16: string;
  /** 4 bytes that frame blocks in files. */
  readonly magic: Uint8Array;
  readonly prefixes: AddressPrefixes;
  readonly ports: { readonly p2p: number; readonly ws: number; readonly rpc: number; readonly ops: number };
  /** Multiaddrs. */
  readonly seeds: readonly string[];
  /** A development network: LAN addresses allowed, generate RPCs on, two light peers suffice. */
  readonly development: boolean;
  /** A network that has no peers (bitcoin-main): verification of files only. */
  readonly offline: boolean;
  /** A block whose ancestors' scripts the network vouches for; undefined: none. */
  readonly assumeValid: Hash256 | undefined;
  /** No chain with less work is the network's, expected hashes. */
  readonly minChainWork: bigint;
  /** Snapshots of coins that the network vouches for. */
  readonly assumeUtxo: readonly AssumedCoins[];
}
