import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Network } from '../../src/net/network.ts';
import type { NetworkOptions } from '../../src/net/options.ts';
import type { GossipVerdict, TopicName } from '../../src/wire/peer.ts';
import { addressOf, join2, sleep, TestNetworks, until } from './support/network.ts';
import { ids, RawPeer, sendRaw } from './support/rawPeer.ts';

class Listener {
  readonly network: Network;
  readonly got: Uint8Array[] = [];
  readonly from: string[] = [];
  verdict: (data: Uint8Array) => GossipVerdict | Promise<GossipVerdict> = () => 'accept';

  constructor(network: Network, topics: readonly TopicName[] = ['tx']) {
    this.network = network;
    for (const topic of topics)
      network.onGossip(topic, async (from, data) => {
        this.got.push(data);
        this.from.push(from);
        return this.verdict(data);
      });
  }

  has(data: Uint8Array): boolean {
    return this.got.some((d) => Buffer.compare(d, data) === 0);
  }
}

describe('net: gossip', () => {
  let nets: TestNetworks;
  let raw: RawPeer | undefined;
  beforeEach(() => {
    nets = new TestNetworks();
  });
  afterEach(async () => {
    await raw?.stop();
    raw = undefined;
    await nets.close();
  });

  async function listener(options: Partial<NetworkOptions> = {}, topics?: readonly TopicName[]): Promise<Listener> {
    const l = new Listener(nets.create({ targetOutbound: 0, dht: false, ...options }), topics);
    await l.network.start();
    return l;
  }

  /** a – b – c, meshes formed: what a publishes can reach c only through b. */
  async function line(limits?: NetworkOptions['limits']): Promise<[a: Listener, b: Listener, c: Listener]> {
    const [a, b, c] = [await listener(), await listener(limits ? { limits } : {}), await listener()] as const;
    await join2(a.network, b.network);
    await join2(c.network, b.network);
    await warm(a, c);
    a.got.length = b.got.length = c.got.length = 0;
    return [a, b, c];
  }

  /** Publishes fresh messages until one has come through: subscriptions and meshes are there then. */
  async function warm(from: Listener, to: Listener, topic: TopicName = 'tx'): Promise<void> {
    await until('mesh', async () => {
      const data = random(20);
      await from.network.publish(topic, data);
      await sleep(100);
      return to.has(data);
    });
  }

  it('is forwarded when accepted', async () => {
    const [a, b, c] = await line();
    const data = random(300);
    assert.equal(await a.network.publish('tx', data), 1);
    await until('c has it', () => c.has(data));
    assert.equal(b.from.at(-1), a.network.key);
    assert.equal(c.from.at(-1), b.network.key);
    assert.equal(c.got[0]?.constructor, Uint8Array);
  });

  it('is not forwarded when ignored, rejected, failed or not judged in time', async () => {
    const [a, b, c] = await line({ gossipVerdictMs: 300 });
    const kept: Uint8Array[] = [];
    const judged = async (verdict: Listener['verdict']) => {
      b.verdict = verdict;
      const data = random(100);
      kept.push(data);
      await a.network.publish('tx', data);
      await until('b has it', () => b.has(data));
    };
    await judged(() => 'ignore');
    await judged(() => {
      throw new Error('our own bug');
    });
    await judged(() => sleep(600).then(() => 'accept' as const));
    await sleep(700);
    await judged(() => 'reject');
    await sleep(300);
    assert.deepEqual(
      kept.map((data) => c.has(data)),
      [false, false, false, false],
    );
    assert.equal(b.network.peers().length, 2); // one reject does not end a connection
  });

  it('is delivered once however often it is published', async () => {
    const [a, b, c] = await line();
    const data = random(50);
    assert.equal(await a.network.publish('tx', data), 1);
    assert.equal(await a.network.publish('tx', data), 0);
    await until('c has it', () => c.has(data));
    assert.equal(await c.network.publish('tx', data), 0);
    await sleep(200);
    const copies = (l: Listener) => l.got.filter((d) => Buffer.compare(d, data) === 0).length;
    assert.deepEqual([copies(b), copies(c)], [1, 1]);
  });

  it('published with nobody there goes out when published again to a peer that joined', async () => {
    const [a, b] = [await listener(), await listener()];
    const data = random(50);
    assert.equal(await a.network.publish('tx', data), 0);
    assert.equal(await a.network.publish('tx', data), 0);
    await join2(a.network, b.network);
    await until('sent', async () => (await a.network.publish('tx', data)) === 1);
    await until('received', () => b.has(data));
  });

  it('carries 1 MiB and refuses more before sending', async () => {
    const [a, , c] = await line();
    const data = random(1024 * 1024);
    assert.equal(await a.network.publish('tx', data), 1);
    await until('c has it', () => c.has(data));
    await assert.rejects(a.network.publish('tx', random(1024 * 1024 + 1)), RangeError);
  });

  it('reaches only who subscribed the topic: a light node hears headers and nothing else', async () => {
    const full = await listener({}, ['tx', 'block', 'header']);
    const light = await listener({ role: 'light' }, ['header']);
    await join2(light.network, full.network);
    await warm(full, light, 'header');
    assert.equal(await full.network.publish('tx', random(10)), 0);
    assert.equal(await full.network.publish('block', random(10)), 0);
    assert.equal(await full.network.publish('header', random(10)), 1);
  });

  it('does not start before hello is through', async () => {
    const a = await listener();
    raw = await RawPeer.create();
    const connection = await raw.dial(addressOf(a.network));
    const stream = await connection.newStream('/meshsub/1.2.0');
    sendRaw(stream, 100, rpcOf(ids.topics.tx, random(30)));
    await sleep(500);
    assert.equal(a.got.length, 0);
    assert.equal(a.network.peers().length, 0);
  });

  it('survives junk on its stream: the peer is heard again', async () => {
    const a = await listener({ limits: { housekeepingMs: 200 } });
    raw = await RawPeer.create();
    const connection = await raw.join(addressOf(a.network));
    const stream = await connection.newStream('/meshsub/1.2.0');
    const junk = random(1000);
    sendRaw(stream, junk.length, junk);
    sendRaw(stream, 2 ** 33, junk); // ends the stream
    await sleep(300);
    const again = await connection.newStream('/meshsub/1.2.0');
    const data = random(64);
    const rpc = rpcOf(ids.topics.tx, data);
    sendRaw(again, rpc.length, rpc);
    await until('heard again', () => a.has(data));
  });

  it('that a peer keeps breaking ends the connection by its score', async () => {
    const a = await listener({ limits: { housekeepingMs: 100 } });
    const b = await listener();
    await join2(b.network, a.network);
    await warm(b, a);
    a.verdict = () => 'reject';
    let gone = '';
    a.network.events.on('gone', ({ reason }) => {
      gone = reason;
    });
    for (let i = 0; i < 8 && gone === ''; i++) {
      await b.network.publish('tx', random(40));
      await sleep(250);
    }
    assert.match(gone, /gossip score/);
  });

  it('is heard by all of ten nodes around one', async () => {
    const hub = await listener();
    const others = await Promise.all(Array.from({ length: 10 }, () => listener()));
    await Promise.all(others.map((o) => o.network.connect(addressOf(hub.network))));
    const first = others[0] as Listener;
    for (const o of others.slice(1)) await warm(first, o);
    const data = random(200);
    await first.network.publish('tx', data);
    await until('everybody has it', () => [hub, ...others.slice(1)].every((l) => l.has(data)));
  });
});

function random(n: number): Uint8Array {
  return new Uint8Array(randomBytes(n));
}

/** A gossipsub RPC with one message: field 2 { 2: data, 4: topic }. */
function rpcOf(topic: string, data: Uint8Array): Uint8Array {
  const field = (n: number, bytes: Uint8Array) => Buffer.concat([Buffer.from([(n << 3) | 2, bytes.length]), bytes]);
  return field(2, Buffer.concat([field(2, data), field(4, Buffer.from(topic))]));
}
