import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { RPC } from '@libp2p/gossipsub/message';
import type { Stream } from '@libp2p/interface';
import * as varint from 'uint8-varint';
import { concatBytes } from '../../src/util/bytes.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import type { TopicName } from '../../src/wire/peer.ts';
import { NETWORKS } from '../support/cluster.ts';
import { LiarScene } from '../support/liarScene.ts';
import { watchMemory } from '../support/memory.ts';
import { freePort } from '../support/ports.ts';
import { pour, RawLiar } from '../support/rawLiar.ts';
import { sleep, until } from '../support/wait.ts';

const MIB = 1024 * 1024;
/** What the node may grow by while it is pelted, collected garbage included. */
const MOST_MIB = 160;

const junk = (n: number): Uint8Array<ArrayBuffer> => Uint8Array.from(randomBytes(n));
/** `varint length ‖ bytes`, where the length need not be true. */
const framed = (length: number, bytes: Uint8Array): Uint8Array => concatBytes(varint.encode(length), bytes);
const frame = (bytes: Uint8Array): Uint8Array => framed(bytes.length, bytes);
/** `type ‖ request id ‖ payload` of a request stream. */
const message = (type: number, payload = new Uint8Array(0)): Uint8Array =>
  concatBytes(Uint8Array.of(type, 1, 0, 0, 0), payload);

for (const network of NETWORKS) {
  describe(`a peer that sends junk (${network})`, function () {
    this.timeout(60_000);
    let scene: LiarScene;
    let wsPort: number;
    let memory: ReturnType<typeof watchMemory>;
    const raws: RawLiar[] = [];
    before(async () => {
      scene = new LiarScene(network);
      wsPort = await freePort();
      await scene.start(3, ['--listen', `/ip4/127.0.0.1/tcp/${wsPort}/ws`]);
      memory = watchMemory(scene.node);
    });
    after(async () => {
      await Promise.all(raws.map((raw) => raw.stop()));
      await scene.end();
    });
    afterEach(async () => {
      await scene.goesOn();
      assert.ok(scene.node.alive);
      const failures = scene.node.output.split('\n').filter((line) => / (ERROR|fatal) /.test(line));
      assert.deepEqual(failures, [], 'junk is no failure of ours');
    });

    const raw = async (): Promise<RawLiar> => {
      const liar = await RawLiar.start(scene.maker.network, scene.cluster.group);
      raws.push(liar);
      return liar;
    };
    const score = async (liar: RawLiar): Promise<number | undefined> => (await scene.peer(liar.key))?.score;
    const isScored = (liar: RawLiar, points: number): Promise<true> =>
      until(`score ${points}`, 8000, async () => {
        const now = await score(liar);
        if (now === points) return true;
        throw new Error(`score ${now}`);
      });
    const reset = (stream: Stream): Promise<boolean> =>
      until('the stream to be reset', 8000, () => stream.status !== 'open');

    for (const [topic, size] of [
      ['tx', 400_001],
      ['block', 200_001],
      ['header', 20_000],
    ] as const) {
      it(`on topic ${topic}: random bytes and too many of them are banned for`, async () => {
        for (const [bytes, rule] of [
          [(n: number) => junk(300 + n), 'malformed'],
          [(n: number) => new Uint8Array(n), 'malformed'],
          [(n: number) => junk(size + n), 'too-large'],
        ] as const) {
          const liar = await scene.connected();
          // Gossip promises nothing: a message right after connecting may be lost, so others follow.
          let sent = 0;
          await liar.gossip(topic as TopicName, bytes(sent++));
          await scene.banned(liar, rule, 15_000, async () => {
            if (sent < 4) await liar.gossip(topic as TopicName, bytes(sent++)).catch(() => {});
          });
        }
      });
    }

    it('gossip above 1 MiB: 20 points each, banned at the fifth', async () => {
      const liar = await raw();
      const connection = await liar.join(scene.address);
      const stream = await liar.open(connection, '/meshsub/1.1.0');
      for (let i = 1; i <= 5; i++) {
        const data = new Uint8Array(MIB + 1).fill(i);
        await pour(
          stream,
          frame(RPC.encode({ subscriptions: [], messages: [{ topic: liar.ids.topics.block, data }] })),
        );
        if (i < 5) await isScored(liar, 20 * i);
      }
      await scene.bannedKey(liar.key, 'protocol-violation');
    });

    it('gossip frames of lying length, junk and floods of control messages: the node stays as it is', async () => {
      const liar = await raw();
      const connection = await liar.join(scene.address);
      const topic = liar.ids.topics.tx;
      const many = (n: number) => Array.from({ length: n }, () => junk(20));
      const control = {
        ihave: [{ topicID: topic, messageIDs: many(50_000) }],
        iwant: [],
        graft: [],
        prune: [],
        idontwant: [],
      };
      const streams: readonly Uint8Array[] = [
        framed(2 ** 40, junk(MIB)),
        framed(8 * MIB, junk(8 * MIB)),
        frame(junk(2 * MIB)),
        frame(
          RPC.encode({
            subscriptions: Array.from({ length: 20_000 }, (_, i) => ({ subscribe: true, topic: `t${i}` })),
            messages: [],
          }),
        ),
        frame(RPC.encode({ subscriptions: [], messages: [], control })),
        frame(
          RPC.encode({
            subscriptions: [],
            messages: [],
            control: { ...control, ihave: [], iwant: [{ messageIDs: many(50_000) }] },
          }),
        ),
        frame(RPC.encode({ subscriptions: [], messages: [{ topic: 'another', data: junk(1000) }] })),
      ];
      for (const bytes of streams) {
        const stream = await liar.open(connection, '/meshsub/1.1.0');
        await pour(stream, bytes);
        await sleep(50);
        stream.abort(new Error('next'));
      }
    });

    for (const name of ['sync', 'light'] as const) {
      it(`on stream ${name}: lying lengths, answers to no question and junk requests cost points until the ban`, async () => {
        const liar = await raw();
        const connection = await liar.join(scene.address);
        const say = async (bytes: Uint8Array): Promise<Stream> => {
          const stream = await liar.open(connection, liar.ids.streams[name]);
          await pour(stream, bytes);
          return stream;
        };
        await reset(await say(framed(2 ** 27, junk(MIB))));
        await isScored(liar, 20);
        await reset(await say(new Uint8Array(12).fill(0xff)));
        await isScored(liar, 40);
        await reset(await say(frame(Uint8Array.of(1, 2))));
        await isScored(liar, 60);
        await reset(await say(frame(message(0x82, junk(50)))));
        await isScored(liar, 80);
        await say(frame(message(MESSAGE.HEADERS, junk(50))));
        await scene.bannedKey(liar.key, 'malformed');
      });
    }

    it('frames that are promised and never sent take no memory', async () => {
      const liar = await raw();
      const connection = await liar.join(scene.address);
      const held: Stream[] = [];
      for (let i = 0; i < 4; i++) {
        const stream = await liar.open(connection, liar.ids.streams.sync);
        await pour(stream, framed(4 * MIB, junk(1)));
        held.push(stream);
      }
      await sleep(300);
      assert.equal(await score(liar), 0);
      for (const stream of held) stream.abort(new Error('enough'));
    });

    it('a hello of 10 MB, of junk, or of nothing: refused, never a peer', async () => {
      const ten = 10 * 1000 * 1000;
      for (const bytes of [
        framed(ten, junk(ten)),
        frame(junk(600)),
        framed(2 ** 40, junk(100)),
        frame(new Uint8Array(0)),
      ]) {
        const liar = await raw();
        const connection = await liar.dial(scene.address);
        const stream = await liar.open(connection, liar.ids.hello);
        const sent = await pour(stream, bytes);
        await until('the connection to be closed', 8000, () => connection.status !== 'open');
        assert.equal(await scene.peer(liar.key), undefined);
        assert.ok(sent < 4 * MIB, `the node took ${sent} bytes of a hello`);
      }
    });

    it('before hello: no requests, no gossip', async () => {
      const liar = await raw();
      const connection = await liar.dial(scene.address);
      for (const protocol of [liar.ids.streams.sync, liar.ids.streams.light, '/meshsub/1.1.0']) {
        const stream = await liar.open(connection, protocol);
        await pour(stream, frame(junk(1000)));
      }
      await sleep(200);
      assert.equal(await scene.peer(liar.key), undefined);
      await connection.close();
    });

    it('on the protocols of libp2p itself (identify, push, ping, DHT): the node stays as it is', async () => {
      for (const protocol of ['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0', 'kad']) {
        for (const bytes of [junk(MIB), framed(2 ** 40, junk(1000)), frame(junk(500)), new Uint8Array(0)]) {
          const liar = await raw();
          const connection = await liar.join(scene.address);
          const stream = await liar.open(connection, protocol === 'kad' ? liar.ids.kad : protocol);
          await pour(stream, bytes);
          await sleep(20);
          await connection.close().catch(() => undefined);
        }
      }
    });

    it('raw bytes on the TCP and WebSocket ports, and sockets that stay silent', async () => {
      const upgrade =
        'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
      const text = (s: string): Uint8Array => Buffer.from(s);
      // A WebSocket frame that promises 2^62 bytes, a masked one with junk, one with a bad opcode.
      const huge = Uint8Array.of(0x82, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4);
      const masked = concatBytes(Uint8Array.of(0x82, 0xfe, 0x10, 0x00, 1, 2, 3, 4), junk(4096));
      const sockets: Socket[] = [];
      const send = (port: number, ...parts: Uint8Array[]): void => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        for (const part of parts) socket.write(part);
        sockets.push(socket);
      };
      for (const port of [scene.node.p2pPort, wsPort]) {
        send(port, junk(MIB));
        send(port, text('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
        send(port, text(`GET / HTTP/1.1\r\nX: ${'a'.repeat(200_000)}`));
        send(port, text('\x13/multistream/1.0.0\n'), junk(5000));
        send(port, text('\x13/multistream/1.0.0\n\x07/noise\n'), junk(5000));
        send(port, text(upgrade), huge, junk(10_000));
        send(port, text(upgrade), masked);
        send(port, text(upgrade), Uint8Array.of(0x8f, 0x00));
      }
      for (let i = 0; i < 20; i++) send(i % 2 === 0 ? scene.node.p2pPort : wsPort);
      // Somebody honest still gets in, by both doors, while the silent ones hold theirs.
      const liar = await scene.connected();
      await scene.unpunished(liar);
      const friend = await raw();
      await friend.join(scene.address.replace(/tcp\/\d+/, `tcp/${wsPort}/ws`));
      assert.equal(await score(friend), 0);
      await sleep(300);
      for (const socket of sockets) socket.destroy();
    });

    it(`all of it together took less than ${MOST_MIB} MiB`, () => {
      const grown = memory.stop();
      assert.ok(grown < MOST_MIB, `resident memory grew by ${grown.toFixed(0)} MiB`);
    });
  });
}
