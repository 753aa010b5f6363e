import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Network } from '../../src/net/network.ts';
import { addressOf, sleep, TestNetworks, until } from './support/network.ts';

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** Header of a masked binary frame with a 64-bit length. */
function frameOf(length: bigint): Buffer {
  const header = Buffer.alloc(14);
  header[0] = 0x82;
  header[1] = 0xff;
  header.writeBigUInt64BE(length, 2);
  return header;
}

/** Frames that break RFC 6455, or that no noise frame could need: the library's listener hears of each as 'error'. */
const BAD_FRAMES: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ['a length above 2^53', frameOf(2n ** 62n)],
  ['a length of 50 MB', frameOf(50_000_000n)],
  ['an unknown opcode', Buffer.from([0x8f, 0x80, 1, 2, 3, 4])],
  ['no mask', Buffer.from([0x82, 0x01, 0x00])],
  ['reserved bits', Buffer.from([0xf2, 0x80, 1, 2, 3, 4])],
  ['a continuation of nothing', Buffer.from([0x80, 0x80, 1, 2, 3, 4])],
  ['a close frame of one byte', Buffer.from([0x88, 0x81, 1, 2, 3, 4, 5])],
  ['random bytes', randomBytes(5000)],
];

describe('net: the WebSocket door', function () {
  this.timeout(30_000);
  const networks = new TestNetworks();
  let listener: Network;
  let port: number;
  before(async () => {
    listener = await networks.start({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] });
    port = Number(addressOf(listener).split('/')[4]);
  });
  after(() => networks.close());

  function open(at = port): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(at, '127.0.0.1', () => resolve(socket));
      socket.once('error', reject);
      socket.on('error', () => undefined);
    });
  }

  for (const [what, bytes] of BAD_FRAMES) {
    it(`a frame with ${what} closes that connection and no more`, async () => {
      const socket = await open();
      let closed = false;
      socket.once('close', () => {
        closed = true;
      });
      socket.resume().write(UPGRADE);
      await sleep(50);
      socket.write(bytes);
      await until('the connection to be closed', () => closed, 8000);
    });
  }

  it('a peer comes in by it and stays', async () => {
    const peer = await networks.start({ listen: [] });
    await peer.connect(addressOf(listener));
    await until('both ready', () => listener.peers().some(({ key }) => key === peer.key));
    assert.match(listener.peers()[0]?.address ?? '', /\/ws\b/);
  });

  it('a socket that says nothing is closed after the time for a handshake', async () => {
    const hasty = await networks.start({ listen: ['/ip4/127.0.0.1/tcp/0/ws'], limits: { helloTimeoutMs: 700 } });
    const socket = await open(Number(addressOf(hasty).split('/')[4]));
    const started = Date.now();
    await new Promise((resolve) => socket.resume().once('close', resolve));
    const ms = Date.now() - started;
    assert.ok(ms > 500 && ms < 5000, `closed after ${ms} ms`);
  });
});
