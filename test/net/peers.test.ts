import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { loadKey, peerKeyOf } from '../../src/net/keyFile.node.ts';
import type { Network } from '../../src/net/network.ts';
import { PortInUseError } from '../../src/net/options.ts';
import { addressOf, join2, once, sleep, TestNetworks, until } from './support/network.ts';
import { ids, RawPeer } from './support/rawPeer.ts';

describe('net: peers', () => {
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

  it('that never say hello are disconnected, whichever side dialled', async () => {
    const a = await nets.start({ limits: { helloTimeoutMs: 300 } });
    raw = await RawPeer.create();
    const connection = await raw.dial(addressOf(a));
    await until('closed', () => connection.status !== 'open', 2000);
    const silent = raw.node.getMultiaddrs()[0]?.toString() as string;
    await raw.node.unhandle(ids.hello);
    await raw.node.handle(ids.hello, () => new Promise(() => undefined));
    await assert.rejects(a.connect(silent), /no hello within 300 ms/);
    await until('closed', () => raw?.node.getConnections().length === 0, 2000);
  });

  it('that say nonsense in hello are refused as malformed', async () => {
    const a = await nets.start();
    raw = await RawPeer.create();
    const connection = await raw.dial(addressOf(a));
    const refused = once(a, 'refused');
    const stream = await connection.newStream(ids.hello);
    stream.send(new Uint8Array([3, 1, 2, 3]));
    assert.equal((await refused).refusal, 'malformed');
    await until('closed', () => connection.status !== 'open', 2000);
  });

  it('are banned by id, kept away, and let in again after unban', async () => {
    const dataDir = nets.dir();
    const a = await nets.start({ dataDir });
    const b = await nets.start();
    await join2(b, a);
    const banned = once(a, 'banned');
    await a.ban(b.key, 3600, 'test');
    assert.equal((await banned).peer, b.key);
    await until('gone', () => a.peers().length === 0);
    await assert.rejects(b.connect(addressOf(a)));
    await assert.rejects(a.connect(addressOf(b)));
    await a.stop();

    const again = await nets.start({ dataDir });
    assert.deepEqual(
      again.bans().map(({ target, reason }) => ({ target, reason })),
      [{ target: b.key, reason: 'test' }],
    );
    await assert.rejects(b.connect(addressOf(again)));
    assert.equal(await again.unban(b.key), true);
    assert.equal(await again.unban(b.key), false);
    await until('let in', () =>
      b.connect(addressOf(again)).then(
        () => true,
        () => false,
      ),
    );
    await again.stop();
    assert.deepEqual((await nets.start({ dataDir })).bans(), []);
  });

  it('are banned by IP address', async () => {
    const [a, b] = [await nets.start(), await nets.start()] as [Network, Network];
    await join2(b, a);
    await a.ban('127.0.0.1', 60, 'test');
    await until('gone', () => a.peers().length === 0);
    await assert.rejects(b.connect(addressOf(a)));
    await assert.rejects(a.ban('nobody', 60, 'test'));
  });

  it('are banned at 100 points', async () => {
    const [a, b] = [await nets.start(), await nets.start()] as [Network, Network];
    await join2(b, a);
    a.penalize(b.key, 'time-too-new', 'honest');
    assert.equal(a.peers()[0]?.score, 0);
    a.penalize(b.key, 'bad-answer', 'one');
    assert.equal(a.peers()[0]?.score, 50);
    assert.equal(a.bans().length, 0);
    const gone = once(a, 'gone');
    a.penalize(b.key, 'bad-answer', 'two');
    assert.match((await gone).reason, /banned: bad-answer: two/);
    const [ban] = a.bans();
    assert.equal(ban?.target, b.key);
    assert.equal((ban?.untilMs ?? 0) - (ban?.createdMs ?? 0), 86_400_000);
    assert.equal(a.bans().length, 1); // 127.0.0.1 is everybody's
  });

  it('are banned for as long as configured', async () => {
    const a = await nets.start({ banSeconds: 7 });
    const b = await nets.start();
    await join2(b, a);
    const gone = once(a, 'gone');
    for (const detail of ['one', 'two']) a.penalize(b.key, 'bad-answer', detail);
    await gone;
    assert.deepEqual(
      a.bans().map((ban) => ban.untilMs - ban.createdMs),
      [7000],
    );
  });

  it('beyond the maximum make room: the one with penalties goes, manual and outbound ones stay', async () => {
    const a = await nets.start({ maxPeers: 3, targetOutbound: 1 });
    const [out, good, bad, late] = (await Promise.all([1, 2, 3, 4].map(() => nets.start()))) as [
      Network,
      Network,
      Network,
      Network,
    ];
    await join2(a, out);
    await join2(good, a);
    await join2(bad, a);
    a.penalize(bad.key, 'timeout', 'slow');
    a.penalize(out.key, 'bad-answer', 'worse, but ours');
    await join2(late, a);
    await until('bad one gone', () => a.peers().length === 3);
    assert.deepEqual(new Set(a.peers().map((p) => p.key)), new Set([out.key, good.key, late.key]));
  });

  it('added by hand are dialled again and again until removed', async () => {
    const a = await nets.start({ limits: { dialTickMs: 50 } });
    const dataDir = nets.dir();
    const privateKey = loadKey(join(dataDir, 'node.key'));
    const first = await nets.start({ dataDir, privateKey });
    const address = addressOf(first);
    a.addManual(address);
    await until('connected', () => a.manual()[0]?.connected === true);
    assert.equal(a.peers()[0]?.manual, true);
    await first.stop();
    await until('lost', () => a.manual()[0]?.connected === false);
    const second = await nets.start({ dataDir, privateKey, listen: [address.split('/p2p/')[0] as string] });
    await until('connected again', () => a.manual()[0]?.connected === true, 12_000);
    assert.equal(a.removeManual(address), true);
    assert.equal(a.removeManual(address), false);
    assert.deepEqual(a.manual(), []);
    assert.equal(second.peers().length, 1);
    assert.throws(() => a.addManual('no address'), RangeError);
  });

  it('are remembered: a restarted node finds them without the seed, from anchors or the peer store alone', async () => {
    const seed = await nets.start();
    const seeds = [addressOf(seed)];
    const limits = { dialTickMs: 100, housekeepingMs: 300 };
    const dataDir = nets.dir();
    const others = await Promise.all([1, 2, 3].map(() => nets.start({ seeds, limits })));
    const node = await nets.start({ dataDir, seeds, limits });
    await until('knows all', () => node.peers().length === 4, 15_000);
    await node.stop();
    await seed.stop();
    for (const lost of ['peers.json', 'peers']) {
      assert.ok(existsSync(join(dataDir, lost)));
      rmSync(join(dataDir, lost), { recursive: true });
      const again = await nets.start({ dataDir, limits });
      await until(`back without ${lost}`, () => again.peers().length >= 3, 12_000);
      await again.stop();
    }
    assert.equal(others.length, 3);
  });

  it('survive damaged files of their own', async () => {
    const dataDir = nets.dir();
    const a = await nets.start({ dataDir });
    await a.ban('10.1.2.3', 3600, 'kept?');
    await a.stop();
    writeFileSync(join(dataDir, 'bans.json'), '[{"target": 1}, nul');
    writeFileSync(join(dataDir, 'peers.json'), '[{"addresses":["nonsense"],"lastMs":1e99}, 7, null]');
    writeFileSync(join(dataDir, 'peers', 'CURRENT'), 'junk');
    const again = await nets.start({ dataDir });
    assert.deepEqual(again.bans(), []);
    assert.ok(existsSync(join(dataDir, 'bans.json.bad')));
    assert.ok(existsSync(join(dataDir, 'peers.bad')));
    await join2(again, await nets.start());
  });

  it('find each other from one seed: ten nodes, four peers each, within seconds', async function () {
    this.timeout(30_000);
    const limits = { dialTickMs: 200 };
    const seed = await nets.start({ limits });
    const started = Date.now();
    const all = [
      seed,
      ...(await Promise.all(Array.from({ length: 9 }, () => nets.start({ seeds: [addressOf(seed)], limits })))),
    ];
    await until('four peers each', () => all.every((n) => n.peers().length >= 4), 20_000);
    console.log(`      ten nodes with at least four peers each after ${Date.now() - started} ms`);
  });

  it('name the port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const listen = ['/ip4/127.0.0.1/tcp/0', `/ip4/127.0.0.1/tcp/${port}`];
    const dataDir = nets.dir();
    try {
      await assert.rejects(nets.start({ dataDir, listen }), (e: PortInUseError) => {
        assert.ok(e instanceof PortInUseError);
        assert.equal(e.address, listen[1]);
        return true;
      });
    } finally {
      server.close();
    }
    await nets.start({ dataDir, listen }); // nothing of the failed start is left
  });

  it('may come over WebSocket', async () => {
    const a = await nets.start({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] });
    const b = await nets.start({ listen: [] });
    await b.connect(addressOf(a));
    assert.match(b.peers()[0]?.address ?? '', /\/ws\//);
    assert.ok((b.peers()[0]?.bytesReceived ?? 0) > 0);
  });

  it('are told the announced address', async () => {
    const announce = ['/ip4/127.0.0.1/tcp/9'];
    const a = await nets.start({ announce });
    assert.deepEqual(a.addresses(), [`/ip4/127.0.0.1/tcp/9/p2p/${a.key}`]);
  });
});

describe('net: stop', () => {
  it('is quick, can be repeated, and a stopped network answers calmly', async () => {
    const nets = new TestNetworks();
    const [a, b] = [await nets.start(), await nets.start()] as [Network, Network];
    await join2(a, b);
    const started = Date.now();
    await Promise.all([a.stop(), a.stop()]);
    assert.ok(Date.now() - started < 3000);
    assert.deepEqual([a.peers(), a.addresses(), a.bans()], [[], [], []]);
    assert.equal(await a.publish('tx', new Uint8Array(1)), 0);
    await assert.rejects(a.connect(addressOf(b)), /not running/);
    await assert.rejects(a.start(), /stopped|started/);
    await nets.close();
  });

  it('works before start, and while starting', async () => {
    const nets = new TestNetworks();
    const never = nets.create();
    await never.stop();
    await assert.rejects(never.start(), /stopped/);
    const busy = nets.create();
    const starting = busy.start();
    await busy.stop();
    await starting.catch(() => undefined);
    await sleep(10);
    await nets.close();
  });
});

describe('net: node key', () => {
  it('is created once, for the owner only, and read again', async () => {
    const nets = new TestNetworks();
    const file = join(nets.dir(), 'sub', 'node.key');
    const key = loadKey(file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(peerKeyOf(loadKey(file)), peerKeyOf(key));
    assert.match(peerKeyOf(key), /^12D3KooW/);
    const bytes = readFileSync(file);
    writeFileSync(file, 'no key');
    assert.throws(() => loadKey(file), /not a node key/);
    writeFileSync(file, bytes);
    assert.equal(peerKeyOf(loadKey(file)), peerKeyOf(key));
    await nets.close();
  });
});
