import type { Block } from '../../primitives/block.ts';
import type { Hash256 } from '../../primitives/hash.ts';
import type { SealedHeader } from '../../primitives/header.ts';
import type { Tx } from '../../primitives/tx.ts';
import { EMPTY } from '../../util/bytes.ts';
import type { StreamName } from '../peer.ts';
import type { Question } from './ask.ts';
import { decodeBlockAnswer, decodingBlockAnswer, encodeBlockRequest } from './block.ts';
import { decodeHeaders, encodeHeadersRequest, MAX_HEADERS, mayBeCut } from './headers.ts';
import { decodeMempool } from './mempool.ts';
import { decodeSendTxResult, type SendTxResult } from './sendTx.ts';
import { decodeStatus, type PeerStatus } from './status.ts';
import { decodeTip, encodeTipRequest, type Tip } from './tip.ts';
import { decodeTxProof, encodeTxProofRequest, type TxProof } from './txProof.ts';
import { decodeTxs, encodeTxsRequest } from './txs.ts';
import { MESSAGE } from './types.ts';

/** A tip: asked again soon, and what a cut connection hides should show soon after it healed. */
const TIP_MS = 5000;
/** Small answers that take some work. */
const SHORT_MS = 10_000;
/** Up to 1 MiB. */
const LIST_MS = 15_000;
/** Up to 4 MB: 30 s allow for a link of about 1 Mbit/s. */
const BLOCK_MS = 30_000;

/** The peer's tip; `own` tells it ours. */
export function tipQuestion(stream: StreamName, own?: Tip): Question<Tip> {
  return { stream, type: MESSAGE.TIP, payload: encodeTipRequest(own), decode: decodeTip, timeoutMs: TIP_MS };
}

/** `more`: the answer was cut by a limit, so the peer may have further headers. */
export interface HeadersAnswer {
  readonly headers: readonly SealedHeader[];
  readonly more: boolean;
}

/** Headers after the first locator hash that the peer's chain holds, with seals. */
export function headersQuestion(
  stream: StreamName,
  locator: readonly Hash256[],
  stop?: Hash256,
): Question<HeadersAnswer> {
  return {
    stream,
    type: MESSAGE.HEADERS,
    payload: encodeHeadersRequest({ seals: true, locator, stop, max: MAX_HEADERS }),
    decode: (bytes) => {
      const headers = decodeHeaders(bytes, true, MAX_HEADERS);
      return { headers, more: mayBeCut(headers.length, MAX_HEADERS, bytes.length) };
    },
    timeoutMs: LIST_MS,
  };
}

/** A block with its seal. */
export function blockQuestion(stream: StreamName, hash: Hash256): Question<Block> {
  return {
    stream,
    type: MESSAGE.BLOCK,
    payload: encodeBlockRequest({ hash, stripped: false, seal: true }),
    decode: (bytes) => decodeBlockAnswer(bytes, true),
    decodeInSteps: (bytes) => decodingBlockAnswer(bytes, true),
    timeoutMs: BLOCK_MS,
  };
}

export function txProofQuestion(txid: Hash256, block: Hash256 | undefined): Question<TxProof> {
  return {
    stream: 'light',
    type: MESSAGE.TXPROOF,
    payload: encodeTxProofRequest({ txid, block }),
    decode: decodeTxProof,
    timeoutMs: SHORT_MS,
  };
}

export function sendTxQuestion(tx: Tx): Question<SendTxResult> {
  return {
    stream: 'light',
    type: MESSAGE.SENDTX,
    payload: tx.bytes,
    decode: decodeSendTxResult,
    timeoutMs: SHORT_MS,
  };
}

export function statusQuestion(stream: StreamName): Question<PeerStatus> {
  return { stream, type: MESSAGE.STATUS, payload: EMPTY, decode: decodeStatus, timeoutMs: SHORT_MS };
}

export function mempoolQuestion(): Question<Hash256[]> {
  return { stream: 'sync', type: MESSAGE.MEMPOOL, payload: EMPTY, decode: decodeMempool, timeoutMs: LIST_MS };
}

export function txsQuestion(ids: readonly Hash256[]): Question<Tx[]> {
  return { stream: 'sync', type: MESSAGE.TXS, payload: encodeTxsRequest(ids), decode: decodeTxs, timeoutMs: LIST_MS };
}
