import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/app/config/configError.ts';
import { loadConfig } from '../../src/app/config/load.node.ts';
import type { Flags } from '../../src/app/config/sources.ts';

const SEED = '/ip4/10.0.0.1/tcp/18444/p2p/12D3KooWRKeR8xpT3SY5XTK5dCFUDwfV2aLQy4cLiuVvxg5hn2nU';

describe('configuration errors', () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cairn-config-'));
    file = join(dir, 'cairn.toml');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** The error of a file's text, an environment and flags. */
  function errorOf(toml: string, env: Record<string, string> = {}, flags: Flags = {}): ConfigError {
    writeFileSync(file, toml);
    try {
      loadConfig({ file, flags, env, cwd: dir });
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
      return error;
    }
    throw new assert.AssertionError({ message: 'it was accepted' });
  }

  const cases: readonly (readonly [what: string, toml: string, line: number, reason: RegExp])[] = [
    ['an unknown key, with the nearest', 'role = "full"\nrol = "full"\n', 2, /rol: unknown key; did you mean role\?/],
    [
      'an unknown key in a table',
      '[p2p]\n\nmax_pers = 3\n',
      3,
      /p2p\.max_pers: unknown key; did you mean p2p\.max_peers\?/,
    ],
    ['a key in the wrong table', '[p2p]\nport = 3\n', 2, /p2p\.port: unknown key; did you mean (rpc|ops)\.port\?/],
    ['a key that is like nothing', 'zzzzzzzz = 1\n', 1, /zzzzzzzz: unknown key$/],
    ['an unknown table', '\n[rcp]\nport = 1\n', 2, /\[rcp\]: unknown table; did you mean rpc\?/],
    ['a table where a value belongs', '[role]\nx = 1\n', 1, /\[role\]: unknown table; did you mean role = …\?/],
    ['a word outside the list', '# a\nrole = "fast"\n', 2, /role: must be one of full, miner, light, not "fast"/],
    ['a text for a number', '[rpc]\nport = "1"\n', 2, /rpc\.port: must be a whole number from 0 to 65535, not "1"/],
    ['a number out of bounds', '[rpc]\nport = 65536\n', 2, /rpc\.port: must be a whole number/],
    ['a fraction for a whole number', '[rpc]\nport = 1.5\n', 2, /rpc\.port: must be a whole number/],
    ['a number for a switch', 'txindex = 1\n', 1, /txindex: must be true or false, not 1/],
    ['a text for a list', `seeds = "${SEED}"\n`, 1, /seeds: must be a list of multiaddrs/],
    [
      'a seed without its peer id',
      'seeds = [\n  "/ip4/10.0.0.1/tcp/1",\n]\n',
      1,
      /seeds: must be a list .*\/p2p\/PEER_ID/,
    ],
    ...[
      ['an IPv4 number above 255', '/ip4/300.0.0.1/tcp/1'],
      ['a port above 65535', '/ip4/127.0.0.1/tcp/65536'],
      ['no port', '/ip4/127.0.0.1'],
      ['another transport', '/ip4/127.0.0.1/udp/1/quic-v1'],
      ['a name', '/dns4/node.example/tcp/1'],
      ['a peer id', SEED],
      ['WebSocket over TLS without a certificate', '/ip4/127.0.0.1/tcp/1/wss'],
      ['a slash too many', '/ip4/127.0.0.1/tcp/1/'],
      ['no IPv6 address', '/ip6/::g/tcp/1'],
    ].map(
      ([what, address]) =>
        [
          `listening on ${what}`,
          `[p2p]\nlisten = ["${address}"]\n`,
          2,
          /p2p\.listen: must be a list of multia/,
        ] as const,
    ),
    ...[
      ['an unknown protocol', SEED.replace('tcp', 'foo')],
      ['port 0', SEED.replace('18444', '0')],
      ['a broken peer id', `${SEED.slice(0, -3)}0OI`],
    ].map(
      ([what, address]) =>
        [`a seed with ${what}`, `seeds = ["${address}"]\n`, 1, /seeds: must be a list of mult/] as const,
    ),
    ['an address to tell that is none', '[p2p]\nannounce = ["/dns4/a b/tcp/1"]\n', 2, /p2p\.announce: must be a list/],
    ['a date', 'group = 2020-01-01\n', 1, /group: must be/],
    ['a group with a space', 'group = "a b"\n', 1, /group: must be/],
    ['a network nobody knows', 'network = "regtst"\n', 1, /unknown network "regtst"; did you mean regtest\?/],
    ['a network file that is missing', 'network = "./no.json"\n', 1, /no such network file: .*no\.json/],
    ['a syntax error', '\nrole = full\n', 2, /invalid value/],
    ['a key given twice', 'role = "full"\nrole = "light"\n', 2, /./],
    ['a prototype key', '__proto__ = 1\n', 1, /./],
    ['a miner without an address', 'role = "miner"\n', 0, /mining\.address: a miner needs an address/],
    [
      'an open RPC port without users',
      '[rpc]\nbind = "0.0.0.0"\n',
      2,
      /rpc\.bind: "0\.0\.0\.0" is not loopback: set rpc\.auth too/,
    ],
    ['one port for two listeners', '[ops]\nport = 18443\n', 2, /ops\.port: 18443 is rpc\.port already/],
    ['a whitelist for nobody', '[rpc]\nwhitelist = ["bob:stop"]\n', 2, /rpc\.whitelist: no user "bob" in rpc\.auth/],
  ];
  for (const [what, toml, line, reason] of cases) {
    it(`names file, line and reason: ${what}`, () => {
      const error = errorOf(toml);
      assert.equal(error.exitCode, 78);
      assert.match(error.message, reason);
      if (line > 0) assert.ok(error.message.startsWith(`${file}:${line}: `), error.message);
    });
  }

  it('takes every address a node can listen on, tell and dial', () => {
    const peer = SEED.slice(SEED.indexOf('/p2p/'));
    const seeds = [
      '/ip4/192.0.2.1/tcp/1',
      '/ip6/2001:db8::1/tcp/65535/ws',
      '/dns4/a.example/tcp/443/wss',
      '/dnsaddr/a.example',
    ];
    const listen = ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/18445/ws'];
    const announce = ['/dns6/a-b.example/tcp/443/tls/ws', '/ip4/192.0.2.1/tcp/18444', SEED];
    const toml = { seeds: seeds.map((seed) => seed + peer), listen, announce };
    writeFileSync(
      file,
      `seeds = ${JSON.stringify(toml.seeds)}\n[p2p]\nlisten = ${JSON.stringify(listen)}\nannounce = ${JSON.stringify(announce)}\n`,
    );
    const { config } = loadConfig({ file, flags: {}, env: {}, cwd: dir });
    assert.deepEqual([config.seeds, config.p2p.listen, config.p2p.announce], [toml.seeds, listen, announce]);
  });

  it('tells all problems at once', () => {
    const error = errorOf('rol = 1\n[rpc]\nport = -1\n', { CAIRN_LOG_LEVEL: 'loud' });
    assert.deepEqual(
      error.problems.map((problem) => problem.key),
      ['rol', 'rpc.port', 'log.level'],
    );
  });

  it('an unknown environment variable is an error with the nearest one', () => {
    const error = errorOf('', { CAIRN_P2P_MAXPEERS: '3', PATH: '/bin' });
    assert.equal(error.message, 'CAIRN_P2P_MAXPEERS: unknown environment variable; did you mean CAIRN_P2P_MAX_PEERS?');
    assert.equal(error.exitCode, 78);
  });

  it('a bad value in the environment names the variable', () => {
    assert.match(
      errorOf('', { CAIRN_TXINDEX: 'maybe' }).message,
      /^CAIRN_TXINDEX: txindex: must be true or false, not "maybe"$/,
    );
    assert.match(errorOf('', { CAIRN_RPC_PORT: '0x10' }).message, /^CAIRN_RPC_PORT: rpc\.port: must be a whole number/);
    assert.match(errorOf('', { CAIRN_RPC_PORT: '' }).message, /^CAIRN_RPC_PORT: rpc\.port: must be a whole number/);
  });

  it('a bad flag names the flag and is a usage error', () => {
    const error = errorOf('', {}, { 'rpc.port': 'x' });
    assert.match(error.message, /^--rpc-port: rpc\.port: must be/);
    assert.equal(error.exitCode, 64);
  });

  it('a file that is missing, a directory or far too long is refused', () => {
    const refused = (path: string): unknown => {
      try {
        return loadConfig({ file: path, flags: {}, env: {}, cwd: dir });
      } catch (error) {
        return (error as ConfigError).exitCode;
      }
    };
    assert.equal(refused(join(dir, 'none.toml')), 78);
    assert.equal(refused(dir), 78);
    writeFileSync(file, `# ${'x'.repeat(1 << 20)}\n`);
    assert.equal(refused(file), 78);
  });
});
