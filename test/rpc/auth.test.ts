import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authenticator, makeRpcAuth, mayCall, parseRpcAuth } from '../../src/rpc/auth.node.ts';
import { AllowList, isLoopback } from '../../src/rpc/bindRules.node.ts';
import { readCookie, writeCookie } from '../../src/rpc/cookie.node.ts';
import { startTestServer } from './server.ts';

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
const UPTIME = '{"method":"uptime","id":1}';

describe('rpcauth', () => {
  // Made with Bitcoin Core's share/rpcauth/rpcauth.py recipe: HMAC-SHA256 keyed with the salt's text.
  const line = 'rt:93648e835a54c573682c2eb19f882535$7681e9c5b74bdd85e78166031d2058e1069b3ed7ed967c93fc63abba06f31144';

  it('reads user:salt$hmac and nothing else', () => {
    assert.equal(parseRpcAuth(line)?.user, 'rt');
    for (const bad of ['', 'a:b', 'a$b', 'a:b$c', `:s$${'0'.repeat(64)}`, `${line}0`, line.replace(':', '')]) {
      assert.equal(parseRpcAuth(bad), undefined, bad);
    }
  });

  it("accepts the password of Bitcoin Core's own test vector", () => {
    const auth = new Authenticator([parseRpcAuth(line) as never]);
    assert.deepEqual(auth.check(basic('rt:cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM=')), { ok: true, user: 'rt' });
    assert.deepEqual(auth.check(basic('rt:cA773lm788buwYe4g4WT+05pKyNruVKjQ25x3n0DQcM')), { ok: false, tried: true });
  });

  it('accepts passwords with colons and any characters', () => {
    const auth = new Authenticator([makeRpcAuth('u', 'a:b:ž ')]);
    assert.equal(auth.check(basic('u:a:b:ž ')).ok, true);
  });

  it('refuses wrong users, empty passwords and other schemes', () => {
    const auth = new Authenticator([makeRpcAuth('alice', 'secret'), makeRpcAuth('bob', 'hidden')]);
    for (const header of [
      basic('alice:hidden'),
      basic('bob:secret'),
      basic('alice:'),
      basic(':'),
      basic('alice'),
      'Basic',
      'Bearer x',
      'Basic !!!',
    ]) {
      assert.deepEqual(auth.check(header), { ok: false, tried: true }, header);
    }
    assert.deepEqual(auth.check(undefined), { ok: false, tried: false });
  });

  it('gives every call another salt', () => {
    assert.notEqual(makeRpcAuth('a', 'b').salt, makeRpcAuth('a', 'b').salt);
  });
});

describe('the whitelist of methods', () => {
  const whitelist = { methods: new Map([['bob', new Set(['uptime'])]]), others: 'nothing' } as const;
  it('lets listed users call listed methods only', () => {
    assert.equal(mayCall(whitelist, 'bob', 'uptime'), true);
    assert.equal(mayCall(whitelist, 'bob', 'stop'), false);
    assert.equal(mayCall(whitelist, 'eve', 'uptime'), false);
    assert.equal(mayCall({ ...whitelist, others: 'everything' }, 'eve', 'stop'), true);
    assert.equal(mayCall(undefined, 'eve', 'stop'), true);
  });
});

describe('authentication over HTTP', () => {
  it('is 401 with the realm for missing and wrong credentials; only wrong ones wait 250 ms', async () => {
    const t = await startTestServer();
    const attempt = async (authorization?: string) => {
      const started = performance.now();
      const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization };
      const res = await fetch(t.server.url, { method: 'POST', headers, body: UPTIME });
      return { status: res.status, realm: res.headers.get('www-authenticate'), ms: performance.now() - started };
    };
    try {
      const missing = await attempt();
      assert.deepEqual([missing.status, missing.realm], [401, 'Basic realm="jsonrpc"']);
      assert.ok(missing.ms < 200, `${missing.ms} ms`);
      const wrong = await attempt(basic('alice:wrong'));
      assert.deepEqual([wrong.status, wrong.realm], [401, 'Basic realm="jsonrpc"']);
      assert.ok(wrong.ms >= 240, `${wrong.ms} ms`);
      assert.equal((await attempt(basic('alice:secret'))).status, 200);
    } finally {
      await t.server.stop();
    }
  });

  it('takes the cookie and rpcauth users at the same time', async () => {
    const auth = [makeRpcAuth('__cookie__', 'c00kie'), makeRpcAuth('bob', 'x')];
    const t = await startTestServer({ auth });
    try {
      for (const pair of ['__cookie__:c00kie', 'bob:x']) {
        const res = await fetch(t.server.url, {
          method: 'POST',
          headers: { Authorization: basic(pair) },
          body: UPTIME,
        });
        assert.equal(res.status, 200, pair);
      }
    } finally {
      await t.server.stop();
    }
  });

  it('is 403 for methods a user may not call, alone and in a batch', async () => {
    const whitelist = { methods: new Map([['alice', new Set(['uptime'])]]), others: 'nothing' } as const;
    const t = await startTestServer({ whitelist });
    const status = async (body: string) =>
      (await fetch(t.server.url, { method: 'POST', headers: { Authorization: basic('alice:secret') }, body })).status;
    try {
      assert.equal(await status(UPTIME), 200);
      assert.equal(await status('{"method":"stop","id":1}'), 403);
      assert.equal(await status(`[${UPTIME},{"method":"stop","id":1}]`), 403);
      assert.equal(t.node.stopped, false);
    } finally {
      await t.server.stop();
    }
  });
});

describe('who may connect', () => {
  it('loopback always, others by address, CIDR or netmask', () => {
    const allow = new AllowList(['10.1.0.0/16', '192.168.7.7', '172.16.0.0/255.240.0.0', 'fd00::/8']);
    for (const ip of [
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '::ffff:127.0.0.1',
      '10.1.255.255',
      '::ffff:10.1.2.3',
      '192.168.7.7',
      '172.31.0.1',
      'fd12::1',
    ]) {
      assert.equal(allow.allows(ip), true, ip);
    }
    for (const ip of ['10.2.0.1', '192.168.7.8', '172.32.0.1', 'fe80::1', '8.8.8.8', '::ffff:8.8.8.8', '', undefined]) {
      assert.equal(allow.allows(ip), false, String(ip));
    }
  });

  it('refuses entries that are no addresses', () => {
    for (const bad of [
      '',
      'localhost',
      '10.0.0.0/33',
      '10.0.0/8',
      '10.0.0.0/255.0.255.0',
      '10.0.0.0/8/8',
      'fd00::/129',
      '*',
      '10.0.0.0/-1',
    ]) {
      assert.throws(() => new AllowList([bad]), RangeError, bad);
    }
  });

  it('never listens beyond loopback without an allow list and explicit credentials', async () => {
    const cases = [
      { explicitAuth: false, allowIps: [] },
      { explicitAuth: true, allowIps: [] },
      { explicitAuth: false, allowIps: ['10.0.0.0/8'] },
    ];
    for (const options of cases) {
      await assert.rejects(startTestServer({ host: '0.0.0.0', ...options }), /will not listen on 0\.0\.0\.0/);
    }
    const t = await startTestServer({ host: '0.0.0.0', explicitAuth: true, allowIps: ['10.0.0.0/8'] });
    await t.server.stop();
    for (const host of ['127.0.0.1', '::1', 'localhost', '127.1.2.3']) assert.equal(isLoopback(host), true, host);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.evil.org'])
      assert.equal(isLoopback(host), false, host);
  });
});

describe('the cookie file', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cairn-cookie-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('holds __cookie__:<64 hex>, is for the owner only, and leaves no temporary file', async () => {
    const path = join(dir, '.cookie');
    await writeFile(path, 'old', { mode: 0o666 });
    await writeCookie(path);
    assert.match(await readFile(path, 'utf8'), /^__cookie__:[0-9a-f]{64}$/);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(dir), ['.cookie']);
  });

  it('is new each time and fits its own entry', async () => {
    const path = join(dir, '.cookie');
    const first = await writeCookie(path);
    const before = await readCookie(path);
    const second = await writeCookie(path);
    const now = await readCookie(path);
    assert.notEqual(before.password, now.password);
    const ok = (entry: typeof first.auth, password: string) =>
      new Authenticator([entry]).check(basic(`__cookie__:${password}`)).ok;
    assert.equal(ok(second.auth, now.password), true);
    assert.equal(ok(second.auth, before.password), false);
  });

  it('is removed only by the one who wrote it', async () => {
    const path = join(dir, '.cookie');
    const first = await writeCookie(path);
    const second = await writeCookie(path);
    await first.remove();
    assert.equal((await readdir(dir)).length, 1);
    await second.remove();
    await second.remove();
    assert.deepEqual(await readdir(dir), []);
  });

  it('fails with the path when it cannot be written or is no cookie', async () => {
    await assert.rejects(writeCookie(join(dir, 'no', 'such', '.cookie')), /no\/such/);
    await writeFile(join(dir, 'x'), 'nonsense');
    await assert.rejects(readCookie(join(dir, 'x')), /does not hold user:password/);
  });
});
