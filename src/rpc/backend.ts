import type { Network } from '../params/network.ts';
import type { Block } from '../primitives/block.ts';
import type { Hash256 } from '../primitives/hash.ts';
import type { BlockHeader, SealedHeader } from '../primitives/header.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import type { MerkleBlock } from '../primitives/partialMerkle.ts';
import type { Check } from '../primitives/rules.ts';
import type { Tx, TxOut } from '../primitives/tx.ts';
import type { Clock, Timers } from '../util/ports.ts';

/**
 * What JSON-RPC needs of a node: small groups of functions. The first three every node has; a role that lacks one of the
 * others does not offer the methods that need it (they answer -32601 and `help` does not list them, as Bitcoin Core built
 * without a wallet does). The interfaces are shaped so that `chain`, `mempool` and `net` objects mostly fit as they are.
 */
export interface Backend {
  readonly node: NodeBackend;
  readonly headers: HeadersBackend;
  readonly scripts: ScriptBackend;
  readonly blocks?: BlocksBackend;
  readonly coinSet?: CoinSetBackend;
  readonly mempool?: MempoolBackend;
  readonly transactions?: TransactionBackend;
  readonly proofs?: ProofBackend;
  readonly mining?: MiningBackend;
  readonly peers?: PeersBackend;
  readonly light?: LightBackend;
  readonly development?: DevelopmentBackend;
}

/** How far the node has caught up. */
export interface SyncInfo {
  /** For people: "starting", "headers", "blocks", "synced", "stalled". */
  readonly phase: string;
  /** Height of the best header and of the active tip. */
  readonly headers: number;
  readonly blocks: number;
  /** Blocks (light nodes: headers) per second, lately. */
  readonly rate: number;
  /** Seconds until caught up, undefined when unknown. */
  readonly eta: number | undefined;
  /** Why nothing moves, undefined while it does. */
  readonly stalledReason: string | undefined;
  /** True until the node has once been near the best known tip. */
  readonly initialDownload: boolean;
}

export interface NodeBackend {
  readonly network: Network;
  /** For people: "full", "miner", "light"; what the node can do is told by the groups of the backend. */
  readonly role: string;
  /** "/Cairn:0.1.0/": sent to peers and shown as subversion. */
  readonly userAgent: string;
  /** Version of our protocol between nodes. */
  readonly protocolVersion: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Clock.monotonicMs() when the node started. */
  readonly startedMonotonicMs: number;
  /** Path of the log file, '' when there is none. */
  readonly logPath: string;
  /** Bytes of memory the process uses, and of them JavaScript heap. */
  memory(): { readonly total: number; readonly used: number };
  warnings(): readonly string[];
  sync(): SyncInfo;
  /** Begins an orderly stop and returns at once. */
  stop(): void;
}

/** A header in the tree (a HeaderEntry of `chain` fits). */
export interface HeaderInfo extends SealedHeader {
  readonly header: BlockHeader;
  readonly height: number;
  readonly chainWork: bigint;
  /** Median time past of the branch ending here, Unix seconds. */
  readonly medianTime: number;
  readonly status: 'header' | 'stored' | 'valid' | 'invalid' | 'invalid-ancestor';
  readonly hasBody: boolean;
  /** 0 while unknown. */
  readonly txCount: number;
}

export interface HeadersBackend {
  /** Tip of the active chain; on a node without bodies the best header. */
  tip(): HeaderInfo;
  bestHeader(): HeaderInfo;
  /** Entry of the active chain, undefined above the tip. */
  atHeight(height: number): HeaderInfo | undefined;
  entry(hash: Hash256): HeaderInfo | undefined;
  /** Entries without children. */
  tips(): readonly HeaderInfo[];
  /** Compact bits that a block on the tip must carry if its time is `time` (Unix seconds). */
  nextBits(time: number): number;
  /** Transactions of the chain up to the entry, its own included; undefined while not all of them are known. */
  chainTx(entry: HeaderInfo): number | undefined;
  /** Judges and adds a header. */
  acceptHeader(header: SealedHeader): Promise<Check<unknown>>;
  /** Calls `listener` after the tip moved; the returned function ends it. */
  onTip(listener: () => void): () => void;
}

/** An unspent or spent output (a Coin of `ledger` fits). */
export interface CoinInfo {
  readonly out: TxOut;
  readonly height: number;
  readonly coinbase: boolean;
}

export interface BlocksBackend {
  /** The body, undefined when the node does not have it. */
  readBlock(hash: Hash256): Promise<Block | undefined>;
  /** Coins that the block spent, without those made inside it; undefined when there is no undo record. */
  spentCoins(hash: Hash256): Promise<readonly { readonly outpoint: OutPoint; readonly coin: CoinInfo }[] | undefined>;
  /** Coins at the tip, in the order asked. */
  coins(outpoints: readonly OutPoint[]): Promise<readonly (CoinInfo | undefined)[]>;
  /** Whether there is an index of transactions. */
  readonly txIndex: boolean;
  /** How far each index is. */
  indexes(): readonly { readonly name: string; readonly synced: boolean; readonly bestHeight: number }[];
  /** Header of the active block that holds the transaction, undefined without index or transaction. */
  findTx(txid: Hash256): Promise<HeaderInfo | undefined>;
  /** Bytes of blocks and undo data on disk. */
  sizeOnDisk(): Promise<number>;
  /** Takes a block as if a peer had sent it, and relays it when it is good. */
  submitBlock(block: Block): Promise<Check<{ readonly result: 'connected' | 'stored' | 'known' }>>;
  /** How old blocks are deleted; undefined on a node that keeps all. */
  readonly pruning: PruningBackend | undefined;
  /** Fingerprint of all coins at `tip`, for comparing nodes; reads every coin. */
  ledgerHash(): Promise<{ readonly tip: HeaderInfo; readonly hash: Hash256; readonly coins: number }>;
}

export type CoinSetHashName = 'hash_serialized_3' | 'muhash' | 'none';

/** What a walk over all coins found. */
export interface CoinSetInfo {
  /** The block after which the coins are these. */
  readonly tip: HeaderInfo;
  readonly coins: number;
  readonly transactions: number;
  readonly bogoSize: number;
  /** Satoshi. */
  readonly totalAmount: bigint;
  /** Undefined for "none". */
  readonly hash: Hash256 | undefined;
  /** Bytes of the coins' records, before the database compresses them. */
  readonly diskSize: number;
}

/** A snapshot of all coins that was written. */
export interface CoinDump {
  readonly path: string;
  readonly base: HeaderInfo;
  readonly coins: number;
  /** hash_serialized_3 of them. */
  readonly hash: Hash256;
  /** Transactions of the chain up to the base. */
  readonly chainTx: number;
}

/** Why no snapshot was written. too-far: more coins changed since than can be undone; stopping: the node stops. */
export type DumpRefusal = 'exists' | 'cannot-open' | 'not-active' | 'pruned' | 'too-far' | 'stopping';

export interface ChainStateInfo {
  readonly tip: HeaderInfo;
  /** Base of the snapshot that its coins began with. */
  readonly snapshot: Hash256 | undefined;
  readonly validated: boolean;
  /** Bytes of memory for its coins, in the database and before it. */
  readonly dbCacheBytes: number;
  readonly tipCacheBytes: number;
}

/** Walks over all coins, each at one tip while blocks go on connecting. */
export interface CoinSetBackend {
  /** Undefined when the node stops meanwhile, or `gone` says that nobody waits for it any more. */
  summarize(hash: CoinSetHashName, gone: () => boolean): Promise<CoinSetInfo | undefined>;
  /**
   * Writes the coins after block `base` (default: the tip) to a file in Bitcoin Core's format; it appears under its name
   * when it is complete. A relative path starts at the data directory; the answer's is absolute.
   */
  dump(
    path: string,
    base?: HeaderInfo,
  ): Promise<
    | { readonly ok: true; readonly value: CoinDump }
    | { readonly ok: false; readonly reason: DumpRefusal; readonly path: string }
  >;
  /**
   * Makes the coins of such a file the chain's, when their hash is one that network or operator vouch for; the blocks below
   * are validated afterwards. `detail` is for people.
   */
  load(path: string): Promise<
    | {
        readonly ok: true;
        readonly value: { readonly path: string; readonly base: HeaderInfo; readonly coins: number };
      }
    | {
        readonly ok: false;
        readonly reason: 'cannot-open' | 'malformed' | 'refused' | 'stopping';
        readonly path: string;
        readonly detail: string;
      }
  >;
  /** The chains that are being connected, the active one last: beside it the past of a loaded snapshot. */
  chainStates(): readonly ChainStateInfo[];
}

export interface PruningBackend {
  /** Bytes that blocks and undo data may take; undefined: old ones are deleted only when `prune` is called. */
  readonly targetBytes: number | undefined;
  /** Height from which on every block of the active chain is there. */
  lowest(): number;
  /** Deletes files whose blocks are all at most `height` high, and 288 below the tip. */
  prune(height: number): Promise<void>;
}

/** A transaction in the pool (a PoolEntry of `mempool` fits). */
export interface PoolEntryInfo {
  readonly tx: Tx;
  readonly fee: bigint;
  readonly timeMs: number;
  readonly height: number;
  readonly sequence: number;
}

export interface MempoolBackend {
  get(txid: Hash256): PoolEntryInfo | undefined;
  /** Pool transaction that spends the output. */
  spender(outpoint: OutPoint): PoolEntryInfo | undefined;
  entries(): readonly PoolEntryInfo[];
  /** Without the entry itself. */
  ancestors(entry: PoolEntryInfo): readonly PoolEntryInfo[];
  descendants(entry: PoolEntryInfo): readonly PoolEntryInfo[];
  readonly size: number;
  readonly vbytes: number;
  readonly memory: number;
  readonly maxMemory: number;
  /** Satoshi per 1000 vbytes. */
  readonly minRelayFeeRate: bigint;
  readonly minFeeRate: bigint;
  /** What getmempoolinfo tells of the pool's policy; rates in satoshi per 1000 vbytes. */
  readonly policy: {
    readonly incrementalFeeRate: bigint;
    readonly fullRbf: boolean;
    readonly permitBareMultisig: boolean;
    readonly maxDataCarrierBytes: number;
    readonly maxClusterCount: number;
    readonly maxClusterVbytes: number;
  };
  /** Number of additions and removals so far, at least 1. */
  changes(): number;
  /** True while no peer has asked for the transaction we announced. */
  isUnbroadcast(txid: Hash256): boolean;
  /** Judges without adding. A rate above maxFeeRate (satoshi per 1000 vbytes, 0 = no limit) breaks 'max-fee-exceeded'. */
  test(tx: Tx, maxFeeRate: bigint): Promise<Check<PoolEntryInfo>>;
}

export interface TransactionBackend {
  /**
   * Full node: admits to the pool and announces; one that is in the pool already is announced again and passes. Light node:
   * hands it to peers and returns their verdict. maxFeeRate as in MempoolBackend.test.
   */
  submitTx(tx: Tx, maxFeeRate: bigint): Promise<Check<unknown>>;
}

export type ProofRefusal = 'block-unknown' | 'body-missing' | 'not-in-block' | 'not-all-in-block' | 'no-peer';

/** Full nodes make proofs of their blocks; light nodes get them from peers and verify them first. */
export interface ProofBackend {
  /**
   * That the transactions are in `block`, or in whichever active block holds the first of them. `detail` is for people.
   */
  prove(
    txids: readonly Hash256[],
    block: Hash256 | undefined,
  ): Promise<
    | { readonly ok: true; readonly proof: MerkleBlock }
    | { readonly ok: false; readonly reason: ProofRefusal; readonly detail?: string }
  >;
}

export interface MiningBackend {
  /** Mines `count` blocks to the output script, each on the tip, and hands them to the chain. Development networks only. */
  generate(count: number, script: Uint8Array, maxTries: number): Promise<readonly Hash256[]>;
  /** Whether a producer runs here, its hashes per second, and its newest template. */
  status(): {
    readonly running: boolean;
    readonly hashRate: number;
    readonly template: { readonly weight: number; readonly txs: number } | undefined;
  };
  /** Satoshi per 1000 vbytes below which templates take nothing. */
  readonly minFeeRate: bigint;
}

/** A connected peer (a PeerInfo of `net` fits). */
export interface PeerEntry {
  readonly key: string;
  readonly id: number;
  readonly address: string;
  readonly localAddress: string | undefined;
  readonly inbound: boolean;
  readonly hello: {
    readonly role: string;
    readonly services: number;
    readonly userAgent: string;
    readonly height: number;
    readonly maxVersion: number;
  };
  readonly connectedMs: number;
  readonly lastSendMs: number;
  readonly lastRecvMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly pingMs: number | undefined;
  readonly minPingMs: number | undefined;
  readonly score: number;
  readonly manual: boolean;
  readonly clockOffsetMs: number;
}

/** `Network` of `net` fits as it is, apart from `services`. */
export interface PeersBackend {
  /** Own peer id. */
  readonly key: string;
  /** Own service bits. */
  readonly services: number;
  /** Names of service bits. */
  serviceNames(services: number): readonly string[];
  addresses(): readonly string[];
  peers(): readonly PeerEntry[];
  totals(): { readonly bytesSent: number; readonly bytesReceived: number };
  /** Dials once; throws with the reason. */
  connect(address: string): Promise<unknown>;
  addManual(address: string): void;
  removeManual(address: string): boolean;
  manual(): readonly { readonly address: string; readonly connected: boolean }[];
  disconnect(peer: string, reason: string): Promise<boolean>;
  ban(target: string, seconds: number, reason: string): Promise<void>;
  unban(target: string): Promise<boolean>;
  bans(): readonly {
    readonly target: string;
    readonly createdMs: number;
    readonly untilMs: number;
    readonly reason: string;
  }[];
}

/** What only a light node can tell. */
export interface LightBackend {
  info(): {
    /** Peers that serve light nodes, how many of them have our best header, and how many should. */
    readonly servers: number;
    readonly agreeing: number;
    readonly wanted: number;
    /** Unix milliseconds of the newest header we accepted, undefined before the first. */
    readonly lastHeaderMs: number | undefined;
  };
}

/** Knobs for tests of people's software; absent on networks that are not for development. */
export interface DevelopmentBackend {
  /** Fixes the node's clock at Unix `seconds`; 0 lets it run again. */
  setMockTime(seconds: number): void;
}

/** How an output script looks to people. */
export interface ScriptInfo {
  readonly asm: string;
  /** Descriptor with checksum, as Bitcoin Core infers it. */
  readonly desc: string;
  /** "pubkeyhash", "witness_v0_keyhash", "nulldata", "nonstandard"… */
  readonly type: string;
  readonly address: string | undefined;
}

export interface ScriptBackend {
  describe(scriptPubKey: Uint8Array): ScriptInfo;
  /** Disassembly; with `signatures` the hash type of each signature is shown as [ALL] (scriptSig). */
  asm(script: Uint8Array, signatures: boolean): string;
  /** Whether it looks like a script of a real transaction: opcodes that exist, whole pushes, not too long. */
  looksLikeScript(script: Uint8Array): boolean;
  /**
   * Addresses that wrap the script, where wrapping makes sense: P2SH, and the P2WSH/P2WPKH form with its own P2SH and the
   * descriptor that follows from the script inside.
   */
  wrappings(script: Uint8Array): {
    readonly p2sh: string | undefined;
    readonly segwit: { readonly script: Uint8Array; readonly desc: string; readonly p2sh: string } | undefined;
  };
}
