import { type Block, encodeSealedBlock } from '../../src/primitives/block.ts';
import { workOf } from '../../src/primitives/compact.ts';
import { hashKey } from '../../src/primitives/hash.ts';
import type { SealedHeader } from '../../src/primitives/header.ts';
import { ANSWER_BIT } from '../../src/wire/frame.ts';
import { decodeBlockRequest } from '../../src/wire/messages/block.ts';
import { decodeHeadersRequest, encodeHeaders, headersThatFit } from '../../src/wire/messages/headers.ts';
import { encodeTip, plainTip } from '../../src/wire/messages/tip.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { type PeerKey, WIRE_ERRORS, type WireMessage, WireRefusal } from '../../src/wire/peer.ts';
import { regtest } from '../chain/regtestMiner.ts';
import { FULL, helloWith, type SimNet, type SimPeer } from './simNet.ts';

const UNKNOWN = new Uint8Array(32).fill(0x99);

/** What a scripted peer does instead of the truth; returns undefined to answer honestly. */
export type Twist = (message: WireMessage) => Promise<Uint8Array | undefined> | Uint8Array | undefined;

export interface LiarOptions {
  readonly claimWork?: bigint;
  readonly claimHeight?: number;
  readonly twist?: Twist;
}

/** A peer that serves a list of headers on genesis (blocks where it has them), and lies where its twist says so. */
export class Liar {
  readonly net: SimPeer;
  readonly headers: readonly SealedHeader[];
  readonly asked: number[] = [];
  #twist: Twist;

  constructor(sim: SimNet, key: PeerKey, headers: readonly SealedHeader[], options: LiarOptions = {}) {
    this.net = sim.add(key);
    this.headers = headers;
    this.#twist = options.twist ?? (() => undefined);
    const genesis = regtest.genesis.header;
    const work = headers.reduce((sum, h) => sum + workOf(h.header.bits), workOf(genesis.bits));
    const claim = {
      height: options.claimHeight ?? headers.length,
      // Who claims what it does not have claims a hash that nobody knows.
      bestHash: options.claimWork === undefined ? (headers.at(-1)?.header.hash ?? genesis.hash) : UNKNOWN,
      chainWork: options.claimWork ?? work,
    };
    this.net.hello = () => helloWith(claim);
    const serve = (_: PeerKey, message: WireMessage): Promise<WireMessage> => this.#answer(message, claim);
    this.net.serve.set('sync', serve).set('light', serve);
  }

  async #answer(
    message: WireMessage,
    claim: { readonly height: number; readonly bestHash: Uint8Array; readonly chainWork: bigint },
  ): Promise<WireMessage> {
    this.asked.push(message.type);
    const type = message.type | ANSWER_BIT;
    const lie = await this.#twist(message);
    if (lie !== undefined) return { type, payload: lie };
    if (message.type === MESSAGE.TIP) {
      return { type, payload: encodeTip(plainTip(claim.height, claim.bestHash, claim.chainWork, FULL)) };
    }
    if (message.type === MESSAGE.HEADERS) return { type, payload: this.headersAfter(message.payload) };
    if (message.type === MESSAGE.BLOCK) return { type, payload: this.block(message.payload) };
    throw new WireRefusal(WIRE_ERRORS.NOT_SERVED, 'not here');
  }

  /** The honest HEADERS answer. */
  headersAfter(payload: Uint8Array): Uint8Array {
    const { locator, max } = decodeHeadersRequest(payload);
    const places = new Map(this.headers.map((h, i) => [h.header.key, i + 1]));
    places.set(regtest.genesis.header.key, 0);
    const from = locator.map((hash) => places.get(hashKey(hash))).find((at) => at !== undefined) ?? 0;
    return encodeHeaders(headersThatFit(this.headers.slice(from, from + max), true), true);
  }

  /** The honest BLOCK answer. */
  block(payload: Uint8Array): Uint8Array {
    const { hash } = decodeBlockRequest(payload);
    const found = this.headers.find((h) => h.header.key === hashKey(hash));
    if (found === undefined || !('txs' in found)) throw new WireRefusal(WIRE_ERRORS.NOT_FOUND, 'no body');
    return encodeSealedBlock(found as Block);
  }
}
