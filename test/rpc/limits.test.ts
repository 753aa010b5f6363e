import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { AUTH, rawExchange, startTestServer, type TestServer } from './server.ts';

const MIB = 1024 * 1024;

describe('JSON-RPC work queue', () => {
  it('waits rather than refuses; beyond its length 503 with Retry-After', async () => {
    const t = await startTestServer({ workQueue: 3 });
    const ask = (body: string) => fetch(t.server.url, { method: 'POST', headers: { Authorization: AUTH }, body });
    try {
      const waiting = [1, 2, 3].map((id) => ask(`{"method":"waitfornewblock","params":[0],"id":${id}}`));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const refused = await ask('{"method":"uptime","id":1}');
      assert.equal(refused.status, 503);
      assert.equal(refused.headers.get('retry-after'), '1');
      t.node.mine();
      for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 200);
      assert.equal((await ask('{"method":"uptime","id":1}')).status, 200);
    } finally {
      await t.server.stop();
    }
  });
});

describe('JSON-RPC limits', () => {
  let t: TestServer;
  before(async () => {
    t = await startTestServer({ timeouts: { headersMs: 300, requestMs: 600, checkMs: 100, answerMs: 300 } });
  });
  after(() => t.server.stop());

  const works = async (): Promise<void> => {
    const init = { method: 'POST', headers: { Authorization: AUTH }, body: '{"method":"uptime","id":1}' };
    assert.equal((await fetch(t.server.url, init)).status, 200);
  };

  it('takes a body of 32 MiB', async function () {
    this.timeout(20_000);
    const body = `{"method":"decoderawtransaction","id":1,"params":["${'0'.repeat(32 * MIB - 55)}"]}`;
    assert.ok(body.length <= 32 * MIB && body.length > 32 * MIB - 100);
    const res = await fetch(t.server.url, { method: 'POST', headers: { Authorization: AUTH }, body });
    assert.equal(res.status, 500);
    assert.match(await res.text(), /"code":-22/);
  });

  it('refuses a body that announces more, before reading it', async () => {
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH}\r\nContent-Length: ${32 * MIB + 1}\r\n\r\n`;
    const raw = await rawExchange(t.server.port, head);
    assert.match(raw, /^HTTP\/1\.1 413 /);
    await works();
  });

  it('refuses a chunked body when it grows beyond the limit', async function () {
    this.timeout(20_000);
    const chunk = `${(8 * MIB).toString(16)}\r\n${'0'.repeat(8 * MIB)}\r\n`;
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const status = await new Promise<string>((resolve) => {
      const socket = connect(t.server.port, '127.0.0.1');
      let got = '';
      socket.on('data', (data) => {
        got += data.toString();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(got));
      socket.write(head);
      for (let i = 0; i < 6; i++) socket.write(chunk);
    });
    assert.ok(status === '' || /^HTTP\/1\.1 413 /.test(status), status.slice(0, 100));
    await works();
  });

  it('does not read the body of someone without a password', async () => {
    const head = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${30 * MIB}\r\n\r\n`;
    const started = performance.now();
    const raw = await rawExchange(t.server.port, head, 200);
    assert.match(raw, /^HTTP\/1\.1 401 /);
    assert.ok(performance.now() - started < 2000);
  });

  it('drops a client that does not finish its headers', async () => {
    const raw = await rawExchange(t.server.port, 'POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ', 5000);
    assert.match(raw, /^HTTP\/1\.1 408 /);
    await works();
  });

  it('drops a client that does not finish its body', async () => {
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH}\r\nContent-Length: 1000\r\n\r\n{"method":`;
    const started = performance.now();
    await rawExchange(t.server.port, head, 5000);
    assert.ok(performance.now() - started < 4000, 'closed by the server');
    await works();
  });

  it('drops a client that does not take its answer', async function () {
    this.timeout(10_000);
    const text = 'x'.repeat(16 * MIB);
    const body = `{"method":"echo","params":["${text}"],"id":1}`;
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const socket = connect(t.server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write(head + body);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    let got = 0;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', (chunk) => {
      got += chunk.length;
    });
    socket.resume();
    await closed;
    assert.ok(got < text.length, `${got} bytes came`);
    await works();
  });

  it('serves a slow client that goes on taking its answer', async function () {
    this.timeout(10_000);
    const text = 'x'.repeat(8 * MIB);
    const body = `{"method":"echo","params":["${text}"],"id":1}`;
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
    const socket = connect(t.server.port, '127.0.0.1');
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 10);
    });
    socket.write(head + body);
    await new Promise((resolve) => socket.once('close', resolve));
    assert.ok(got > text.length, `${got} bytes came`);
  });

  it('stops waiting for a client that went away', async () => {
    const body = '{"method":"waitfornewblock","params":[0],"id":1}';
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const before = t.node.listenerCount();
    await rawExchange(t.server.port, head + body, 100);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(t.node.listenerCount(), before);
  });

  it('answers without a Host header', async () => {
    const request = `POST / HTTP/1.1\r\nAuthorization: ${AUTH}\r\nConnection: close\r\nContent-Length: 26\r\n\r\n{"method":"uptime","id":1}`;
    assert.match(await rawExchange(t.server.port, request), /^HTTP\/1\.1 200 /);
  });

  it('forgets clients that go away in the middle', async () => {
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${AUTH}\r\nContent-Length: 1000\r\n\r\n{"method":`;
    await Promise.all(Array.from({ length: 50 }, () => rawExchange(t.server.port, head, 20)));
    await works();
  });

  it('refuses JSON nested deeper than 512', async () => {
    const body = `{"method":"echo","id":1,"params":${'['.repeat(600)}${']'.repeat(600)}}`;
    const res = await fetch(t.server.url, { method: 'POST', headers: { Authorization: AUTH }, body });
    assert.equal(res.status, 500);
    assert.match(await res.text(), /"code":-32700/);
  });

  it('answers headers that are too large with 431', async () => {
    const head = `POST / HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(100_000)}\r\n\r\n`;
    assert.match(await rawExchange(t.server.port, head), /^HTTP\/1\.1 431 /);
  });
});
