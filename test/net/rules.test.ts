import assert from 'node:assert/strict';
import type { MultiaddrConnection } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { ipOf, isLocal, ownerOf, parseAddress, peerIdOf } from '../../src/net/address.ts';
import { Anchors, MAX_ANCHORS } from '../../src/net/anchors.ts';
import { Backoff } from '../../src/net/backoff.ts';
import { Bans, MAX_BANS } from '../../src/net/bans.ts';
import { Gater } from '../../src/net/gater.ts';
import { scoreParams } from '../../src/net/gossipScoring.ts';
import { Meter } from '../../src/net/meter.ts';
import { type Candidate, chooseVictim } from '../../src/net/pruning.ts';
import { Scores } from '../../src/net/score.ts';
import { TokenBucket } from '../../src/net/tokenBucket.ts';
import { protocolIds } from '../../src/wire/protocolIds.ts';

const KEY = '12D3KooWC4sTWon7LP8P6y313iSPDAvGQywQUzPcbbkX2BrXCqKB';

describe('net: addresses', () => {
  it('may be typed as multiaddr, host:port or [ipv6]:port', () => {
    assert.equal(parseAddress('10.0.0.1:18444').toString(), '/ip4/10.0.0.1/tcp/18444');
    assert.equal(parseAddress('[::1]:5').toString(), '/ip6/::1/tcp/5');
    assert.equal(parseAddress('node.example:5').toString(), '/dns/node.example/tcp/5');
    assert.equal(peerIdOf(parseAddress(`/ip4/1.2.3.4/tcp/1/p2p/${KEY}`)), KEY);
    for (const bad of [
      '',
      'x',
      'x:0',
      'x:65536',
      '1.2.3.400:5',
      '[zz]:5',
      'a b:5',
      '/ip4/1.2.3/tcp/1',
      '::1:5',
      '/nonsense',
    ])
      assert.throws(() => parseAddress(bad), RangeError, bad);
  });

  it('belong to an owner: an IPv4 address, an IPv6 /64', () => {
    assert.equal(ownerOf('1.2.3.4'), '1.2.3.4');
    assert.equal(ownerOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(ownerOf('2001:db8:1:2::6'), '2001:db8:1:2::/64');
    assert.equal(ownerOf('2001:0db8::1'), '2001:db8:0:0::/64');
    assert.equal(ownerOf('::1'), '0:0:0:0::/64');
    assert.equal(ipOf(multiaddr('/ip6/::ffff:1.2.3.4/tcp/5')), '1.2.3.4');
    assert.deepEqual(
      ['10.1.1.1', '127.9.9.9', '192.168.0.1', '8.8.8.8', '::1', '2001:db8::1'].map(isLocal).slice(0, 5),
      [true, true, true, false, true],
    );
  });
});

describe('net: quotas', () => {
  it('refill with time up to the burst, and debts are paid first', () => {
    const b = new TokenBucket(10, 5, 0);
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map(() => b.take(1, 0)),
      [true, true, true, true, true, false],
    );
    assert.equal(b.take(1, 99), false);
    assert.equal(b.take(1, 100), true);
    assert.equal(b.take(6, 1e6), false);
    b.spend(25, 1e6);
    assert.equal(b.solvent(1e6 + 1999), false);
    assert.equal(b.solvent(1e6 + 2100), true);
    assert.equal(b.take(1, 1e6), true);
    assert.equal(b.take(1, 1e6 + 2100), false); // a clock that went back and forth gives nothing
  });

  it('count penalty points exactly, and halve them every ten minutes', () => {
    const s = new Scores();
    for (let i = 0; i < 5; i++) s.add('p', 20, i * 100_000);
    assert.equal(s.get('p', 599_999), 100);
    assert.equal(s.get('p', 600_000), 50);
    assert.equal(s.add('p', 10, 1_199_999), 60);
    assert.equal(s.get('p', 1_200_000), 30);
    s.forget('p');
    assert.equal(s.get('p', 1_200_000), 0);
  });

  it('double the wait of a failing dial up to its maximum', () => {
    const b = new Backoff(() => 0.5);
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      b.failed('x', 0, 20_000);
      let ms = 0;
      while (!b.due('x', ms)) ms += 500;
      waits.push(ms);
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
    b.succeeded('x');
    assert.equal(b.due('x', 0), true);
  });
});

describe('net: bans', () => {
  const ban = (target: string, untilMs: number) => ({ target, createdMs: 0, untilMs, reason: '' });

  it('end in time, are not shortened, and are bounded', () => {
    let kept: readonly unknown[] = [];
    const bans = new Bans((entries) => {
      kept = entries;
    });
    bans.add(ban('a', 100));
    bans.add(ban('a', 50));
    assert.equal(bans.has('a', 99), true);
    assert.equal(bans.has('a', 100), false);
    for (let i = 0; i < MAX_BANS + 10; i++) bans.add(ban(`p${i}`, 1000 + i));
    assert.equal(kept.length, MAX_BANS);
    assert.equal(bans.has('p0', 0), false);
    assert.equal(bans.has(`p${MAX_BANS + 9}`, 0), true);
  });

  it('come back from a file, without what is no ban or over', () => {
    const bans = new Bans(() => undefined);
    bans.restore([ban('a', 100), ban('old', 10), { target: 'x' }, 7, null, { ...ban('b', 100), untilMs: 'soon' }], 50);
    assert.deepEqual(
      bans.list(50).map((b) => b.target),
      ['a'],
    );
    bans.restore('nonsense', 50);
    bans.restore({ length: 5 }, 50);
  });
});

describe('net: anchors', () => {
  it('keep the peers met last, with few addresses, and only real ones from a file', () => {
    const a = new Anchors();
    for (let i = 0; i < MAX_ANCHORS + 5; i++) a.met(`k${i}`, ['/a', '/b', '/c', '/d', '/e'], i);
    assert.equal(a.list().length, MAX_ANCHORS);
    assert.equal(a.list()[0]?.key, `k${MAX_ANCHORS + 4}`);
    assert.equal(a.list()[0]?.addresses.length, 4);
    const b = new Anchors();
    const address = `/ip4/1.2.3.4/tcp/5/p2p/${KEY}`;
    b.restore([{ addresses: [address, 'junk', 5, '/ip4/1.2.3.4/tcp/5'], lastMs: 9 }, { addresses: 'x' }, null, 1], 10);
    assert.deepEqual(b.list(), [{ key: KEY, addresses: [address], lastMs: 9 }]);
    b.forget(KEY);
    assert.deepEqual(b.list(), []);
  });
});

describe('net: who makes room', () => {
  const peer = (key: string, part: Partial<Candidate> = {}): Candidate => ({
    key,
    keep: false,
    owner: key,
    connectedMs: 0,
    minPingMs: 50,
    bytesReceived: 0,
    score: 0,
    ...part,
  });

  it('nobody among kept or few peers', () => {
    assert.equal(chooseVictim([]), undefined);
    assert.equal(chooseVictim([peer('a', { keep: true, score: 99 })]), undefined);
    assert.equal(chooseVictim(Array.from({ length: 12 }, (_, i) => peer(`p${i}`))), undefined);
  });

  it('the peer with most penalty points first', () => {
    assert.equal(chooseVictim([peer('a', { score: 10 }), peer('b', { score: 20 }), peer('c')]), 'b');
  });

  it('then the youngest of the owner with most connections, never the oldest, quickest or most useful', () => {
    const crowd = Array.from({ length: 20 }, (_, i) =>
      peer(`bad${i}`, { owner: 'one', connectedMs: 1000 + i, minPingMs: 90 }),
    );
    const good = [
      ...Array.from({ length: 4 }, (_, i) => peer(`old${i}`, { connectedMs: i })),
      ...Array.from({ length: 4 }, (_, i) => peer(`quick${i}`, { connectedMs: 5000, minPingMs: 1 })),
      ...Array.from({ length: 4 }, (_, i) => peer(`useful${i}`, { connectedMs: 5000, bytesReceived: 1e6 })),
    ];
    let all = [...crowd, ...good];
    for (let i = 19; i >= 0; i--) {
      assert.equal(chooseVictim(all), `bad${i}`);
      all = all.filter((c) => c.key !== `bad${i}`);
    }
    assert.equal(chooseVictim(all), undefined);
  });
});

describe('net: who may connect', () => {
  class FakeSocket extends EventTarget {
    readonly remoteAddr;
    readonly timeline = { open: 0 };
    constructor(ip: string) {
      super();
      this.remoteAddr = multiaddr(`/ip4/${ip}/tcp/1`);
    }
  }
  const socket = (ip: string): MultiaddrConnection => new FakeSocket(ip) as unknown as MultiaddrConnection;
  const gater = (
    development: boolean,
    bans = new Bans(() => undefined),
    inboundIps: readonly string[] = [],
    maxPerIp = 0,
  ) =>
    new Gater(
      {
        bans,
        meter: new Meter(() => 0),
        ourKey: KEY,
        nowMs: () => 10,
        connections: () =>
          inboundIps.map((ip) => ({ direction: 'inbound', remoteAddr: socket(ip).remoteAddr }) as never),
      },
      { development, ...(maxPerIp > 0 ? { maxPerIp } : {}) },
    );

  it('four silent connections from one address at once, until one speaks or ends', () => {
    const g = gater(false);
    const open = Array.from({ length: 4 }, () => socket('8.8.8.8'));
    assert.deepEqual(
      open.map((s) => g.denyInboundConnection(s)),
      [false, false, false, false],
    );
    assert.equal(g.denyInboundConnection(socket('8.8.8.8')), true);
    assert.equal(g.denyInboundConnection(socket('8.8.4.4')), false);
    g.denyInboundUpgradedConnection({}, open[0] as MultiaddrConnection);
    assert.equal(g.denyInboundConnection(socket('8.8.8.8')), false);
    (open[1] as unknown as EventTarget).dispatchEvent(new Event('close'));
    (open[0] as unknown as EventTarget).dispatchEvent(new Event('close')); // counted once
    assert.equal(g.denyInboundConnection(socket('8.8.8.8')), false);
    assert.equal(g.denyInboundConnection(socket('8.8.8.8')), true);
  });

  it('any number from loopback, and more on development networks', () => {
    const g = gater(false);
    for (let i = 0; i < 100; i++) assert.equal(g.denyInboundConnection(socket('127.0.0.1')), false);
    const d = gater(true);
    for (let i = 0; i < 40; i++) assert.equal(d.denyInboundConnection(socket('8.8.8.8')), false);
    assert.equal(d.denyInboundConnection(socket('8.8.8.8')), true);
  });

  it('as many from one address as configured; 8 by default, 80 on development networks', () => {
    const crowd = (n: number): string[] => Array.from({ length: n }, () => '8.8.8.8');
    for (const [development, maxPerIp, allowed] of [
      [false, 0, 8],
      [true, 0, 80],
      [false, 3, 3],
      [true, 3, 3],
    ] as const) {
      const denied = (n: number, ip = '8.8.8.8'): boolean =>
        gater(development, undefined, crowd(n), maxPerIp).denyInboundConnection(socket(ip));
      assert.deepEqual([denied(allowed - 1), denied(allowed), denied(allowed, '8.8.4.4')], [false, true, false]);
    }
  });

  it('nobody banned, by address or id; resting peers are only not dialled', () => {
    const bans = new Bans(() => undefined);
    for (const target of ['8.8.8.8', '127.0.0.1', KEY]) bans.add({ target, createdMs: 0, untilMs: 20, reason: '' });
    const g = gater(false, bans);
    assert.equal(g.denyInboundConnection(socket('8.8.8.8')), true);
    assert.equal(g.denyInboundConnection(socket('127.0.0.1')), true);
    assert.equal(g.denyDialMultiaddr(multiaddr('/ip4/8.8.8.8/tcp/1')), true);
    assert.equal(g.denyDialPeer(KEY), true);
    assert.equal(g.denyInboundEncryptedConnection(KEY), true);
    assert.equal(g.denyOutboundEncryptedConnection(KEY, socket('1.1.1.1')), true);
    g.rest('other', 11);
    assert.equal(g.denyDialPeer('other'), true);
    assert.equal(g.denyInboundEncryptedConnection('other'), false);
    g.wake('other');
    assert.equal(g.denyDialPeer('other'), false);
  });
});

describe('net: gossip scores', () => {
  it('let one invalid message cost what a peer can earn, and three end it', () => {
    const { topics } = protocolIds('0123456789abcdef');
    const params = scoreParams({ topics, blockSeconds: 600, sharedIps: true, appSpecificScore: () => 0 });
    assert.equal(params.IPColocationFactorWeight, 0);
    for (const t of Object.values(params.topics)) {
      const invalid = (n: number) => t.topicWeight * t.invalidMessageDeliveriesWeight * n * n;
      assert.ok(params.topicScoreCap + invalid(1) <= 0);
      assert.ok(params.topicScoreCap + invalid(3) < -160);
      assert.ok(t.firstMessageDeliveriesDecay > 0 && t.firstMessageDeliveriesDecay < 1);
      assert.ok(t.invalidMessageDeliveriesDecay > 0.99 && t.invalidMessageDeliveriesDecay < 1);
    }
  });
});
