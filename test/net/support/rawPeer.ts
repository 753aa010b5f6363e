import { noise } from '@chainsafe/libp2p-noise';
import { identify } from '@libp2p/identify';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import * as varint from 'uint8-varint';
import { Uint8ArrayList } from 'uint8arraylist';
import { FrameReader, writeFrame } from '../../../src/net/frames.ts';
import { nodejs } from '../../../src/platform/nodejs.node.ts';
import { encodeHelloMessage } from '../../../src/wire/hello.ts';
import type { Hello } from '../../../src/wire/peer.ts';
import { protocolIds } from '../../../src/wire/protocolIds.ts';
import { CHAIN_ID } from './network.ts';

export const ids = protocolIds('c1c1c1c1c1c1c1c1');

export const rawHello: Hello = {
  minVersion: 1,
  maxVersion: 1,
  chainId: CHAIN_ID,
  group: 'test',
  role: 'raw',
  services: 0,
  userAgent: 'raw/1',
  height: 0,
  bestHash: new Uint8Array(32),
  chainWork: 0n,
  timeMs: 0,
};

/** A peer that says whatever a test wants: libp2p without any of our own code above frames. */
export class RawPeer {
  readonly node: Libp2p;

  private constructor(node: Libp2p) {
    this.node = node;
  }

  static async create(): Promise<RawPeer> {
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      services: { identify: identify(), ping: ping() },
    });
    // Otherwise the other side sees from identify that no hello will come, and refuses at once.
    await node.handle(ids.hello, (stream) => stream.abort(new Error('not now')));
    return new RawPeer(node);
  }

  get key(): string {
    return this.node.peerId.toString();
  }

  dial(address: string): Promise<Connection> {
    return this.node.dial(multiaddr(address));
  }

  /** Dials and passes hello. */
  async join(address: string): Promise<Connection> {
    const connection = await this.dial(address);
    const stream = await connection.newStream(ids.hello);
    const reader = readerOf(stream);
    await writeFrame(stream, encodeHelloMessage({ kind: 'hello', hello: rawHello }), nodejs.timers, 5000);
    if ((await reader.read()) === undefined) throw new Error('no hello');
    await writeFrame(stream, encodeHelloMessage({ kind: 'accept' }), nodejs.timers, 5000);
    return connection;
  }

  async stop(): Promise<void> {
    await this.node.stop();
  }
}

export function readerOf(stream: Stream): FrameReader {
  return new FrameReader(stream, { maxFrame: 8 << 20, frameTimeoutMs: 10_000, timers: nodejs.timers });
}

/** A frame whose length and content need not fit. */
export function sendRaw(stream: Stream, claimedLength: number, bytes: Uint8Array): void {
  stream.send(new Uint8ArrayList(varint.encode(claimedLength), bytes));
}

export function message(type: number, requestId: number, payload = new Uint8Array(0)): Uint8Array {
  const out = new Uint8Array(5 + payload.length);
  new DataView(out.buffer).setUint32(1, requestId, true);
  out[0] = type;
  out.set(payload, 5);
  return out;
}
