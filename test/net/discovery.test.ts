import assert from 'node:assert/strict';
import type { PeerId, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { isSelfReferring, worthAnnouncing } from '../../src/net/address.ts';
import { Bans } from '../../src/net/bans.ts';
import { Gater } from '../../src/net/gater.ts';
import { Meter } from '../../src/net/meter.ts';
import type { Peer } from '../../src/net/peers.ts';
import { RoutingWatch } from '../../src/net/routingWatch.ts';
import { addressOf, sleep, TestNetworks, until } from './support/network.ts';
import { ids, RawPeer } from './support/rawPeer.ts';

const PING = '/ipfs/ping/1.0.0';

describe('net: the routing table watch', () => {
  const peer = (key: string): Peer =>
    ({ key, session: { connection: { remotePeer: key, status: 'open' } } }) as unknown as Peer;

  function scene(over: { size?: number; serves?: boolean } = {}) {
    const seen = { now: 0, members: new Set<string>(), asked: 0, found: [] as string[] };
    const watch = new RoutingWatch({
      table: {
        get size() {
          return over.size ?? seen.members.size;
        },
        find: async (id: PeerId) => (seen.members.has(id as unknown as string) ? id : undefined),
      },
      servesDht: async () => over.serves,
      identify: async () => {
        seen.asked++;
        throw new Error('silent');
      },
      nowMs: () => seen.now,
      unit: () => 0.5,
      onFound: (p) => seen.found.push(p.key),
    });
    return { watch, seen };
  }

  it('asks a missing peer again, with growing waits up to half a minute', async () => {
    const { watch, seen } = scene();
    const a = peer('a');
    const asks: number[] = [];
    for (; seen.now < 120_000; seen.now += 500) {
      const before = seen.asked;
      await watch.check(a);
      if (seen.asked > before) asks.push(seen.now);
    }
    assert.deepEqual(asks, [0, 1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000]);
  });

  it('says once when a missing peer is in, and nothing of those that were never missing', async () => {
    const { watch, seen } = scene();
    const [a, b] = [peer('a'), peer('b')];
    seen.members.add('b');
    await watch.check(a);
    await watch.check(b);
    assert.deepEqual([seen.asked, seen.found], [1, []]);
    seen.members.add('a');
    for (const p of [a, b, a, b]) await watch.check(p);
    assert.deepEqual([seen.asked, seen.found], [1, ['a']]);
    seen.members.delete('a'); // lost again: asked at once
    await watch.check(a);
    assert.equal(seen.asked, 2);
  });

  it('lets be peers that do not serve the DHT, closed connections, and everybody when the table is full enough', async () => {
    for (const [over, status, asked] of [
      [{ serves: false }, 'open', 0],
      [{ serves: true }, 'closing', 0],
      [{ serves: true, size: 20 }, 'open', 0],
      [{ serves: true, size: 19 }, 'open', 1],
    ] as const) {
      const { watch, seen } = scene(over);
      const p = peer('a');
      (p.session.connection as { status: string }).status = status;
      await watch.check(p);
      assert.equal(seen.asked, asked, JSON.stringify(over));
    }
  });
});

describe('net: addresses that lead back to oneself', () => {
  const OURS = '12D3KooWC4sTWon7LP8P6y313iSPDAvGQywQUzPcbbkX2BrXCqKB';
  const LOOPBACK = [
    '/ip4/127.0.0.1/tcp/18444',
    '/ip4/127.200.3.4/tcp/1/ws',
    '/ip6/::1/tcp/1',
    '/ip6/::ffff:127.0.0.1/tcp/1',
    '/ip6/::ffff:7f00:1/tcp/1',
    '/ip4/0.0.0.0/tcp/1',
    '/ip6/::/tcp/1',
    '/dns4/localhost/tcp/1',
    '/dns/a.LOCALHOST/tcp/1',
  ].map((a) => multiaddr(a));
  const REAL = [
    '/ip4/10.77.0.1/tcp/1',
    '/ip4/128.0.0.1/tcp/1',
    '/ip6/2001:db8::1/tcp/1',
    '/dns/localhost.example/tcp/1',
  ].map((a) => multiaddr(a));
  const gaterWith = (...connections: (readonly [peer: string, address: string])[]): Gater =>
    new Gater(
      {
        bans: new Bans(() => undefined),
        meter: new Meter(() => 0),
        ourKey: OURS,
        nowMs: () => 0,
        connections: () =>
          connections.map(([peer, address]) => ({ remotePeer: peer, remoteAddr: multiaddr(address) }) as never),
      },
      { development: true },
    );
  const keeps = (gater: Gater, peer: string): boolean[] => [
    ...new Set(LOOPBACK.map((a) => gater.filterMultiaddrForPeer(peer, a))),
  ];

  it('are recognized however they are written', () => {
    for (const a of LOOPBACK) assert.equal(isSelfReferring(a), true, a.toString());
    for (const a of REAL) assert.equal(isSelfReferring(a), false, a.toString());
  });

  it('are announced only when there is nothing else', () => {
    assert.deepEqual(worthAnnouncing([...LOOPBACK, ...REAL]), REAL);
    assert.deepEqual(worthAnnouncing(LOOPBACK), LOOPBACK);
    assert.deepEqual(worthAnnouncing([]), []);
  });

  it('are not kept of a peer of another machine, whoever tells them', () => {
    const gater = gaterWith(['far', '/ip4/10.77.0.2/tcp/5'], ['near', '/ip4/127.0.0.1/tcp/5']);
    assert.deepEqual(keeps(gater, 'far'), [false]);
    assert.deepEqual(keeps(gaterWith(['far', '/ip4/10.77.0.2/tcp/5']), 'heard of'), [false]);
    for (const a of REAL) assert.equal(gater.filterMultiaddrForPeer('far', a), true);
  });

  it('are kept of peers on this machine, of ourselves, and of peers that those may have named', () => {
    const gater = gaterWith(['far', '/ip4/10.77.0.2/tcp/5'], ['near', '/ip4/127.0.0.1/tcp/5']);
    for (const peer of ['near', OURS, 'heard of']) assert.deepEqual(keeps(gater, peer), [true], peer);
    assert.deepEqual(keeps(gaterWith(['far', '/ip4/10.77.0.2/tcp/5']), OURS), [true]);
    assert.deepEqual(keeps(gaterWith(), 'kept before'), [true]);
  });
});

describe('net: discovery', function () {
  this.timeout(30_000);
  let nets: TestNetworks;
  let raw: RawPeer;
  let asked = 0;
  beforeEach(async () => {
    nets = new TestNetworks();
    raw = await RawPeer.create();
    asked = 0;
    await raw.node.handle(ids.kad, (stream: Stream) => {
      asked++;
      stream.abort(new Error('only counting'));
    });
  });
  afterEach(async () => {
    await raw.stop();
    await nets.close();
  });

  it('asks a peer through the DHT that did not answer the only ping before it was taken in', async () => {
    await raw.node.unhandle(PING);
    const a = await nets.start({ limits: { housekeepingMs: 200 } });
    await raw.join(addressOf(a));
    await sleep(1500);
    assert.equal(asked, 0);
    await raw.node.handle(PING, echo);
    await until('asked', () => asked > 0, 15_000);
  });

  it('keeps a peer that leaves ping streams half open, and asks it through the DHT', async () => {
    await raw.node.unhandle(PING);
    await raw.node.handle(PING, echo, { maxInboundStreams: 32 });
    const a = await nets.start({ limits: { pingIntervalMs: 500 } });
    const connection = await raw.join(addressOf(a));
    await sleep(1700);
    assert.equal(connection.status, 'open');
    await until('asked', () => asked > 0);
    assert.equal(a.peers()[0]?.key, raw.key);
  });
});

/** Answers pings and never ends the stream, as libp2p does when data and end arrive before its handler runs. */
function echo(stream: Stream): void {
  stream.addEventListener('message', ({ data }) => void stream.send(data));
}
