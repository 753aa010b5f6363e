import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { Network } from '../../src/net/network.ts';
import { decodeEnvelope, decodeError } from '../../src/wire/frame.ts';
import { type PeerRequestError, WIRE_ERRORS, type WireMessage, WireRefusal } from '../../src/wire/peer.ts';
import { addressOf, join2, once, sleep, TestNetworks, until } from './support/network.ts';
import { ids, message, RawPeer, readerOf, sendRaw } from './support/rawPeer.ts';

const MIB4 = 4 * 1024 * 1024;
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const echo = async (_: string, { type, payload }: WireMessage): Promise<WireMessage> => ({
  type: type | 0x80,
  payload,
});
const failure = (reason: PeerRequestError['reason'], code?: number) => (error: PeerRequestError) =>
  error.name === 'PeerRequestError' && error.reason === reason && error.code === code;

describe('net: requests', () => {
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

  async function pair(
    serverOptions: Parameters<TestNetworks['create']>[0],
    serve: (server: Network) => void,
  ): Promise<[client: Network, server: Network]> {
    const server = nets.create(serverOptions);
    serve(server);
    await server.start();
    const client = await nets.start();
    await join2(client, server);
    return [client, server];
  }

  it('carry 4 MiB each way, whole', async () => {
    const [client, server] = await pair({}, (s) => s.serve('sync', echo));
    const payload = new Uint8Array(randomBytes(MIB4));
    const answer = await client.request(server.key, 'sync', { type: 6, payload });
    assert.equal(answer.type, 0x86);
    assert.equal(sha(answer.payload), sha(payload));
    assert.equal(answer.payload.constructor, Uint8Array);
  });

  it('are answered in any order, on both streams', async () => {
    const [client, server] = await pair({}, (s) => {
      s.serve('sync', async (_, { type, payload }) => {
        await sleep(payload[0] as number);
        return { type: type | 0x80, payload };
      });
      s.serve('light', echo);
    });
    const order: number[] = [];
    const ask = async (ms: number) => {
      const { payload } = await client.request(server.key, 'sync', { type: 1, payload: new Uint8Array([ms]) });
      order.push(payload[0] as number);
    };
    await Promise.all([
      ask(200),
      ask(100),
      ask(1),
      client.request(server.key, 'light', { type: 2, payload: new Uint8Array(3) }),
    ]);
    assert.deepEqual(order, [1, 100, 200]);
  });

  it('get the handler’s refusal, and BUSY when it fails', async () => {
    const [client, server] = await pair({}, (s) =>
      s.serve('sync', async (_, { type }) => {
        if (type === 1) throw new WireRefusal(WIRE_ERRORS.PRUNED, 'gone');
        if (type === 2) throw new Error('our bug, with a secret path');
        if (type === 3) return { type: 0x99, payload: new Uint8Array(0) };
        return { type: type | 0x80, payload: new Uint8Array(MIB4 + 1) };
      }),
    );
    const ask = (type: number) => client.request(server.key, 'sync', { type, payload: new Uint8Array(0) });
    await assert.rejects(ask(1), failure('answer', WIRE_ERRORS.PRUNED));
    await assert.rejects(
      ask(2),
      (e: PeerRequestError) => failure('answer', WIRE_ERRORS.BUSY)(e) && !/secret/.test(e.message),
    );
    await assert.rejects(ask(3), failure('answer', WIRE_ERRORS.BUSY));
    await assert.rejects(ask(4), failure('answer', WIRE_ERRORS.BUSY));
  });

  it('time out, and a late answer is no fault', async () => {
    const [client, server] = await pair({}, (s) =>
      s.serve('sync', async (_, { type, payload }) => {
        if (type === 1) await sleep(400);
        return { type: type | 0x80, payload };
      }),
    );
    await assert.rejects(
      client.request(server.key, 'sync', { type: 1, payload: new Uint8Array(1) }, { timeoutMs: 100 }),
      failure('timeout'),
    );
    await sleep(500);
    assert.equal(client.peers()[0]?.score, 0);
    assert.equal((await client.request(server.key, 'sync', { type: 2, payload: new Uint8Array(1) })).type, 0x82);
  });

  it('wait at most 16 at once per peer', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let most = 0;
    let now = 0;
    const [client, server] = await pair({ limits: { concurrentPerPeer: 5 } }, (s) =>
      s.serve('sync', async (_, { type, payload }) => {
        most = Math.max(most, ++now);
        await gate;
        now--;
        return { type: type | 0x80, payload };
      }),
    );
    const ask = () => client.request(server.key, 'sync', { type: 1, payload: new Uint8Array(1) });
    const sixteen = Array.from({ length: 16 }, ask);
    await assert.rejects(ask(), failure('busy'));
    await sleep(300);
    assert.equal(now, 5); // the rest waits unread
    release();
    await Promise.all(sixteen);
    assert.equal(most, 5);
    assert.equal((await ask()).type, 0x81);
  });

  it('fail at once when the peer leaves or was never there', async () => {
    const [client, server] = await pair({}, (s) => s.serve('sync', () => new Promise(() => undefined)));
    const waiting = assert.rejects(
      client.request(server.key, 'sync', { type: 1, payload: new Uint8Array(1) }),
      failure('disconnected'),
    );
    await sleep(100);
    await server.stop();
    await waiting;
    await assert.rejects(
      client.request(server.key, 'sync', { type: 1, payload: new Uint8Array(1) }),
      failure('disconnected'),
    );
  });

  it('to a peer that does not serve the stream fail without ending the connection', async () => {
    const [client, server] = await pair({}, (s) => s.serve('sync', echo));
    await assert.rejects(
      client.request(server.key, 'light', { type: 1, payload: new Uint8Array(1) }),
      failure('disconnected'),
    );
    assert.equal((await client.request(server.key, 'sync', { type: 1, payload: new Uint8Array(1) })).type, 0x81);
  });

  it('above the rate are answered RATE, and by bytes too', async () => {
    const [client, server] = await pair(
      { limits: { requestsPerSecond: 1, requestBurst: 3, answerBytesPerSecond: 1, answerBurstBytes: 1000 } },
      (s) =>
        s.serve('sync', async (_, { type }) => ({ type: type | 0x80, payload: new Uint8Array(type === 2 ? 2000 : 1) })),
    );
    const ask = (type: number) => client.request(server.key, 'sync', { type, payload: new Uint8Array(0) });
    assert.equal((await ask(2)).payload.length, 2000); // the debt is known only afterwards
    await assert.rejects(ask(1), failure('answer', WIRE_ERRORS.RATE));
    assert.equal(server.peers()[0]?.score, 0);
  });

  it('are answered RATE when too many', async () => {
    const [client, server] = await pair({ limits: { requestsPerSecond: 0.001, requestBurst: 3 } }, (s) =>
      s.serve('sync', echo),
    );
    const ask = () => client.request(server.key, 'sync', { type: 1, payload: new Uint8Array(0) });
    for (let i = 0; i < 3; i++) await ask();
    await assert.rejects(ask(), failure('answer', WIRE_ERRORS.RATE));
    // Reconnecting does not refill the bucket.
    await client.disconnect(server.key, 'test');
    await until('gone', () => server.peers().length === 0);
    await join2(client, server);
    await assert.rejects(ask(), failure('answer', WIRE_ERRORS.RATE));
  });

  it('of a slow reader hold bounded memory', async () => {
    let served = 0;
    const [client, server] = await pair(
      { limits: { answerMemoryBytes: 1024 * 1024, concurrentPerPeer: 4, frameTimeoutMs: 1500 } },
      (s) =>
        s.serve('sync', async (_, { type }) => {
          served++;
          return { type: type | 0x80, payload: new Uint8Array(MIB4) };
        }),
    );
    raw = await RawPeer.create();
    const connection = await raw.join(addressOf(server));
    const stream = await connection.newStream(ids.streams.sync);
    stream.addEventListener('message', () => undefined);
    stream.pause(); // asks, and never reads
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i++) sendRaw(stream, 5, message(1, i));
    await sleep(800);
    assert.ok(served <= 4, `${served} answers of 4 MiB made for a reader that takes none`);
    assert.ok(process.memoryUsage().arrayBuffers - before < 40 * 1024 * 1024);
    assert.equal(
      (await client.request(server.key, 'sync', { type: 1, payload: new Uint8Array(0) })).payload.length,
      MIB4,
    );
    await until('slow stream dropped', () => stream.status !== 'open', 6000);
  });

  it('bring a ban to who sends answers nobody asked for', async () => {
    const [, server] = await pair({}, (s) => s.serve('sync', echo));
    raw = await RawPeer.create();
    const banned = once(server, 'banned');
    for (let i = 0; i < 5; i++) {
      const connection = raw.node.getConnections()[0] ?? (await raw.join(addressOf(server)));
      const stream = await connection.newStream(ids.streams.sync);
      sendRaw(stream, 5, message(0x81, i));
      await until('stream reset', () => stream.status !== 'open');
    }
    assert.equal((await banned).peer, raw.key);
    await until('closed', () => raw?.node.getConnections().length === 0);
    await assert.rejects(raw.join(addressOf(server)));
  });

  it('punish a server that answers what was not asked, junk, or the wrong type', async () => {
    raw = await RawPeer.create();
    let reply: (type: number, id: number) => { length?: number; bytes: Uint8Array }[] = () => [];
    await raw.node.handle(ids.streams.sync, async (stream) => {
      const reader = readerOf(stream);
      for await (const frame of reader.frames()) {
        const { type, requestId } = decodeEnvelope(frame);
        for (const { length, bytes } of reply(type, requestId)) sendRaw(stream, length ?? bytes.length, bytes);
      }
    });
    const client = await nets.start();
    await raw.join(addressOf(client));
    await until('ready', () => client.peers().length === 1);
    const key = raw.key;
    const ask = () => client.request(key, 'sync', { type: 1, payload: new Uint8Array(0) }, { timeoutMs: 2000 });
    const score = () => client.peers()[0]?.score ?? -1;

    reply = (_, id) => [{ bytes: message(0x81, id + 1000) }, { bytes: message(0x81, id) }];
    assert.equal((await ask()).type, 0x81);
    assert.equal(score(), 20);
    reply = (_, id) => [{ bytes: message(0x82, id) }];
    await assert.rejects(ask(), failure('malformed'));
    assert.equal(score(), 40);
    reply = () => [{ bytes: new Uint8Array([1, 2]) }];
    await assert.rejects(ask(), failure('malformed'));
    assert.equal(score(), 60);
    reply = () => [{ length: MIB4 + 6, bytes: new Uint8Array(10) }];
    await assert.rejects(ask(), failure('malformed'));
    assert.equal(score(), 80);
    const banned = once(client, 'banned');
    reply = (_, id) => [{ bytes: message(0xff, id, new Uint8Array([77])) }];
    await assert.rejects(ask(), failure('malformed'));
    await banned;
    await until('gone', () => client.peers().length === 0);
  });

  it('that are junk, oversized or cut off cost points and the stream, and the node goes on', async () => {
    const [client, server] = await pair({ limits: { frameTimeoutMs: 300 } }, (s) => s.serve('sync', echo));
    raw = await RawPeer.create();
    const connection = await raw.join(addressOf(server));
    const key = raw.key;
    const score = () => server.peers().find((p) => p.key === key)?.score ?? -1;
    const attack = async (length: number, bytes: Uint8Array) => {
      const stream = await connection.newStream(ids.streams.sync);
      sendRaw(stream, length, bytes);
      await until('stream reset', () => stream.status !== 'open');
    };
    await attack(2, new Uint8Array([1, 2]));
    await until('short frame', () => score() === 20);
    await attack(MIB4 + 6, new Uint8Array(100));
    await until('oversized frame', () => score() === 40);
    await attack(1000, new Uint8Array(10)); // the rest never comes
    await until('incomplete frame', () => score() === 60);
    await attack(2 ** 35, new Uint8Array(100));
    await until('endless length', () => score() === 80);
    assert.equal((await client.request(server.key, 'sync', { type: 1, payload: new Uint8Array(9) })).payload.length, 9);
  });

  it('get an answer each even when sent as one burst', async () => {
    const [, server] = await pair({ limits: { requestBurst: 10, requestsPerSecond: 0.001 } }, (s) =>
      s.serve('light', echo),
    );
    raw = await RawPeer.create();
    const stream = await (await raw.join(addressOf(server))).newStream(ids.streams.light);
    const reader = readerOf(stream);
    for (let i = 0; i < 50; i++) sendRaw(stream, 5, message(1, i));
    const seen = new Set<number>();
    let rate = 0;
    for (let i = 0; i < 50; i++) {
      const { type, requestId, payload } = decodeEnvelope((await reader.read()) as Uint8Array);
      seen.add(requestId);
      if (type === 0xff && decodeError(payload).code === WIRE_ERRORS.RATE) rate++;
    }
    assert.equal(seen.size, 50);
    assert.equal(rate, 40);
  });
});
