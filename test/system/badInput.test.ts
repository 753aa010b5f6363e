import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from '../support/cluster.ts';
import { cleanEnv, MAIN, type TestNode } from '../support/nodeProcess.ts';
import { postRaw } from '../support/rpcCall.ts';

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

function cairn(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
  const done = spawnSync(process.execPath, [MAIN, ...args], { env: cleanEnv(env), encoding: 'utf8', timeout: 60_000 });
  return { code: done.status, output: done.stdout + done.stderr };
}

describe('bad input at the command line and in the configuration', function () {
  this.timeout(120_000);
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'cairn-bad-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it('names file, line, key, reason and the nearest known key, exit 78, and makes nothing', () => {
    const file = join(dir, 'typo.toml');
    writeFileSync(file, `role = "full"\ndatadir = "${dir}/never"\n[rpc]\nprot = 18443\n`);
    const { code, output } = cairn(['start', '--config', file]);
    assert.equal(code, 78);
    assert.match(output, /typo\.toml:4/);
    assert.match(output, /prot/);
    assert.match(output, /rpc\.port/);
    assert.equal(readdirSync(dir).includes('never'), false);
  });

  it('refuses values of the wrong kind or range with what is expected', () => {
    for (const [line, rule] of [
      ['[rpc]\nport = 99999', /65535/],
      ['[rpc]\nport = "x"', /rpc\.port/],
      ['role = "king"', /full, miner, light/],
      ['seeds = ["127.0.0.1:18444"]', /seeds/],
      ['role = full', /toml/i],
    ] as const) {
      const file = join(dir, 'value.toml');
      writeFileSync(file, `${line}\n`);
      const { code, output } = cairn(['start', '--config', file]);
      assert.equal(code, 78, `${line}: ${output}`);
      assert.match(output, rule);
    }
  });

  it('refuses an unknown environment variable of ours', () => {
    const { code, output } = cairn(['config', 'show'], { CAIRN_RPC_PROT: '1' });
    assert.equal(code, 78);
    assert.match(output, /CAIRN_RPC_PORT/);
  });

  it('refuses a data directory of another network, exit 78', () => {
    const datadir = join(dir, 'node');
    assert.equal(cairn(['init', '--role', 'full', '--datadir', datadir, '--network', 'regtest']).code, 0);
    const { code, output } = cairn(['start', '--datadir', datadir, '--network', 'cairn-devnet']);
    assert.equal(code, 78, output);
    assert.match(output, /regtest/);
  });

  it('answers wrong use with exit 64 and a node that does not run with exit 69', () => {
    assert.equal(cairn(['frobnicate']).code, 64);
    assert.equal(cairn(['start', '--no-such-flag']).code, 64);
    assert.equal(cairn(['rpc', '--datadir', join(dir, 'node'), 'getblockcount']).code, 69);
    assert.equal(cairn(['--help']).code, 0);
  });
});

describe('bad input at the RPC port', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let node: TestNode;
  before(async () => {
    cluster = new Cluster('regtest');
    node = await (await cluster.add('full', 'full')).start();
  });
  after(() => cluster.end());

  const send = (body: string | Uint8Array) => postRaw(node.rpcPort, body, { auth: node.cookie });
  const errorOf = (body: unknown) => (body as { error: { code: number; message: string } }).error;

  it('malformed JSON is -32700, a wrong request -32600, an unknown method -32601', async () => {
    const parse = await send('{"method":');
    assert.equal(parse.status, 500);
    assert.equal(errorOf(parse.body).code, -32700);
    assert.equal(errorOf((await send('{"id":1}')).body).code, -32600);
    const unknown = await send('{"id":1,"method":"nosuch"}');
    assert.equal(unknown.status, 404);
    assert.equal(errorOf(unknown.body).code, -32601);
  });

  it('wrong types, bad hex, bad hashes and too many arguments have Bitcoin Core codes', async () => {
    for (const [method, params, code] of [
      ['getblockhash', ['1'], -3],
      ['getblockhash', [99], -8],
      ['getblock', ['zz'], -8],
      ['getblock', ['00'.repeat(32)], -5],
      ['sendrawtransaction', ['xyz'], -22],
      ['sendrawtransaction', ['00'], -22],
      ['decoderawtransaction', [5], -3],
      ['getblockcount', [1, 2], -1],
      ['gettxout', ['ab', 0], -8],
      ['generatetoaddress', [1, 'nonsense'], -5],
    ] as const) {
      await assert.rejects(node.rpc(method, ...params), { code }, `${method} ${JSON.stringify(params)}`);
    }
    assert.equal(await node.height(), 0);
  });

  it('wrong credentials are 401, another verb 405, another path 404, a body over the limit refused', async () => {
    const wrong = await postRaw(node.rpcPort, '{"id":1,"method":"stop"}', { auth: 'a:b' });
    assert.equal(wrong.status, 401);
    assert.match(String(wrong.headers['www-authenticate']), /^Basic realm="jsonrpc"/);
    assert.equal((await postRaw(node.rpcPort, '', { auth: node.cookie, method: 'GET' })).status, 405);
    assert.equal((await postRaw(node.rpcPort, '{}', { auth: node.cookie, path: '/other' })).status, 404);
    const big = await send(Buffer.alloc(33 * 1024 * 1024, 0x20)).catch((error: NodeJS.ErrnoException) => error);
    if (big instanceof Error) assert.match(String((big as NodeJS.ErrnoException).code), /EPIPE|ECONNRESET/);
    else assert.equal(big.status, 413);
    assert.equal(await node.height(), 0);
  });

  it('a second process on the data directory is refused with exit 75; a clean stop is exit 0 within 5 s', async () => {
    const second = cairn([
      'start',
      '--datadir',
      node.options.dir,
      '--rpc-port',
      '0',
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      '--ops-port',
      '0',
    ]);
    assert.equal(second.code, 75, second.output);
    const busy = cairn([
      'start',
      '--datadir',
      `${node.options.dir}-b`,
      '--rpc-port',
      String(node.rpcPort),
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      '--ops-port',
      '0',
    ]);
    assert.equal(busy.code, 69, busy.output);
    const stopped = cairn(['stop', '--datadir', node.options.dir]);
    assert.equal(stopped.code, 0, stopped.output);
    assert.equal(await node.exited(), 0);
  });
});
