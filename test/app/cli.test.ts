import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEnv, MAIN } from '../support/nodeProcess.ts';

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the real program. */
function cairn(args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: cleanEnv(options.env), stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.end(options.input ?? '');
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

const SEED = '/ip4/10.0.0.1/tcp/18444/p2p/12D3KooWRKeR8xpT3SY5XTK5dCFUDwfV2aLQy4cLiuVvxg5hn2nU';

describe('command line', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cairn-cli-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const at = (name: string): string => join(dir, name);

  describe('usage', () => {
    it('--help lists the commands and ends with 0', async () => {
      const { code, out } = await cairn(['--help']);
      assert.equal(code, 0);
      for (const name of ['init', 'start', 'status', 'rpc', 'stop', 'config', 'network', 'devnet']) {
        assert.match(out, new RegExp(`^  ${name} `, 'm'));
      }
    });

    it('a command has help of its own; --help-all lists every option with key and default', async () => {
      const [short, long] = await Promise.all([cairn(['start', '--help']), cairn(['start', '--help-all'])]);
      assert.deepEqual([short.code, long.code], [0, 0]);
      assert.ok(!short.out.includes('--mempool-max-mb'));
      assert.match(long.out.replaceAll(/\s+/g, ' '), /--mempool-max-mb <N> .*\[mempool\.max_mb, default 300\]/);
    });

    const wrong: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
      ['an unknown command, with the nearest', ['strat'], /Did you mean start\?/],
      ['an unknown flag, with the nearest', ['start', '--rcp-port', '1'], /Did you mean --rpc-port\?/],
      ['a flag without its value', ['start', '--rpc-port'], /argument missing/],
      ['too many words', ['stop', 'now'], /too many arguments/],
      ['a missing word', ['rpc'], /missing required argument/],
      ['a bad value', ['config', 'check', '--rpc-port', 'x'], /--rpc-port: rpc\.port: must be a whole number/],
      ['a broken mnemonic', ['keys', '--mnemonic', 'test test'], /the mnemonic is not/],
      ['a bad amount', ['network', 'new', 'x', '--subsidy', '1e3', '--out', '-'], /not an amount/],
    ];
    for (const [what, args, says] of wrong) {
      it(`exit 64: ${what}`, async () => {
        const { code, err } = await cairn(args);
        assert.equal(code, 64, err);
        assert.match(err, says);
      });
    }
  });

  describe('init', () => {
    it('writes config, key (0600) and network, and prints the multiaddrs', async () => {
      const { code, out, err } = await cairn([
        'init',
        '--role',
        'light',
        '--datadir',
        at('n'),
        '--seed',
        SEED,
        '--group',
        'g',
        '--port',
        '19000',
      ]);
      assert.equal(code, 0, err);
      assert.equal(statSync(at('n/node.key')).mode & 0o777, 0o600);
      const peerId = /^peer id: (12D3KooW\w+)$/m.exec(out)?.[1];
      assert.match(out, new RegExp(`^address: /ip4/127\\.0\\.0\\.1/tcp/19000/p2p/${peerId}$`, 'm'));
      assert.match(out, new RegExp(`^address: /ip4/127\\.0\\.0\\.1/tcp/19001/ws/p2p/${peerId}$`, 'm'));
      const shown = await cairn(['config', 'show', '--json', '--datadir', at('n')]);
      const values = JSON.parse(shown.out) as Record<string, { value: unknown; source: string }>;
      assert.deepEqual([values.role?.value, values.seeds?.value, values.group?.value], ['light', [SEED], 'g']);
      assert.equal(values.role?.source, 'file');
    });

    it('repeated, it changes nothing; with other words it refuses (78) and changes nothing', async () => {
      const args = ['init', '--datadir', at('n')];
      assert.equal((await cairn(args)).code, 0);
      const before = snapshot(at('n'));
      const again = await cairn(args);
      assert.deepEqual([again.code, again.out.startsWith('unchanged:')], [0, true]);
      assert.deepEqual(snapshot(at('n')), before);
      const other = await cairn([...args, '--role', 'light']);
      assert.equal(other.code, 78);
      assert.match(other.err, /exists and says something else; nothing was changed/);
      assert.deepEqual(snapshot(at('n')), before);
      assert.equal((await cairn([...args, '--role', 'light', '--force'])).code, 0);
      assert.equal(snapshot(at('n'))['node.key'], before['node.key']);
    });

    it('a data directory belongs to one network: another is refused (78), also with --force', async () => {
      assert.equal((await cairn(['init', '--datadir', at('n')])).code, 0);
      const before = snapshot(at('n'));
      for (const args of [['init', '--force'], ['start']]) {
        const { code, err } = await cairn([...args, '--datadir', at('n'), '--network', 'cairn-devnet']);
        assert.equal(code, 78);
        assert.match(err, /belongs to network regtest .*, not cairn-devnet/);
        assert.deepEqual(snapshot(at('n')), before);
      }
    });

    it('a miner without an address gets one of its own, with its key', async () => {
      const { code, out } = await cairn(['init', '--role', 'miner', '--datadir', at('n')]);
      assert.equal(code, 0);
      const address = /^payout: (bcrt1q\w+)/m.exec(out)?.[1];
      assert.match(readFileSync(at('n/payout.key'), 'utf8'), new RegExp(`^address ${address}\nwif c\\w{51}\n$`));
      assert.equal(statSync(at('n/payout.key')).mode & 0o777, 0o600);
      assert.equal(
        (await cairn(['init', '--role', 'miner', '--datadir', at('n')])).out.includes(address as string),
        true,
      );
    });

    it('a wrong value leaves no trace', async () => {
      assert.equal((await cairn(['init', '--datadir', at('n'), '--seed', 'localhost'])).code, 64);
      assert.equal((await cairn(['init', '--datadir', at('n'), '--network', 'mainnet'])).code, 64);
      assert.equal((await cairn(['init', '--datadir', at('n')], { env: { CAIRN_ROEL: 'full' } })).code, 78);
      assert.equal(existsSync(at('n')), false);
    });

    it('a damaged key is refused, never replaced', async () => {
      mkdirSync(at('n'));
      writeFileSync(at('n/node.key'), 'not a key');
      const { code, err } = await cairn(['init', '--datadir', at('n')]);
      assert.equal(code, 78);
      assert.match(err, /node\.key is not a node key/);
      assert.equal(readFileSync(at('n/node.key'), 'utf8'), 'not a key');
      rmSync(at('n/node.key'));
      mkdirSync(at('n/node.key'));
      const folder = await cairn(['init', '--datadir', at('n')]);
      assert.equal(folder.code, 78);
      assert.match(folder.err, /node\.key is not a node key/);
    });
  });

  describe('start', () => {
    it('exit 78: an unknown key names file, line and the nearest key', async () => {
      writeFileSync(at('c.toml'), 'role = "full"\n\n[p2p]\nmax_pers = 1\n');
      const { code, err } = await cairn(['start', '--config', at('c.toml')]);
      assert.equal(code, 78);
      assert.ok(
        err.startsWith(`cairn: ${at('c.toml')}:4: p2p.max_pers: unknown key; did you mean p2p.max_peers?\n`),
        err,
      );
    });

    it('exit 78: a config file that is missing', async () => {
      assert.equal((await cairn(['start', '--config', at('none.toml')])).code, 78);
    });

    it('exit 69: a port that is taken is named with its key', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const flags = ['--rpc-port', String(port), '--ops-port', '0', '--listen', '/ip4/127.0.0.1/tcp/0'];
      const { code, err } = await cairn(['start', '--datadir', at('n'), ...flags]);
      server.close();
      assert.equal(code, 69, err);
      assert.match(err, new RegExp(`rpc\\.port: port ${port} on 127\\.0\\.0\\.1 is in use`));
    });

    it("exit 78: a miner's address of another network, with file and line, before anything is made", async () => {
      const main = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4';
      writeFileSync(at('c.toml'), `role = "miner"\ndatadir = "n"\n[mining]\naddress = "${main}"\n`);
      for (const words of [['start'], ['config', 'check']]) {
        const { code, err } = await cairn([...words, '--config', at('c.toml')]);
        assert.equal(code, 78, err);
        assert.ok(
          err.startsWith(`cairn: ${at('c.toml')}:4: mining.address: "${main}" is not an address of network regtest\n`),
          err,
        );
      }
      const init = await cairn(['init', '--role', 'miner', '--mining-address', main, '--datadir', at('n')]);
      assert.deepEqual([init.code, existsSync(at('n'))], [64, false], init.err);
    });

    it('exit 74: a file where the data directory belongs is named', async () => {
      writeFileSync(at('file'), '');
      for (const words of [['start'], ['init'], ['devnet', '--port-base', '29000']]) {
        const { code, err } = await cairn([...words, '--datadir', at('file')]);
        assert.equal(code, 74, err);
        assert.ok(err.startsWith(`cairn: ${at('file')} is not a directory\nnext: `), err);
      }
    });

    it('exit 74 at once on a file system that takes no directory', async function () {
      if (!existsSync('/proc/self')) this.skip();
      const { code, err } = await cairn(['start', '--datadir', '/proc/cairn/n']);
      assert.equal(code, 74, err);
      assert.match(err, /^cairn: cannot make \/proc\/cairn: /);
    });

    it('exit 74: a data directory that cannot be made', async () => {
      writeFileSync(at('file'), '');
      const { code, err } = await cairn(['start', '--datadir', at('file/n')]);
      assert.equal(code, 74, err);
      if (process.getuid?.() === 0) return;
      mkdirSync(at('closed'));
      chmodSync(at('closed'), 0o500);
      assert.equal((await cairn(['start', '--datadir', at('closed/n')])).code, 74);
    });
  });

  describe('rpc', () => {
    /** Answers every request with what `answer` makes of it. */
    async function fake(
      answer: (body: string) => { status?: number; text: string },
    ): Promise<{ url: string; close(): void; seen: string[] }> {
      const seen: string[] = [];
      const server = createHttp((req, res) => {
        let body = '';
        req.setEncoding('utf8').on('data', (text: string) => (body += text));
        req.on('end', () => {
          seen.push(body);
          const { status = 200, text } = answer(body);
          res.writeHead(status).end(text);
        });
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close(), seen };
    }

    it('exit 69 when nobody answers', async () => {
      const { code, err } = await cairn(['rpc', '--datadir', at('n'), '--rpc-url', 'http://127.0.0.1:1/', 'uptime']);
      assert.equal(code, 69);
      assert.match(err, /no node answers at http:\/\/127\.0\.0\.1:1\//);
    });

    it('arguments are JSON where they look like it, and amounts keep their eight decimals', async () => {
      const node = await fake(() => ({ text: '{"jsonrpc":"2.0","result":{"fee":0.00001000,"n":1},"id":1}' }));
      const words = ['7', 'true', 'null', '[1,"a"]', '{"b":0.5}', '"7"', 'bcrt1q', '00ff', '12345678901234567890'];
      const { out, code } = await cairn(['rpc', '--rpc-url', node.url, 'm', ...words], {
        env: { CAIRN_DATADIR: at('n') },
      });
      node.close();
      assert.equal(code, 0);
      assert.equal(out, '{\n  "fee": 0.00001000,\n  "n": 1\n}\n');
      assert.deepEqual((JSON.parse(node.seen[0]!) as { params: unknown }).params, [
        7,
        true,
        null,
        [1, 'a'],
        { b: 0.5 },
        '7',
        'bcrt1q',
        '00ff',
        '12345678901234567890',
      ]);
    });

    it('named arguments and arguments from standard input', async () => {
      const node = await fake(() => ({ text: '{"result":"text","id":1}' }));
      const base = ['rpc', '--rpc-url', node.url, '--datadir', at('n')];
      const named = await cairn([...base, '--named', 'm', 'a=1', 'b=x=y', '2']);
      const piped = await cairn([...base, '--stdin', 'm', '1'], { input: 'two\n[3]\n' });
      node.close();
      assert.equal(named.out, 'text\n');
      assert.equal(piped.code, 0);
      assert.deepEqual(
        node.seen.map((body) => (JSON.parse(body) as { params: unknown }).params),
        [{ a: 1, b: 'x=y', args: [2] }, [1, 'two', [3]]],
      );
    });

    it('an error of the node goes to standard error as bitcoin-cli prints it, exit 1', async () => {
      const node = await fake(() => ({
        status: 500,
        text: '{"result":null,"error":{"code":-8,"message":"bad"},"id":1}',
      }));
      const { code, out, err } = await cairn(['rpc', '--rpc-url', node.url, '--datadir', at('n'), 'm']);
      node.close();
      assert.deepEqual([code, out, err], [1, '', 'error code: -8\nerror message:\nbad\n']);
    });

    it('a refused user is a matter of configuration (78), an answer that is no JSON is not a node (69)', async () => {
      let status = 401;
      const node = await fake(() => ({ status, text: '<html>' }));
      const run = () => cairn(['rpc', '--rpc-url', node.url, '--datadir', at('n'), 'm']);
      assert.equal((await run()).code, 78);
      status = 200;
      assert.equal((await run()).code, 69);
      node.close();
    });

    it('broken JSON in an argument is a usage error', async () => {
      assert.equal((await cairn(['rpc', '--datadir', at('n'), 'm', '[1'])).code, 64);
    });
  });

  describe('config and network', () => {
    it('config show --origin says where each value comes from', async () => {
      writeFileSync(at('c.toml'), 'role = "light"\n');
      const { out } = await cairn(['config', 'show', '--origin', '--config', at('c.toml'), '--no-txindex'], {
        env: { CAIRN_GROUP: 'g' },
      });
      assert.match(out, new RegExp(`^role = "light" +# ${at('c.toml')}:1$`, 'm'));
      assert.match(out, /^group = "g" +# CAIRN_GROUP$/m);
      assert.match(out, /^txindex = false +# --txindex$/m);
      assert.match(out, /^rpc\.port = 18443 +# default$/m);
    });

    it('network new writes a file that network show, init and config check take, and never replaces one', async () => {
      const make = ['network', 'new', 'lab', '--out', at('lab.json'), '--limit-bits', '0x207fffff', '--spacing', '5'];
      const { code, err } = await cairn([...make, '--allocate', 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080=12.5']);
      assert.equal(code, 0, err);
      const shown = JSON.parse((await cairn(['network', 'show', at('lab.json')])).out);
      assert.deepEqual([shown.name, shown.consensus.pow.spacing], ['lab', 5]);
      assert.equal(shown.consensus.genesis.allocations[0].amount, '1250000000');
      assert.equal((await cairn(['init', '--network', at('lab.json'), '--datadir', at('n')])).code, 0);
      const check = await cairn(['config', 'check', '--datadir', at('n')]);
      assert.match(check.out, /fine\. A full node on lab/);
      assert.equal((await cairn(make)).code, 78);
    });

    it('an unknown network is told with the names there are, by a development network only once', async () => {
      for (const words of [
        ['network', 'show', 'nope'],
        ['devnet', '--network', 'nope'],
        ['keys', '--network', 'nope'],
      ]) {
        const { code, err } = await cairn(words);
        assert.equal(code, 78, err);
        assert.match(
          err,
          /^cairn: unknown network "nope": built in are regtest, cairn-devnet\b[^\n]*\nnext: [^\n]+\n$/,
        );
      }
    });

    it('a network file with a wrong field names file and field (78)', async () => {
      writeFileSync(at('bad.json'), '{"name":"x"}');
      const { code, err } = await cairn(['network', 'show', at('bad.json')]);
      assert.equal(code, 78);
      assert.match(err, new RegExp(`${at('bad.json')}: consensus: `));
    });
  });
});

/** Content of every file of a directory. */
function snapshot(dir: string): Record<string, string> {
  return Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).toString('hex')]));
}
