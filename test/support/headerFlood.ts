import { performance } from 'node:perf_hooks';
import { targetBytes } from '../../src/miner/inlineSearch.ts';
import { jsKernel } from '../../src/miner/powKernel.ts';
import { decodeCompact, hashToNumber } from '../../src/primitives/compact.ts';
import { BlockHeader, encodeHeader, type SealedHeader } from '../../src/primitives/header.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import type { TestNode } from './nodeProcess.ts';

let salt = 0;

function root(): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, ++salt);
  return bytes;
}

/** `count` headers on `parent`, `seconds` apart, with proof of work for `bits`, bodies unknown. For easy targets only. */
export function headersOn(parent: BlockHeader, count: number, bits: number, seconds: number): SealedHeader[] {
  const target = targetBytes(decodeCompact(bits).target);
  const out: SealedHeader[] = [];
  for (let i = 0, at = parent; i < count; i++) {
    const fields = { version: 0x20000000, prevHash: at.hash, merkleRoot: root(), time: at.time + seconds, bits };
    const nonce = jsKernel(encodeHeader({ ...fields, nonce: 0 }), target).find(0, 2 ** 20);
    if (nonce === undefined) throw new Error('too hard a target for a flood');
    at = new BlockHeader({ ...fields, nonce });
    out.push({ header: at, seal: EMPTY });
  }
  return out;
}

/** `count` headers on `parent`, none of which is a proof for `bits`. */
export function unprovenOn(parent: BlockHeader, count: number, bits: number): SealedHeader[] {
  const { target } = decodeCompact(bits);
  const out: SealedHeader[] = [];
  for (let at = parent; out.length < count; ) {
    const fields = { version: 0x20000000, prevHash: at.hash, merkleRoot: root(), time: at.time + 1, bits, nonce: 0 };
    const header = new BlockHeader(fields);
    if (hashToNumber(header.hash) <= target) continue;
    out.push({ header, seal: EMPTY });
    at = header;
  }
  return out;
}

/** A header on a parent that nobody knows, without proof. */
export function orphanHeader(bits: number): SealedHeader {
  const header = new BlockHeader({
    ...{ version: 0x20000000, prevHash: root(), merkleRoot: root(), bits, nonce: 0 },
    time: Math.floor(Date.now() / 1000),
  });
  return { header, seal: EMPTY };
}

/** Calls a cheap method over and over until `stop`, which returns the longest that an answer took, in ms. */
export function watchAnswers(node: TestNode): { stop(): Promise<number> } {
  let running = true;
  let longest = 0;
  const loop = (async () => {
    while (running) {
      const started = performance.now();
      await node.rpc('getblockcount');
      longest = Math.max(longest, performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    async stop() {
      running = false;
      await loop;
      return longest;
    },
  };
}
