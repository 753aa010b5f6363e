import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { IndexEntry } from '../../src/chain/headerIndex.ts';
import { createNetwork } from '../../src/net/host.node.ts';
import { loadKey } from '../../src/net/keyFile.node.ts';
import type { Network as PeerNetwork } from '../../src/net/network.ts';
import type { Network } from '../../src/params/network.ts';
import { nodejs } from '../../src/platform/nodejs.node.ts';
import { type Block, encodeSealedBlock } from '../../src/primitives/block.ts';
import { hashKey } from '../../src/primitives/hash.ts';
import type { SealedHeader } from '../../src/primitives/header.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { ANSWER_BIT } from '../../src/wire/frame.ts';
import { decodeBlockRequest } from '../../src/wire/messages/block.ts';
import { decodeHeadersRequest, encodeHeaders, headersThatFit } from '../../src/wire/messages/headers.ts';
import { encodeTip, plainTip } from '../../src/wire/messages/tip.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { SERVICES, type TopicName, WIRE_ERRORS, type WireMessage, WireRefusal } from '../../src/wire/peer.ts';
import type { BranchMaker } from './branchMaker.ts';
import { sleep } from './wait.ts';

/** What a peer says of its chain. */
export interface Claim {
  readonly height: number;
  readonly bestHash: Uint8Array;
  readonly chainWork: bigint;
}

/** Answers a request with a lie; undefined leaves it to the honest answer. */
export type Twist = (message: WireMessage) => Promise<Uint8Array | undefined> | Uint8Array | undefined;

export interface LyingPeerOptions {
  readonly network: Network;
  readonly group: string;
  readonly dir: string;
  /** Where blocks and headers come from. */
  readonly maker: BranchMaker;
  /** The branch it serves and tells of. */
  readonly tip: IndexEntry;
  readonly claim?: Partial<Claim>;
  readonly twist?: Twist;
}

const SERVES = SERVICES.NETWORK | SERVICES.RELAY;
/** A connection whose gossip streams are open after this is ready for all. */
const GOSSIP_MS = 10_000;

let count = 0;

/** The real network stack (libp2p over TCP, hello, gossip, requests) with answers that a test writes. */
export class LyingPeer {
  readonly net: PeerNetwork;
  /** Types of the requests it got. */
  readonly asked: number[] = [];
  twist: Twist;
  readonly #maker: BranchMaker;
  #tip: IndexEntry;
  #claim: Partial<Claim>;

  private constructor(options: LyingPeerOptions) {
    const dataDir = join(options.dir, `liar${count++}`);
    mkdirSync(dataDir, { recursive: true });
    this.#maker = options.maker;
    this.#tip = options.tip;
    this.#claim = options.claim ?? {};
    this.twist = options.twist ?? (() => undefined);
    this.net = createNetwork({
      chain: options.network,
      group: options.group,
      role: 'full',
      services: SERVES,
      userAgent: 'liar/1',
      best: this.claim,
      dataDir,
      privateKey: loadKey(join(dataDir, 'node.key')),
      listen: [],
      seeds: [],
      dht: false,
      targetOutbound: 0,
      logger: silentLogger,
      platform: nodejs,
    });
    for (const topic of ['tx', 'block', 'header'] as const) this.net.onGossip(topic, async () => 'ignore');
    for (const stream of ['sync', 'light'] as const)
      this.net.serve(stream, async (_, message) => ({
        type: message.type | ANSWER_BIT,
        payload: await this.#answer(message),
      }));
  }

  static async start(options: LyingPeerOptions): Promise<LyingPeer> {
    const peer = new LyingPeer(options);
    await peer.net.start();
    return peer;
  }

  get key(): string {
    return this.net.key;
  }

  get claim(): Claim {
    const { height, header, chainWork } = this.#tip;
    return { height, bestHash: header.hash, chainWork, ...this.#claim };
  }

  /** Serves another branch from now on. */
  serveBranch(tip: IndexEntry, claim: Partial<Claim> = {}): void {
    this.#tip = tip;
    this.#claim = claim;
    this.net.setHello(this.claim);
  }

  /** Connected to `address` and past hello. */
  async connect(address: string): Promise<this> {
    await this.net.connect(address);
    return this;
  }

  /** Gossips; waits for the other side's subscription first, as long as the connection lives. */
  async gossip(topic: TopicName, data: Uint8Array): Promise<void> {
    for (const end = Date.now() + GOSSIP_MS; ; ) {
      if ((await this.net.publish(topic, data)) > 0) return;
      if (this.net.peers().length === 0) throw new Error('not connected');
      if (Date.now() > end) throw new Error(`nobody took gossip on ${topic} within ${GOSSIP_MS} ms`);
      await sleep(50);
    }
  }

  gossipBlock(block: Block): Promise<void> {
    return this.gossip('block', encodeSealedBlock(block));
  }

  stop(): Promise<void> {
    return this.net.stop();
  }

  async #answer(message: WireMessage): Promise<Uint8Array> {
    this.asked.push(message.type);
    return (await this.twist(message)) ?? this.honestAnswer(message);
  }

  /** What an honest node with this branch answers. */
  honestAnswer({ type, payload }: WireMessage): Uint8Array {
    if (type === MESSAGE.TIP) {
      const { height, bestHash, chainWork } = this.claim;
      return encodeTip(plainTip(height, bestHash, chainWork, SERVES));
    }
    if (type === MESSAGE.HEADERS) return this.#headers(payload);
    if (type === MESSAGE.BLOCK) {
      const body = this.#maker.bodies.get(hashKey(decodeBlockRequest(payload).hash));
      if (body !== undefined) return encodeSealedBlock(body);
      throw new WireRefusal(WIRE_ERRORS.NOT_FOUND, 'no body');
    }
    throw new WireRefusal(WIRE_ERRORS.NOT_SERVED, 'not here');
  }

  #headers(payload: Uint8Array): Uint8Array {
    const { locator, max } = decodeHeadersRequest(payload);
    const wanted = new Set(locator.map((hash) => hashKey(hash)));
    const after: SealedHeader[] = [];
    for (let at: IndexEntry | undefined = this.#tip; at?.parent !== undefined; at = at.parent) {
      if (wanted.has(at.header.key)) break;
      after.push(at);
    }
    return encodeHeaders(headersThatFit(after.reverse().slice(0, max), true), true);
  }
}
