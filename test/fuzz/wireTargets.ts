import { strict as assert } from 'node:assert';
import { encodeSealedBlock } from '../../src/primitives/block.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { decodeEnvelope, decodeError, encodeEnvelope, encodeError } from '../../src/wire/frame.ts';
import { decodeHelloMessage, encodeHelloMessage } from '../../src/wire/hello.ts';
import { checkHello } from '../../src/wire/helloCheck.ts';
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
} from '../../src/wire/messages/headers.ts';
import { decodeMempool, encodeMempool } from '../../src/wire/messages/mempool.ts';
import { decodeSendTxRequest, decodeSendTxResult, encodeSendTxResult } from '../../src/wire/messages/sendTx.ts';
import { decodeStatus, encodeStatus } from '../../src/wire/messages/status.ts';
import { decodeTip, decodeTipRequest, encodeTip, encodeTipRequest, plainTip } from '../../src/wire/messages/tip.ts';
import {
  decodeTxProof,
  decodeTxProofRequest,
  encodeTxProof,
  encodeTxProofRequest,
} from '../../src/wire/messages/txProof.ts';
import { decodeTxs, decodeTxsRequest, encodeTxs, encodeTxsRequest } from '../../src/wire/messages/txs.ts';
import type { Hello } from '../../src/wire/peer.ts';
import { lookAtBlock, lookAtTx } from './primitiveTargets.ts';
import type { FuzzTarget } from './run.ts';
import { isPassed, oneEncoding } from './same.ts';
import * as S from './samples.ts';

const HELLO: Hello = {
  minVersion: 1,
  maxVersion: 2,
  chainId: S.hash(1),
  group: 'lab',
  role: 'full',
  services: 7,
  userAgent: 'cairn/0.1.0',
  height: 300,
  bestHash: S.hash(2),
  chainWork: 1n << 200n,
  timeMs: 1_700_000_000_000,
};
const TIP = plainTip(300, S.hash(3), 1n << 80n, 7);
const HASHES = [S.hash(1), S.hash(2), S.hash(3)];
const BLOCK_REQUEST = { hash: S.hash(4), stripped: true, seal: true };
const STATUS = { phase: 'blocks', headers: 5, blocks: 4, peers: 3, mempool: 2, stalled: 'no peers' };

function runHello(bytes: Uint8Array): boolean {
  const message = decodeHelloMessage(bytes);
  if (message.kind === 'hello') checkHello(HELLO, message.hello);
  return oneEncoding(decodeHelloMessage, encodeHelloMessage)(bytes);
}

const headers = (seals: boolean): FuzzTarget => ({
  name: `HEADERS${seals ? ' with seals' : ''}`,
  samples: [encodeHeaders(S.HEADERS, seals), encodeHeaders(S.HEADERS.slice(0, 1), seals), encodeHeaders([], seals)],
  run: oneEncoding(
    (bytes) => decodeHeaders(bytes, seals, 2000),
    (list) => encodeHeaders(list, seals),
  ),
});

const SEALED = encodeSealedBlock(S.SEALED_BLOCK);

const blockForm = (seal: boolean, stripped: boolean): Uint8Array =>
  blockAnswer({ hash: S.BLOCK.header.hash, seal, stripped }, SEALED);

const block = (seal: boolean): FuzzTarget => ({
  name: `BLOCK${seal ? ' with seal' : ''}`,
  samples: [blockForm(seal, false), blockForm(seal, true)],
  run: (bytes) => {
    lookAtBlock(decodeBlockAnswer(bytes, seal));
    return true;
  },
});

export const WIRE_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'hello',
    samples: [
      encodeHelloMessage({ kind: 'hello', hello: HELLO }),
      encodeHelloMessage({ kind: 'accept' }),
      encodeHelloMessage({ kind: 'refuse', refusal: 'wrong-group', detail: 'another group' }),
    ],
    run: runHello,
  },
  {
    name: 'envelope',
    samples: [encodeEnvelope(7, { type: 1, payload: encodeTip(TIP) }), encodeEnvelope(0, encodeError(3, 'too fast'))],
    run: oneEncoding(decodeEnvelope, ({ requestId, type, payload }) => encodeEnvelope(requestId, { type, payload })),
  },
  {
    name: 'error answer',
    samples: [encodeError(3, 'too fast').payload, encodeError(1, '').payload],
    run: oneEncoding(decodeError, ({ code, text }) => encodeError(code, text).payload),
  },
  { name: 'TIP', samples: [encodeTip(TIP)], run: oneEncoding(decodeTip, encodeTip) },
  {
    name: 'TIP request',
    samples: [encodeTipRequest(TIP), encodeTipRequest(undefined)],
    run: oneEncoding(decodeTipRequest, encodeTipRequest),
  },
  {
    name: 'HEADERS request',
    samples: [
      encodeHeadersRequest({ seals: true, locator: HASHES, stop: S.hash(9), max: 2000 }),
      encodeHeadersRequest({ seals: false, locator: [], stop: undefined, max: 1 }),
    ],
    run: oneEncoding(decodeHeadersRequest, encodeHeadersRequest),
  },
  headers(true),
  headers(false),
  {
    name: 'BLOCK request',
    samples: [encodeBlockRequest(BLOCK_REQUEST)],
    run: oneEncoding(decodeBlockRequest, encodeBlockRequest),
  },
  block(true),
  block(false),
  {
    name: 'TXPROOF request',
    samples: [
      encodeTxProofRequest({ txid: S.hash(1), block: S.hash(2) }),
      encodeTxProofRequest({ txid: S.hash(1), block: undefined }),
    ],
    run: oneEncoding(decodeTxProofRequest, encodeTxProofRequest),
  },
  {
    name: 'TXPROOF',
    samples: [encodeTxProof({ proof: S.MERKLE_BLOCK, tx: S.SEGWIT_TX })],
    run: oneEncoding(decodeTxProof, encodeTxProof),
  },
  {
    name: 'SENDTX request',
    samples: [S.LEGACY_TX.bytes, S.SEGWIT_TX.bytes],
    run: (bytes) => {
      lookAtTx(decodeSendTxRequest(bytes));
      return true;
    },
  },
  {
    name: 'SENDTX',
    samples: [encodeSendTxResult({ code: 0, reason: '' }), encodeSendTxResult({ code: 0x10, reason: 'dust' })],
    run: oneEncoding(decodeSendTxResult, encodeSendTxResult),
  },
  { name: 'STATUS', samples: [encodeStatus(STATUS)], run: oneEncoding(decodeStatus, encodeStatus) },
  {
    name: 'MEMPOOL',
    samples: [encodeMempool(HASHES), encodeMempool([])],
    run: oneEncoding(decodeMempool, encodeMempool),
  },
  {
    name: 'TXS request',
    samples: [encodeTxsRequest(HASHES)],
    run: oneEncoding(decodeTxsRequest, encodeTxsRequest),
  },
  {
    name: 'TXS',
    samples: [encodeTxs([S.LEGACY_TX, S.SEGWIT_TX]), encodeTxs([])],
    run: oneEncoding(decodeTxs, encodeTxs),
  },
  {
    name: 'gossip tx',
    samples: [S.LEGACY_TX.bytes, S.SEGWIT_TX.bytes],
    run: (bytes) => {
      const tx = readGossipTx(bytes);
      if (tx.ok) lookAtTx(tx.value);
      return isPassed(tx);
    },
  },
  {
    name: 'gossip block',
    samples: [SEALED],
    run: (bytes) => {
      const read = readGossipBlock(bytes);
      if (read.ok) lookAtBlock(read.value);
      return isPassed(read);
    },
  },
  {
    name: 'gossip header',
    samples: S.HEADERS.map(encodeSealedHeader),
    run: (bytes) => isPassed(readGossipHeader(bytes)),
  },
  {
    name: 'list limits',
    // Long inputs: a list claims as many elements as its limit allows, and more.
    samples: [encodeMempool(Array.from({ length: 200 }, (_, i) => S.hash(i)))],
    run: (bytes) => {
      for (const decode of [decodeMempool, decodeTxsRequest, decodeTxs, decodeHeadersRequest]) {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      }
      return true;
    },
  },
];
