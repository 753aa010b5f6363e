import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { Block, decodeBlock, encodeSealedBlock } from '../../src/primitives/block.ts';
import { BlockHeader, type SealedHeader } from '../../src/primitives/header.ts';
import { buildPartialMerkleTree } from '../../src/primitives/partialMerkle.ts';
import { Tx } from '../../src/primitives/tx.ts';
import { DecodeError } from '../../src/util/codec.ts';
import {
  blockAnswer,
  decodeBlockAnswer,
  decodeBlockRequest,
  encodeBlockRequest,
} from '../../src/wire/messages/block.ts';
import { encodeSealedHeader, readGossipBlock, readGossipHeader, readGossipTx } from '../../src/wire/messages/gossip.ts';
import {
  decodeHeaders,
  decodeHeadersRequest,
  encodeHeaders,
  encodeHeadersRequest,
  headersThatFit,
  mayBeCut,
} from '../../src/wire/messages/headers.ts';
import { decodeMempool, encodeMempool } from '../../src/wire/messages/mempool.ts';
import { decodeSendTxRequest, decodeSendTxResult, encodeSendTxResult } from '../../src/wire/messages/sendTx.ts';
import { decodeStatus, encodeStatus } from '../../src/wire/messages/status.ts';
import { decodeTip, decodeTipRequest, encodeTip, encodeTipRequest } from '../../src/wire/messages/tip.ts';
import {
  decodeTxProof,
  decodeTxProofRequest,
  encodeTxProof,
  encodeTxProofRequest,
} from '../../src/wire/messages/txProof.ts';
import { decodeTxs, decodeTxsRequest, encodeTxs, encodeTxsRequest } from '../../src/wire/messages/txs.ts';

const hash32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const u32 = fc.nat(0xffffffff);

function tx(witnessBytes = 0, scriptBytes = 5): Tx {
  return new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: new Uint8Array(32).fill(7), index: 1 },
        scriptSig: new Uint8Array(scriptBytes),
        sequence: 0xffffffff,
        witness: witnessBytes > 0 ? [new Uint8Array(witnessBytes).fill(1)] : [],
      },
    ],
    outputs: [{ value: 5n, scriptPubKey: new Uint8Array([0x51]) }],
    lockTime: 9,
  });
}

function chainOf(count: number, sealBytes = 0): SealedHeader[] {
  const headers: SealedHeader[] = [];
  let prevHash: Uint8Array = new Uint8Array(32).fill(1);
  for (let i = 0; i < count; i++) {
    const header = new BlockHeader({
      version: i % 2 === 0 ? 0x20000000 : -1,
      prevHash,
      merkleRoot: new Uint8Array(32).fill(i),
      time: 1_700_000_000 + i,
      bits: 0x207fffff,
      nonce: 0xfffffff0 + (i % 16),
    });
    headers.push({ header, seal: new Uint8Array(sealBytes).fill(i) });
    prevHash = header.hash;
  }
  return headers;
}

const ids = (headers: readonly SealedHeader[]): string[] => headers.map((h) => h.header.id);

describe('wire messages', () => {
  it('TIP: 108 bytes, work little-endian, every field survives', () => {
    const bytes = encodeTip({
      height: 1,
      hash: new Uint8Array(32).fill(2),
      chainWork: 0x0102n,
      finalizedEpoch: 0,
      finalizedHash: new Uint8Array(32),
      services: 7,
    });
    assert.equal(bytes.length, 108);
    assert.deepEqual([...bytes.subarray(36, 39)], [2, 1, 0]);
    fc.assert(
      fc.property(
        u32,
        hash32,
        fc.bigInt(0n, (1n << 256n) - 1n),
        u32,
        hash32,
        u32,
        (height, hash, work, epoch, fin, s) => {
          const tip = {
            height,
            hash,
            chainWork: work,
            finalizedEpoch: epoch,
            finalizedHash: fin,
            services: s,
          };
          assert.deepEqual(decodeTip(encodeTip(tip)), tip);
          assert.deepEqual(decodeTipRequest(encodeTipRequest(tip)), tip);
        },
      ),
    );
    assert.equal(decodeTipRequest(new Uint8Array(0)), undefined);
    assert.throws(() => decodeTip(bytes.subarray(1)), DecodeError);
  });

  it('HEADERS request: round trip; a locator above 101 hashes, max 0 or above 2000 and unknown flags are refused', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(hash32, { maxLength: 101 }),
        fc.option(hash32),
        fc.integer({ min: 1, max: 2000 }),
        (seals, locator, stop, max) => {
          fc.pre(stop === null || stop.some((b) => b !== 0));
          const request = { seals, locator, stop: stop ?? undefined, max };
          assert.deepEqual(decodeHeadersRequest(encodeHeadersRequest(request)), request);
        },
      ),
      { numRuns: 50 },
    );
    const locator = Array.from({ length: 102 }, () => new Uint8Array(32));
    const base = { seals: false, locator: [], stop: undefined, max: 2000 };
    assert.throws(() => decodeHeadersRequest(encodeHeadersRequest({ ...base, locator })), DecodeError);
    assert.throws(() => decodeHeadersRequest(encodeHeadersRequest({ ...base, max: 0 })), DecodeError);
    assert.throws(() => decodeHeadersRequest(encodeHeadersRequest({ ...base, max: 2001 })), DecodeError);
    const flags = encodeHeadersRequest(base);
    flags[0] = 2;
    assert.throws(() => decodeHeadersRequest(flags), DecodeError);
  });

  it('HEADERS: the first takes 80 bytes, each following 48, a seal one more when empty', () => {
    const headers = chainOf(10);
    assert.equal(encodeHeaders(headers, false).length, 1 + 80 + 9 * 48);
    assert.equal(encodeHeaders(headers, true).length, 1 + 80 + 9 * 48 + 10);
    assert.equal(encodeHeaders([], true).length, 1);
  });

  it('HEADERS: the elided previous hash is put back, so hashes are equal; seals only when asked', () => {
    for (const count of [0, 1, 2, 300]) {
      const headers = chainOf(count, 3);
      const withSeals = decodeHeaders(encodeHeaders(headers, true), true, 2000);
      assert.deepEqual(ids(withSeals), ids(headers));
      assert.deepEqual(
        withSeals.map((h) => h.seal),
        headers.map((h) => h.seal),
      );
      const without = decodeHeaders(encodeHeaders(headers, false), false, 2000);
      assert.deepEqual(ids(without), ids(headers));
      assert.ok(without.every((h) => h.seal.length === 0));
    }
  });

  it('HEADERS: more than asked, a seal above the limit and a count beyond the bytes are refused', () => {
    const bytes = encodeHeaders(chainOf(3), true);
    assert.throws(() => decodeHeaders(bytes, true, 2), DecodeError);
    assert.throws(() => decodeHeaders(encodeHeaders(chainOf(1, 16482), true), true, 2000), DecodeError);
    assert.throws(() => decodeHeaders(new Uint8Array([0xfd, 0xd0, 0x07]), true, 2000), DecodeError);
    assert.throws(() => decodeHeaders(new Uint8Array((1 << 20) + 1), true, 2000), DecodeError);
  });

  it('HEADERS: an answer is cut at 2000 headers and at 1 MiB, and a cut one is recognised as such', () => {
    const many = headersThatFit(chainOf(2001), true);
    assert.equal(many.length, 2000);
    const heavy = headersThatFit(chainOf(100, 16481), true);
    const bytes = encodeHeaders(heavy, true);
    assert.ok(bytes.length <= 1 << 20 && heavy.length === 63);
    assert.equal(mayBeCut(heavy.length, 2000, bytes.length), true);
    assert.equal(mayBeCut(2000, 2000, 98_000), true);
    assert.equal(mayBeCut(1999, 2000, 98_000), false);
  });

  it('BLOCK: sealed, plain and stripped forms', () => {
    const sealed = chainOf(1, 4)[0] as SealedHeader;
    const block = new Block(sealed.header, [tx(20), tx()], sealed.seal);
    const stored = encodeSealedBlock(block);
    const hash = block.header.hash;
    for (const stripped of [false, true])
      for (const seal of [false, true]) {
        const request = { hash, stripped, seal };
        assert.deepEqual(decodeBlockRequest(encodeBlockRequest(request)), request);
        const back = decodeBlockAnswer(blockAnswer(request, stored), seal);
        assert.deepEqual(
          back.txs.map((t) => t.id),
          block.txs.map((t) => t.id),
        );
        assert.equal(back.txs[0]?.hasWitness, !stripped);
        assert.deepEqual(back.seal, seal ? block.seal : new Uint8Array(0));
      }
    assert.equal(decodeBlock(blockAnswer({ hash, stripped: false, seal: false }, stored)).header.id, block.header.id);
    assert.throws(() => decodeBlockRequest(new Uint8Array(33).fill(4)), DecodeError);
    assert.throws(() => decodeBlockAnswer(new Uint8Array(4_100_000), true), DecodeError);
  });

  it('TXPROOF: request and answer; hash counts and flags are bounded', () => {
    fc.assert(
      fc.property(hash32, fc.option(hash32), (txid, block) => {
        fc.pre(block === null || block.some((b) => b !== 0));
        const request = { txid, block: block ?? undefined };
        assert.deepEqual(decodeTxProofRequest(encodeTxProofRequest(request)), request);
      }),
    );
    const txs = [tx(3), tx(4), tx()];
    const header = (chainOf(1)[0] as SealedHeader).header;
    const tree = buildPartialMerkleTree(
      txs.map((t, i) => (i === 0 ? t.txid : new Uint8Array(32).fill(i))),
      (_, i) => i === 0,
    );
    const bytes = encodeTxProof({ proof: { header, tree }, tx: txs[0] as Tx });
    const back = decodeTxProof(bytes);
    assert.equal(back.proof.header.id, header.id);
    assert.deepEqual(back.proof.tree.hashes, tree.hashes);
    assert.equal(back.tx.id, txs[0]?.id);
    const greedy = bytes.slice();
    greedy[84] = 0xfc;
    assert.throws(() => decodeTxProof(greedy), DecodeError);
  });

  it('SENDTX: codes and reasons; text that could harm a terminal is replaced; unknown codes are refused', () => {
    const result = { code: 0x10, reason: 'dust' } as const;
    assert.deepEqual(decodeSendTxResult(encodeSendTxResult(result)), result);
    assert.equal(decodeSendTxResult(encodeSendTxResult({ code: 0, reason: 'a\u001b[2Jé' })).reason, 'a?[2J?');
    assert.equal(decodeSendTxResult(encodeSendTxResult({ code: 0, reason: 'x'.repeat(900) })).reason.length, 256);
    assert.throws(() => decodeSendTxResult(new Uint8Array([0x77, 0])), DecodeError);
    assert.throws(() => decodeSendTxRequest(tx(400_000).bytes), DecodeError);
    assert.equal(decodeSendTxRequest(tx(5).bytes).id, tx(5).id);
  });

  it('STATUS: round trip', () => {
    const status = { phase: 'blocks', headers: 1, blocks: 2, peers: 3, mempool: 4, stalled: '' };
    assert.deepEqual(decodeStatus(encodeStatus(status)), status);
  });

  it('MEMPOOL and TXS: bounded lists; transactions that do not fit into 1 MiB are left out', () => {
    const hashes = Array.from({ length: 5000 }, (_, i) => new Uint8Array(32).fill(i));
    assert.deepEqual(decodeMempool(encodeMempool(hashes)), hashes);
    assert.throws(() => decodeMempool(encodeMempool([...hashes, new Uint8Array(32)])), DecodeError);
    assert.deepEqual(decodeTxsRequest(encodeTxsRequest(hashes.slice(0, 100))), hashes.slice(0, 100));
    assert.throws(() => decodeTxsRequest(encodeTxsRequest(hashes.slice(0, 101))), DecodeError);
    const big = [tx(390_000), tx(390_000), tx(390_000)];
    const bytes = encodeTxs(big);
    assert.ok(bytes.length <= 1 << 20);
    assert.equal(decodeTxs(bytes).length, 2);
    assert.deepEqual(
      decodeTxs(encodeTxs([tx(), tx(4)])).map((t) => t.id),
      [tx().id, tx(4).id],
    );
    assert.deepEqual(decodeTxs(encodeTxs([])), []);
  });

  it('gossip payloads: limits of 400 kB, 200 kB and a header with the largest seal', () => {
    assert.equal(readGossipTx(tx(400_000).bytes).ok, false);
    const good = readGossipTx(tx(3).bytes);
    assert.ok(good.ok && good.value.id === tx(3).id);
    const sealed = chainOf(1, 16481)[0] as SealedHeader;
    const header = readGossipHeader(encodeSealedHeader(sealed));
    assert.ok(header.ok && header.value.header.id === sealed.header.id && header.value.seal.length === 16481);
    const long = readGossipHeader(new Uint8Array(80 + 3 + 16482));
    assert.ok(!long.ok && long.rule === 'too-large');
    const block = new Block(sealed.header, [tx(200_000)]);
    const large = readGossipBlock(encodeSealedBlock(block));
    assert.ok(!large.ok && large.rule === 'too-large');
    const small = readGossipBlock(encodeSealedBlock(new Block(sealed.header, [tx(20)])));
    assert.ok(small.ok);
    const trailing = readGossipTx(new Uint8Array([...tx(3).bytes, 0]));
    assert.ok(!trailing.ok && trailing.rule === 'malformed');
  });

  it('junk and cut bytes are DecodeErrors and nothing else', () => {
    const decoders: readonly ((bytes: Uint8Array) => unknown)[] = [
      decodeTip,
      decodeTipRequest,
      decodeHeadersRequest,
      (b) => decodeHeaders(b, true, 2000),
      (b) => decodeHeaders(b, false, 2000),
      decodeBlockRequest,
      (b) => decodeBlockAnswer(b, true),
      (b) => decodeBlockAnswer(b, false),
      decodeTxProofRequest,
      decodeTxProof,
      decodeSendTxRequest,
      decodeSendTxResult,
      decodeStatus,
      decodeMempool,
      decodeTxsRequest,
      decodeTxs,
    ];
    const valid = [
      encodeHeaders(chainOf(5, 2), true),
      encodeSealedBlock(new Block((chainOf(1)[0] as SealedHeader).header, [tx(3)])),
      encodeTxs([tx(2), tx()]),
    ];
    const judge = (bytes: Uint8Array): void => {
      for (const decode of decoders) {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      }
      for (const read of [readGossipTx, readGossipBlock, readGossipHeader]) {
        const check = read(bytes);
        assert.ok(check.ok || check.rule === 'malformed');
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), judge), { numRuns: 400 });
    fc.assert(
      fc.property(fc.constantFrom(...valid), fc.nat(), fc.nat(255), fc.nat(), (bytes, at, value, cut) => {
        const copy = bytes.slice(0, cut % (bytes.length + 1));
        if (copy.length > 0) copy[at % copy.length] = value;
        judge(copy);
      }),
      { numRuns: 400 },
    );
  });
});
