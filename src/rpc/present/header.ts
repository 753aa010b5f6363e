import { decodeCompact, difficultyOf } from '../../primitives/compact.ts';
import { displayHash } from '../../primitives/hash.ts';
import type { HeaderInfo, HeadersBackend } from '../backend.ts';
import type { JsonObject } from '../json.ts';
import { r } from '../spec.ts';

/** 32-bit number as eight hex digits. */
export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** 256-bit number as 64 hex digits. */
export function hex256(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

/** The target of compact bits, 64 hex digits. */
export function targetHex(bits: number): string {
  return hex256(decodeCompact(bits).target);
}

/** True when the entry is on the active chain. */
export function isActive(headers: HeadersBackend, entry: HeaderInfo): boolean {
  return headers.atHeight(entry.height)?.header.key === entry.header.key;
}

/** 1 for the tip and counting downwards; -1 off the active chain. */
export function confirmationsOf(headers: HeadersBackend, entry: HeaderInfo): number {
  return isActive(headers, entry) ? headers.tip().height - entry.height + 1 : -1;
}

/** What getblockheader and getblock say of a header. */
export function headerJson(headers: HeadersBackend, entry: HeaderInfo): JsonObject {
  const h = entry.header;
  const active = isActive(headers, entry);
  const next = active ? headers.atHeight(entry.height + 1) : undefined;
  return {
    hash: h.id,
    confirmations: confirmationsOf(headers, entry),
    height: entry.height,
    version: h.version,
    versionHex: hex32(h.version),
    merkleroot: displayHash(h.merkleRoot),
    time: h.time,
    mediantime: entry.medianTime,
    nonce: h.nonce,
    bits: hex32(h.bits),
    target: targetHex(h.bits),
    difficulty: difficultyOf(h.bits),
    chainwork: hex256(entry.chainWork),
    nTx: entry.txCount,
    previousblockhash: entry.height > 0 ? displayHash(h.prevHash) : undefined,
    nextblockhash: next?.header.id,
  };
}

export const headerShape = [
  r.hex('hash', 'the block hash (same as provided)'),
  r.num('confirmations', 'The number of confirmations, or -1 if the block is not on the main chain'),
  r.num('height', 'The block height or index'),
  r.num('version', 'The block version'),
  r.hex('versionHex', 'The block version formatted in hexadecimal'),
  r.hex('merkleroot', 'The merkle root'),
  r.time('time', 'The block time, Unix seconds'),
  r.time('mediantime', 'The median time of the last eleven blocks, Unix seconds'),
  r.num('nonce', 'The nonce'),
  r.hex('bits', 'nBits: compact representation of the block difficulty target'),
  r.hex('target', 'The difficulty target'),
  r.num('difficulty', 'The difficulty'),
  r.hex('chainwork', 'Expected number of hashes required to produce the chain up to this block (in hex)'),
  r.num('nTx', 'The number of transactions in the block; 0 while the node has not had its body'),
  r.opt(r.hex('previousblockhash', 'The hash of the previous block')),
  r.opt(r.hex('nextblockhash', 'The hash of the next block')),
];
