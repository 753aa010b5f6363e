import { noise } from '@chainsafe/libp2p-noise';
import { identify } from '@libp2p/identify';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { FrameReader, writeFrame } from '../../src/net/frames.ts';
import type { Network } from '../../src/params/network.ts';
import { nodejs } from '../../src/platform/nodejs.node.ts';
import { encodeHelloMessage } from '../../src/wire/hello.ts';
import { SERVICES } from '../../src/wire/peer.ts';
import { type ProtocolIds, protocolIds } from '../../src/wire/protocolIds.ts';

const PATIENCE_MS = 5000;

/** libp2p without any of our code above frames: for bytes that no network stack of ours would send. */
export class RawLiar {
  readonly node: Libp2p;
  readonly ids: ProtocolIds;
  readonly #network: Network;
  readonly #group: string;

  private constructor(node: Libp2p, network: Network, group: string) {
    this.node = node;
    this.ids = protocolIds(network.id16);
    this.#network = network;
    this.#group = group;
  }

  static async start(network: Network, group: string): Promise<RawLiar> {
    const node = await createLibp2p({
      transports: [tcp(), webSockets()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      services: { identify: identify(), ping: ping() },
    });
    const liar = new RawLiar(node, network, group);
    // The other side sees from identify that a hello may come.
    await node.handle(liar.ids.hello, (stream) => stream.abort(new Error('not now')));
    return liar;
  }

  get key(): string {
    return this.node.peerId.toString();
  }

  dial(address: string): Promise<Connection> {
    return this.node.dial(multiaddr(address), { signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  open(connection: Connection, protocol: string): Promise<Stream> {
    return connection.newStream(protocol, { signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  /** Dials and passes hello. */
  async join(address: string): Promise<Connection> {
    const connection = await this.dial(address);
    const stream = await this.open(connection, this.ids.hello);
    const reader = new FrameReader(stream, { maxFrame: 1 << 16, frameTimeoutMs: PATIENCE_MS, timers: nodejs.timers });
    const { genesis, chainId } = this.#network;
    const hello = {
      ...{ minVersion: 1, maxVersion: 1, chainId, group: this.#group, role: 'full', services: SERVICES.RELAY },
      ...{ userAgent: 'raw/1', height: 0, bestHash: genesis.header.hash, chainWork: 0n, timeMs: Date.now() },
    };
    await writeFrame(stream, encodeHelloMessage({ kind: 'hello', hello }), nodejs.timers, PATIENCE_MS);
    if ((await reader.read()) === undefined) throw new Error('no hello came back');
    await writeFrame(stream, encodeHelloMessage({ kind: 'accept' }), nodejs.timers, PATIENCE_MS);
    return connection;
  }

  async stop(): Promise<void> {
    await this.node.stop();
  }
}

/** Writes as much of `bytes` as the other side takes before it resets the stream; returns how much that was. */
export async function pour(stream: Stream, bytes: Uint8Array, chunk = 64 * 1024): Promise<number> {
  let sent = 0;
  for (let at = 0; at < bytes.length && stream.status === 'open'; at += chunk) {
    const part = bytes.subarray(at, at + chunk);
    let open = true;
    try {
      open = stream.send(part);
    } catch {
      return sent;
    }
    sent += part.length;
    if (!open) await drained(stream);
  }
  return sent;
}

function drained(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, 2000);
    function done(): void {
      clearTimeout(timer);
      stream.removeEventListener('drain', done);
      stream.removeEventListener('close', done);
      resolve();
    }
    stream.addEventListener('drain', done);
    stream.addEventListener('close', done);
  });
}
