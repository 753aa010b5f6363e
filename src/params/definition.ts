import { hash256 } from '../crypto/hash.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import { hashToNumber, targetOf } from '../primitives/compact.ts';
import { displayHash, parseHash } from '../primitives/hash.ts';
import { txMerkleRoot } from '../primitives/merkle.ts';
import { equalBytes } from '../util/bytes.ts';
import { DecodeError } from '../util/codec.ts';
import { fromHex } from '../util/hex.ts';
import { buildCairnGenesis } from './genesis.ts';
import type { AddressPrefixes, AssumedCoins, ConsensusParams, Network } from './network.ts';

/** A network as its file says it: plain JSON values. `networkOf` turns it into a Network. */
export interface NetworkDefinition {
  readonly name: string;
  readonly chain: Network['chain'];
  readonly consensus: ConsensusParams;
  /** Cairn networks: the nonce that the parameters leave open. Bitcoin's: the whole block in hex. `hash` is checked. */
  readonly genesis: { readonly nonce?: number; readonly block?: string; readonly hash?: string };
  /** Bitcoin's networks only: 4 bytes in hex. Cairn networks derive theirs from the chain id. */
  readonly magic?: string;
  readonly prefixes: AddressPrefixes;
  readonly ports: Network['ports'];
  readonly seeds: readonly string[];
  readonly development: boolean;
  readonly offline: boolean;
  /** A block as displayed, and work in hex. Absent: none. */
  readonly assumeValid?: string;
  readonly minChainWork?: string;
  /** Absent: none. */
  readonly assumeUtxo?: readonly AssumedCoins[];
}

/** What is wrong with a network file: each problem names the field, its value and the rule. Our operator's fault, so thrown. */
export class NetworkFileError extends Error {
  override readonly name = 'NetworkFileError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`network file: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

function refuse(problem: string): never {
  throw new NetworkFileError([problem]);
}

function bitcoinGenesis(hex: string): Block {
  try {
    return decodeBlock(fromHex(hex));
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError)
      return refuse(`genesis.block: not a block (${error.message})`);
    throw error;
  }
}

function genesisBlock(def: NetworkDefinition): Block {
  if (def.consensus.rules === 'cairn') {
    if (def.genesis.nonce === undefined) return refuse('genesis.nonce: missing, rule "cairn" networks give it');
    return buildCairnGenesis(def.consensus, def.genesis.nonce);
  }
  if (def.genesis.block === undefined) return refuse('genesis.block: missing, rule "bitcoin" networks give it in hex');
  return bitcoinGenesis(def.genesis.block);
}

function checkGenesis(def: NetworkDefinition, genesis: Block): void {
  const { header } = genesis;
  if (def.genesis.hash !== undefined && def.genesis.hash !== header.id)
    refuse(`genesis.hash: ${def.genesis.hash} is given but the genesis block hashes to ${header.id}`);
  if (!equalBytes(txMerkleRoot(genesis.txs).root, header.merkleRoot))
    refuse(`genesis.block: merkle root ${displayHash(header.merkleRoot)} does not match its transactions`);
  const limit = targetOf(def.consensus.pow.limitBits, 1n << 256n);
  const target = limit === undefined ? undefined : targetOf(header.bits, limit);
  if (target === undefined || hashToNumber(header.hash) > target)
    refuse(`genesis: hash ${header.id} does not meet bits ${header.bits.toString(16)}`);
}

/** Bitcoin's own magic where the definition gives it, else the first 4 bytes of SHA256d(chainId) (protocol §1.1). */
function fileMagic(def: NetworkDefinition, chainId: Uint8Array): Uint8Array {
  return def.magic === undefined ? hash256(chainId).slice(0, 4) : fromHex(def.magic);
}

/** Builds the network and checks its genesis block. Throws NetworkFileError. */
export function networkOf(def: NetworkDefinition): Network {
  const genesis = genesisBlock(def);
  checkGenesis(def, genesis);
  const chainId = genesis.header.hash;
  return {
    name: def.name,
    chain: def.chain,
    consensus: def.consensus,
    genesis,
    chainId,
    id16: genesis.header.id.slice(0, 16),
    magic: fileMagic(def, chainId),
    prefixes: def.prefixes,
    ports: def.ports,
    seeds: def.seeds,
    development: def.development,
    offline: def.offline,
    assumeValid: def.assumeValid === undefined ? undefined : parseHash(def.assumeValid),
    minChainWork: BigInt(`0x${def.minChainWork ?? '0'}`),
    assumeUtxo: def.assumeUtxo ?? [],
  };
}
