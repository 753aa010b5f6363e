import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RpcCallError, RpcClient, RpcUnreachable } from '../../src/rpc/client.node.ts';
import { writeCookie } from '../../src/rpc/cookie.node.ts';
import { startTestServer, type TestServer } from './server.ts';

const at = (port: number): string => `http://127.0.0.1:${port}/`;

const unreachable = (reason: string) => (error: unknown) => {
  assert.ok(error instanceof RpcUnreachable, String(error));
  assert.equal(error.reason, reason);
  return true;
};

describe('the JSON-RPC client', () => {
  let t: TestServer;
  const clients: RpcClient[] = [];
  const client = (more: Partial<ConstructorParameters<typeof RpcClient>[0]> = {}): RpcClient => {
    const credentials = { user: 'alice', password: 'secret' };
    const made = new RpcClient({ url: at(t.server.port), credentials, ...more });
    clients.push(made);
    return made;
  };
  before(async () => {
    t = await startTestServer();
  });
  after(async () => {
    for (const one of clients) one.close();
    await t.server.stop();
  });

  it('calls with positional and named parameters', async () => {
    assert.equal(await client().call('getblockcount'), 0);
    const genesis = await client().call('getblockhash', [0]);
    assert.equal(await client().call('getblockhash', { height: 0 }), genesis);
  });

  it('throws the error of the node with its code', async () => {
    await assert.rejects(client().call('getblockhash', [99]), (error) => {
      assert.ok(error instanceof RpcCallError);
      assert.deepEqual([error.code, error.message], [-8, 'Block height out of range']);
      return true;
    });
  });

  it('reads the cookie each time, so that it survives a restart of the node', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cairn-client-'));
    const path = join(dir, '.cookie');
    try {
      await assert.rejects(client({ credentials: { cookiePath: path } }).call('uptime'), unreachable('no-cookie'));
      const own = await startTestServer({ auth: [(await writeCookie(path)).auth] });
      const one = client({ url: at(own.server.port), credentials: { cookiePath: path } });
      assert.equal(typeof (await one.call('uptime')), 'number');
      await writeFile(path, '__cookie__:wrong');
      await assert.rejects(one.call('uptime'), unreachable('credentials'));
      await own.server.stop();
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('tells refused connections, wrong passwords and ports of something else apart', async () => {
    const closed = await startTestServer();
    await closed.server.stop();
    await assert.rejects(client({ url: at(closed.server.port) }).call('uptime'), unreachable('refused'));
    await assert.rejects(
      client({ credentials: { user: 'alice', password: 'no' } }).call('uptime'),
      unreachable('credentials'),
    );
    const other = createServer((_req, res) => res.end('<html>hello</html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await assert.rejects(client({ url: at(port) }).call('uptime'), unreachable('no-json'));
    other.closeAllConnections();
    other.close();
  });

  it('without credentials it is refused, with another scheme it does not even try', async () => {
    await assert.rejects(client({ credentials: undefined }).call('uptime'), unreachable('credentials'));
    for (const url of ['https://127.0.0.1:1/', 'nonsense', '']) {
      await assert.rejects(client({ url }).call('uptime'), unreachable('refused'));
    }
  });

  it('keeps the very text of numbers when asked to, and reads them as numbers otherwise', async () => {
    const other = createServer((_req, res) => res.end('{"result":{"fee":0.00001000,"n":[1]},"error":null,"id":1}'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const one = client({ url: at((other.address() as AddressInfo).port) });
    assert.deepEqual(await one.call('x'), { fee: 0.00001, n: [1] });
    assert.equal(JSON.stringify(await one.call('x', [], { exact: true })), '{"fee":0.00001000,"n":[1]}');
    other.closeAllConnections();
    other.close();
    await assert.rejects(client().call('getblockhash', [99], { exact: true }), (error) => {
      assert.ok(error instanceof RpcCallError);
      assert.equal(error.code, -8);
      return true;
    });
  });

  it('gives up after its time', async () => {
    const call = client({ timeoutMs: 100 }).call('waitfornewblock', [60_000]);
    await assert.rejects(call, unreachable('timeout'));
  });

  it('asks a hundred things at once', async () => {
    const one = client();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => one.call('echo', [at])));
    assert.deepEqual(
      answers,
      Array.from({ length: 100 }, (_, at) => [at]),
    );
  });
});
