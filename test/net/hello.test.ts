import assert from 'node:assert/strict';
import { writeFrame } from '../../src/net/frames.ts';
import type { Network } from '../../src/net/network.ts';
import { nodejs } from '../../src/platform/nodejs.node.ts';
import { decodeHelloMessage, encodeHelloMessage } from '../../src/wire/hello.ts';
import type { Hello } from '../../src/wire/peer.ts';
import { addressOf, CHAIN_ID, chainOf, join2, once, sleep, TestNetworks, until } from './support/network.ts';
import { ids, RawPeer, rawHello, readerOf } from './support/rawPeer.ts';

describe('net: hello', () => {
  let nets: TestNetworks;
  beforeEach(() => {
    nets = new TestNetworks();
  });
  afterEach(() => nets.close());

  it('tells both sides who the other is', async () => {
    const a = await nets.start({ role: 'miner', best: { height: 7, bestHash: CHAIN_ID, chainWork: 1n << 200n } });
    const b = await nets.start({ role: 'full' });
    await join2(b, a);
    const [seenByB] = b.peers();
    const [seenByA] = a.peers();
    assert.equal(seenByB?.key, a.key);
    assert.equal(seenByB?.hello.role, 'miner');
    assert.equal(seenByB?.hello.height, 7);
    assert.equal(seenByB?.hello.chainWork, 1n << 200n);
    assert.deepEqual(seenByB?.hello.bestHash, CHAIN_ID);
    assert.equal(seenByB?.inbound, false);
    assert.equal(seenByA?.inbound, true);
    assert.ok(Math.abs(seenByB?.clockOffsetMs ?? 1e9) < 1000);
    await until('ping measured', () => b.peers()[0]?.pingMs !== undefined);
    assert.ok((b.peers()[0]?.bytesReceived ?? 0) > 100 && (b.peers()[0]?.bytesSent ?? 0) > 100);
    assert.ok(b.totals().bytesSent >= (b.peers()[0]?.bytesSent ?? 0));
  });

  it('says to new connections what setHello said last', async () => {
    const a = await nets.start();
    a.setHello({ height: 99, bestHash: CHAIN_ID, chainWork: 5n });
    const b = await nets.start();
    await b.connect(addressOf(a));
    assert.equal(b.peers()[0]?.hello.height, 99);
    assert.equal(b.peers()[0]?.hello.services, 7);
    a.setHello({ height: 99, bestHash: CHAIN_ID, chainWork: 5n, services: 8 });
    a.setHello({ height: 100, bestHash: CHAIN_ID, chainWork: 6n });
    const c = await nets.start();
    await c.connect(addressOf(a));
    assert.equal(c.peers()[0]?.hello.services, 8);
  });

  it('refuses a peer of another group on both sides, and does not dial it again', async () => {
    const a = await nets.start({ group: 'red' });
    let aheadMs = 0;
    let ticks = 0;
    const b = await nets.start({
      group: 'blue',
      seeds: [addressOf(a)],
      limits: { dialTickMs: 50 },
      platform: {
        ...nodejs,
        clock: { nowMs: () => Date.now() + aheadMs, monotonicMs: () => performance.now() + aheadMs },
        timers: {
          ...nodejs.timers,
          every: (ms, fn) =>
            nodejs.timers.every(ms, () => {
              if (ms === 50) ticks++;
              fn();
            }),
        },
      },
    });
    const [byA, byB] = await Promise.all([once(a, 'refused'), once(b, 'refused')]);
    assert.equal(byA.refusal, 'wrong-group');
    assert.equal(byB.refusal, 'wrong-group');
    assert.equal(byA.peer, b.key);
    let again = 0;
    a.events.on('refused', () => again++);
    // Long after whoever merely could not be reached would be dialled again.
    aheadMs = 60_000;
    const then = ticks;
    await until('looked for peers', () => ticks >= then + 6);
    assert.equal(again, 0);
    assert.equal(a.peers().length + b.peers().length, 0);
  });

  it('refuses another chain that has the same short id', async () => {
    const other = CHAIN_ID.slice();
    other[0] = 0x00; // displayed last: id16 is the same
    const a = await nets.start();
    const b = await nets.start({ chain: chainOf(other) });
    const refused = once(a, 'refused');
    await assert.rejects(b.connect(addressOf(a)), /chain/);
    assert.equal((await refused).refusal, 'wrong-chain');
  });

  it('refuses a peer that speaks the protocols of another chain, with its chain in the detail', async () => {
    const a = await nets.start();
    const b = await nets.start({ chain: chainOf(new Uint8Array(32).fill(0xab)) });
    const [byA, byB] = [once(a, 'refused'), once(b, 'refused')];
    await assert.rejects(b.connect(addressOf(a)), /our chain/);
    assert.equal((await byA).refusal, 'wrong-chain');
    assert.match((await byA).detail, /abababababababab/);
    assert.equal((await byB).refusal, 'wrong-chain');
    await until('closed', () => a.peers().length === 0);
  });

  it('answers another version, a second hello and silence after hello as the protocol says', async () => {
    const a = await nets.start({ limits: { helloTimeoutMs: 500 } });
    const raw = await RawPeer.create();
    try {
      const say = async (hello: Hello) => {
        const stream = await (await raw.dial(addressOf(a))).newStream(ids.hello);
        await writeFrame(stream, encodeHelloMessage({ kind: 'hello', hello }), nodejs.timers, 1000);
        const reader = readerOf(stream);
        return { stream, answer: decodeHelloMessage((await reader.read()) as Uint8Array) };
      };
      const { answer } = await say({ ...rawHello, minVersion: 2, maxVersion: 3 });
      assert.deepEqual(answer, {
        kind: 'refuse',
        refusal: 'wrong-version',
        detail: 'versions 2-3 do not meet 1-1',
      });
      await until('closed', () => raw.node.getConnections().length === 0);

      const refused = once(a, 'refused');
      const twice = await say(rawHello);
      assert.equal(twice.answer.kind, 'hello');
      await writeFrame(twice.stream, encodeHelloMessage({ kind: 'hello', hello: rawHello }), nodejs.timers, 1000);
      assert.equal((await refused).refusal, 'malformed');
      await until('closed', () => raw.node.getConnections().length === 0);

      await say(rawHello); // and no accept
      await until('closed', () => raw.node.getConnections().length === 0, 2000);
      assert.equal(a.peers().length, 0);
    } finally {
      await raw.stop();
    }
  });

  it('does not connect to itself', async () => {
    const a = await nets.start();
    await assert.rejects(a.connect(addressOf(a)), /self/);
    await assert.rejects(a.connect(addressOf(a).split('/p2p/')[0] as string), /self/);
  });

  it('connects to host:port without knowing the peer id', async () => {
    const a = await nets.start();
    const b = await nets.start();
    const port = addressOf(a).split('/')[4];
    assert.equal(await b.connect(`127.0.0.1:${port}`), a.key);
    assert.equal(b.peers()[0]?.key, a.key);
  });

  it('tells newcomers when it is full', async () => {
    const a = await nets.start({ maxPeers: 1 });
    const [b, c] = [await nets.start(), await nets.start()] as [Network, Network];
    await join2(b, a);
    await assert.rejects(c.connect(addressOf(a)), /no more/);
    assert.deepEqual(
      a.peers().map((p) => p.key),
      [b.key],
    );
  });

  it('keeps one connection when both dial at once', async () => {
    const [a, b] = [await nets.start(), await nets.start()] as [Network, Network];
    await Promise.all([a.connect(addressOf(b)), b.connect(addressOf(a))]);
    await until('both keep the same one', () => a.peers()[0]?.inbound !== b.peers()[0]?.inbound);
    // The other one is closed after half a second, and with it must go nothing else.
    await sleep(700);
    assert.equal(a.peers().length, 1);
    assert.equal(b.peers().length, 1);
    assert.notEqual(a.peers()[0]?.inbound, b.peers()[0]?.inbound);
  });
});
