import assert from 'node:assert/strict';
import { AUTH, rawExchange, rawPost, startTestServer, type TestServer } from './server.ts';

const COUNT = '{"method":"getblockcount","params":[],"id":1}';

async function post(url: string, body: string | undefined, init: RequestInit = {}) {
  const res = await fetch(url, { method: 'POST', headers: { Authorization: AUTH }, body: body ?? null, ...init });
  return { status: res.status, headers: res.headers, text: await res.text() };
}

describe('JSON-RPC over HTTP', () => {
  let t: TestServer;
  before(async () => {
    t = await startTestServer();
  });
  after(() => t.server.stop());

  it('answers exactly application/json with Content-Length and a trailing newline', async () => {
    const { status, headers, text } = await post(t.server.url, COUNT);
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'application/json');
    assert.equal(text, '{"result":0,"error":null,"id":1}\n');
    assert.equal(headers.get('content-length'), String(text.length));
    assert.equal(headers.get('transfer-encoding'), null);
  });

  it('ignores the content type of the request, even a missing one', async () => {
    for (const type of [
      'text/plain',
      'application/json; charset=utf-8',
      'application/x-www-form-urlencoded',
      'nonsense',
    ]) {
      const { status } = await post(t.server.url, COUNT, { headers: { Authorization: AUTH, 'Content-Type': type } });
      assert.equal(status, 200, type);
    }
    const raw = await rawExchange(t.server.port, rawPost(COUNT, [`Authorization: ${AUTH}`, 'Connection: close']));
    assert.match(raw, /^HTTP\/1\.1 200 /);
  });

  it('serves / and /wallet/<name>, and nothing else', async () => {
    assert.equal((await post(`${t.server.url}/wallet/w1`, COUNT)).status, 200);
    assert.equal((await post(`${t.server.url}/wallet/`, COUNT)).status, 200);
    for (const path of ['/x', '/rpc', '/wallet', '//', '/rest/chaininfo.json']) {
      assert.equal((await post(t.server.url + path, COUNT)).status, 404, path);
    }
  });

  it("answers other verbs 405 with Bitcoin Core's words, without asking for a password", async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      const res = await fetch(t.server.url, { method });
      assert.equal(res.status, 405, method);
      assert.equal(await res.text(), 'JSONRPC server handles only POST requests');
    }
  });

  it('shows errors of the old dialect in the HTTP status', async () => {
    const status = async (body: string) => (await post(t.server.url, body)).status;
    assert.equal(await status('{"method":"nosuch","id":1}'), 404);
    assert.equal(await status('{"method":5,"id":1}'), 400);
    assert.equal(await status('{"method":"getblockhash","params":[42],"id":1}'), 500);
    assert.equal(await status('{"method":"getblockhash","params":[],"id":1}'), 500);
    assert.equal(await status(''), 500);
    assert.equal(await status('this is bad'), 500);
    assert.equal(await status('"text"'), 500);
  });

  it('answers 2.0 with 200 even for errors, and notifications with 204 and no body', async () => {
    const bad = await post(t.server.url, '{"jsonrpc":"2.0","method":"nosuch","id":1}');
    assert.equal(bad.status, 200);
    const quiet = await post(t.server.url, '{"jsonrpc":"2.0","method":"uptime"}');
    assert.deepEqual([quiet.status, quiet.text], [204, '']);
    const batch = await post(t.server.url, '[{"jsonrpc":"2.0","method":"uptime"}]');
    assert.deepEqual([batch.status, batch.text], [204, '']);
  });

  it('answers batches 200 whatever their members come to', async () => {
    const { status, text } = await post(t.server.url, '[{"method":"nosuch","id":1},7]');
    assert.equal(status, 200);
    assert.equal(JSON.parse(text).length, 2);
    assert.deepEqual(await post(t.server.url, '[]').then((r) => [r.status, r.text]), [200, '[]\n']);
  });

  it('answers malformed JSON with -32700 and id null', async () => {
    for (const body of ['', '{', '{"a"', '[1,', '\u0000', '['.repeat(100_000)]) {
      const { status, text } = await post(t.server.url, body);
      assert.equal(status, 500);
      assert.deepEqual(JSON.parse(text), { result: null, error: { code: -32700, message: 'Parse error' }, id: null });
    }
  });

  it('refuses bytes that are no UTF-8 as a parse error', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"method":"echo","params":["'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"]}'),
    ]);
    const res = await fetch(t.server.url, { method: 'POST', headers: { Authorization: AUTH }, body: bytes });
    assert.equal(res.status, 500);
    assert.match(await res.text(), /-32700/);
  });

  it('echoes text of every script', async () => {
    const { text } = await post(t.server.url, '{"method":"echo","params":["žluťoučký 🐎"],"id":"ß"}');
    assert.deepEqual(JSON.parse(text), { result: ['žluťoučký 🐎'], error: null, id: 'ß' });
  });

  it('keeps the connection and honours Connection: close', async () => {
    const twice = rawPost(COUNT) + rawPost(COUNT, [`Authorization: ${AUTH}`, 'Connection: close']);
    const raw = await rawExchange(t.server.port, twice);
    assert.equal(raw.match(/HTTP\/1\.1 200/g)?.length, 2);
    assert.match(raw, /Connection: keep-alive/i);
    assert.match(raw, /Connection: close/i);
  });

  it('answers pipelined requests in order', async () => {
    const bodies = Array.from({ length: 50 }, (_, id) => `{"method":"echo","params":[${id}],"id":${id}}`);
    const last = rawPost('{"method":"uptime","id":"end"}', [`Authorization: ${AUTH}`, 'Connection: close']);
    const raw = await rawExchange(t.server.port, bodies.map((body) => rawPost(body)).join('') + last);
    const ids = [...raw.matchAll(/"id":(\d+)/g)].map((m) => Number(m[1]));
    assert.deepEqual(
      ids,
      Array.from({ length: 50 }, (_, id) => id),
    );
    assert.match(raw, /"id":"end"/);
  });

  it('answers HTTP/1.0 clients', async () => {
    const request = rawPost(COUNT).replace('HTTP/1.1', 'HTTP/1.0');
    assert.match(await rawExchange(t.server.port, request), /^HTTP\/1\.1 200 .*"result":0/s);
  });

  it('takes chunked bodies', async () => {
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunks = [COUNT.slice(0, 10), COUNT.slice(10)].map((c) => `${c.length.toString(16)}\r\n${c}\r\n`).join('');
    assert.match(await rawExchange(t.server.port, `${head}${chunks}0\r\n\r\n`), /"result":0/);
  });

  it('survives what is no HTTP', async () => {
    const raw = await rawExchange(t.server.port, 'echo "data"\n\n\n');
    assert.match(raw, /^HTTP\/1\.1 400 /);
    assert.equal((await post(t.server.url, COUNT)).status, 200);
  });

  it('answers 500 concurrent requests, none with 503', async () => {
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, id) => post(t.server.url, `{"method":"echo","params":[${id}],"id":${id}}`)),
    );
    for (const [id, { status, text }] of answers.entries()) {
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(text), { result: [id], error: null, id });
    }
  });

  it('runs a huge batch', async () => {
    const batch = JSON.stringify(Array.from({ length: 10_000 }, (_, id) => ({ method: 'getblockcount', id })));
    const { status, text } = await post(t.server.url, batch);
    assert.equal(status, 200);
    assert.equal(JSON.parse(text).length, 10_000);
  });
});

describe('JSON-RPC over HTTP: warm-up and stop', () => {
  it('listens before the node is ready and answers -28 with 500', async () => {
    const { makeDispatcher } = await import('./setup.ts');
    const dispatcher = makeDispatcher();
    const { startRpcHttp } = await import('../../src/rpc/http.node.ts');
    const { makeRpcAuth } = await import('../../src/rpc/auth.node.ts');
    const { silentLogger } = await import('../../src/util/ports.ts');
    const auth = [makeRpcAuth('alice', 'secret')];
    const options = { host: '127.0.0.1', port: 0, auth, explicitAuth: false, allowIps: [], log: silentLogger };
    const server = await startRpcHttp(dispatcher, options);
    try {
      dispatcher.setWarmup('Verifying blocks…');
      const { status, text } = await post(server.url, COUNT);
      assert.equal(status, 500);
      assert.deepEqual(JSON.parse(text).error, { code: -28, message: 'Verifying blocks…' });
    } finally {
      await server.stop();
    }
  });

  it('lets running calls finish, ends waiting ones and refuses new connections', async () => {
    const t = await startTestServer();
    const waiting = post(t.server.url, '{"method":"waitfornewblock","params":[60000],"id":1}');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const started = performance.now();
    await t.server.stop();
    const { status, text } = await waiting;
    assert.equal(status, 200);
    assert.equal(JSON.parse(text).result.height, 0);
    assert.ok(performance.now() - started < 2000);
    await assert.rejects(post(t.server.url, COUNT));
  });

  it('gives the answer to stop before it ends', async () => {
    const t = await startTestServer();
    const { status, text } = await post(t.server.url, '{"method":"stop","id":1}');
    assert.equal(status, 200);
    assert.equal(JSON.parse(text).result, 'Cairn stopping');
    assert.equal(t.node.stopped, true);
    await t.server.stop();
  });

  it('reports a port in use', async () => {
    const t = await startTestServer();
    try {
      await assert.rejects(startTestServer({ port: t.server.port }), { code: 'EADDRINUSE' });
    } finally {
      await t.server.stop();
    }
  });
});
