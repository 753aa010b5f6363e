import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { type LoadedConfig, loadConfig } from '../../src/app/config/load.node.ts';
import { parseNodeKey } from '../../src/app/config/nodeKey.node.ts';
import { envName, flagName, OPTION_KEYS, OPTIONS, option } from '../../src/app/config/options.ts';
import { parseText } from '../../src/app/config/parseText.ts';
import { renderShow, renderToml } from '../../src/app/config/render.ts';
import type { Flags } from '../../src/app/config/sources.ts';
import { lineOf, tomlLines } from '../../src/app/config/tomlLines.ts';
import { DEFAULT_PORTS } from '../../src/params/prefixes.ts';

const SEED = '/ip4/10.0.0.1/tcp/18444/p2p/12D3KooWRKeR8xpT3SY5XTK5dCFUDwfV2aLQy4cLiuVvxg5hn2nU';
const ROOT = join(import.meta.dirname, '..', '..');

describe('configuration', () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cairn-config-'));
    file = join(dir, 'cairn.toml');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function load(toml: string, env: Record<string, string> = {}, flags: Flags = {}): LoadedConfig {
    writeFileSync(file, toml);
    return loadConfig({ file, flags, env, cwd: '/work' });
  }

  it('has the documented defaults', () => {
    const { config } = loadConfig({ file: null, flags: {}, env: {}, cwd: '/' });
    assert.equal(config.role, 'full');
    assert.equal(config.network, 'regtest');
    assert.equal(config.datadir, join(homedir(), '.cairn'));
    assert.equal(config.txindex, true);
    assert.deepEqual(config.p2p.listen, ['/ip4/0.0.0.0/tcp/18444', '/ip4/0.0.0.0/tcp/18445/ws']);
    assert.deepEqual([config.rpc.bind, config.rpc.port], ['127.0.0.1', 18443]);
    assert.deepEqual([config.ops.bind, config.ops.port], ['127.0.0.1', 18446]);
    assert.equal(config.p2p.minLightPeers, undefined);
    assert.equal(config.mining.meanDelay, 5);
  });

  it('every default but that of the miner passes its own check', () => {
    for (const key of OPTION_KEYS) assert.ok(option(key).schema.safeParse(option(key).default).success, key);
  });

  it('the default ports are those of the networks, and below the ephemeral range', () => {
    const { config } = loadConfig({ file: null, flags: {}, env: {}, cwd: '/' });
    assert.deepEqual({ ...DEFAULT_PORTS }, { p2p: 18444, ws: 18445, rpc: config.rpc.port, ops: config.ops.port });
    for (const port of Object.values(DEFAULT_PORTS)) assert.ok(port < 32768);
  });

  it('flags beat the environment, which beats the file, which beats the defaults; each is told', () => {
    const toml = '[rpc]\nport = 1001\nmax_body = 2000\n\n[p2p]\nmax_peers = 7\n';
    const { config, origins } = load(
      toml,
      { CAIRN_RPC_PORT: '1002', CAIRN_P2P_MAX_PEERS: '8' },
      { 'rpc.port': '1003' },
    );
    assert.deepEqual([config.rpc.port, config.p2p.maxPeers, config.rpc.maxBody], [1003, 8, 2000]);
    assert.equal(config.rpc.workQueue, 4096);
    assert.equal(origins.get('rpc.port')?.where, '--rpc-port');
    assert.equal(origins.get('p2p.max_peers')?.where, 'CAIRN_P2P_MAX_PEERS');
    assert.equal(origins.get('rpc.max_body')?.where, `${file}:3`);
    assert.equal(origins.get('rpc.work_queue')?.where, 'default');
  });

  it('an empty list or false from a stronger source replaces what a weaker one says', () => {
    const { config } = load(`seeds = ["${SEED}"]\n`, { CAIRN_SEEDS: '' }, { txindex: false, 'p2p.mdns': true });
    assert.deepEqual(config.seeds, []);
    assert.equal(config.txindex, false);
    assert.equal(config.p2p.mdns, true);
  });

  it('a list in the environment is separated by commas, a repeated flag is one', () => {
    assert.deepEqual(load('', { CAIRN_SEEDS: `${SEED}, ${SEED}` }).config.seeds, [SEED, SEED]);
    assert.deepEqual(load('', {}, { 'p2p.listen': ['/ip4/127.0.0.1/tcp/1'] }).config.p2p.listen, [
      '/ip4/127.0.0.1/tcp/1',
    ]);
  });

  it('relative paths start at the config file, those of flags and environment at the working directory', () => {
    assert.equal(load('datadir = "data"\n').config.datadir, join(dir, 'data'));
    assert.equal(load('datadir = "."\n').config.datadir, dir);
    assert.equal(load('datadir = "x"\n', { CAIRN_DATADIR: 'data' }).config.datadir, '/work/data');
    assert.equal(load('', {}, { datadir: 'data' }).config.datadir, '/work/data');
    assert.equal(load('datadir = "~/a"\n').config.datadir, join(homedir(), 'a'));
    assert.equal(load('datadir = "/a"\n').config.datadir, '/a');
  });

  it('reads cairn.toml of the data directory when no file is named', () => {
    writeFileSync(file, 'role = "light"\ndatadir = "."\n');
    for (const given of [
      { flags: { datadir: dir }, env: {} },
      { flags: {}, env: { CAIRN_DATADIR: dir } },
    ]) {
      const loaded = loadConfig({ file: undefined, ...given, cwd: '/' });
      assert.equal(loaded.file, file);
      assert.equal(loaded.config.role, 'light');
    }
    assert.equal(
      loadConfig({ file: undefined, flags: {}, env: { CAIRN_CONFIG: file }, cwd: '/' }).config.role,
      'light',
    );
  });

  it('a network file brings its ports and seeds as defaults', () => {
    writeFileSync(join(dir, 'n.json'), JSON.stringify({ ports: { p2p: 1, ws: 2, rpc: 3, ops: 4 }, seeds: [SEED] }));
    const { config, origins } = load('network = "./n.json"\n[ops]\nport = 9\n');
    assert.equal(config.network, join(dir, 'n.json'));
    assert.deepEqual(config.p2p.listen, ['/ip4/0.0.0.0/tcp/1', '/ip4/0.0.0.0/tcp/2/ws']);
    assert.deepEqual([config.rpc.port, config.ops.port, config.seeds], [3, 9, [SEED]]);
    assert.equal(origins.get('rpc.port')?.source, 'network');
  });

  it('open RPC is fine with users and an allow list', () => {
    const auth = `u:salt$${'a'.repeat(64)}`;
    const toml = `[rpc]\nbind = "0.0.0.0"\nauth = ["${auth}"]\nallow_ip = ["10.0.0.0/8"]\nwhitelist = ["u:stop"]\n`;
    assert.deepEqual(load(toml).config.rpc.auth, [auth]);
  });

  it('every option has a flag and a variable of its own', () => {
    assert.equal(new Set(OPTION_KEYS.map(flagName)).size, OPTION_KEYS.length);
    assert.equal(new Set(OPTION_KEYS.map(envName)).size, OPTION_KEYS.length);
    assert.equal(envName('p2p.max_peers'), 'CAIRN_P2P_MAX_PEERS');
    assert.equal(flagName('mining.mean_delay'), 'mining-mean-delay');
  });

  it('a rendered file says what was set, and shows the defaults of the rest as comments', () => {
    const toml = renderToml({ role: 'light', seeds: [SEED, SEED], 'rpc.port': 5 }, ['heading']);
    const tables = { p2p: {}, rpc: { port: 5 }, ops: {}, log: {}, mempool: {}, mining: {} };
    assert.deepEqual(JSON.parse(JSON.stringify(parse(toml))), { role: 'light', seeds: [SEED, SEED], ...tables });
    for (const key of OPTION_KEYS) assert.ok(toml.includes(option(key).help), key);
    const { config } = load(toml);
    assert.deepEqual([config.role, config.seeds, config.rpc.port], ['light', [SEED, SEED], 5]);
    // Taking the # away from a default sets it.
    assert.match(toml, /^# txindex = true$/m);
    assert.equal(load(toml.replace('# txindex = true', 'txindex = true')).origins.get('txindex')?.source, 'file');
  });

  it('show prints each option once, with its origin', () => {
    const { values, origins } = load('role = "light"\n');
    const lines = renderShow(values, origins, { origin: true }).trimEnd().split('\n');
    assert.equal(lines.length, OPTION_KEYS.length);
    assert.match(lines[0]!, new RegExp(`^role = "light" +# ${file}:1$`));
    assert.equal(renderShow(values, origins, { origin: false }).split('\n')[0], 'role = "light"');
  });

  it('texts become values of the kind of their option', () => {
    assert.equal(parseText(OPTIONS.txindex, 'Yes'), true);
    assert.equal(parseText(OPTIONS.txindex, '0'), false);
    assert.equal(parseText(OPTIONS['rpc.port'], '18443'), 18443);
    assert.equal(parseText(OPTIONS['rpc.port'], '1e4'), '1e4');
    assert.equal(parseText(OPTIONS['mining.mean_delay'], '0.5'), 0.5);
    assert.deepEqual(parseText(OPTIONS['rpc.whitelist'], 'a:b,c d:e'), ['a:b,c', 'd:e']);
  });

  it('lines are found through comments, quotes, dotted keys and multi-line values', () => {
    const lines = tomlLines('# a = 1\na = """\nb = 2\n"""\n[ t ] # x\n"c" = [\n  "d = 1",\n]\n e.f = 1\n');
    assert.deepEqual(Object.fromEntries(lines), { a: 2, t: 5, 't.c': 6, 't.e.f': 9 });
    assert.equal(lineOf(lines, 't.nothing'), 5);
    assert.equal(lineOf(lines, 'nothing'), undefined);
  });
});

describe('config/', () => {
  for (const name of readdirSync(join(ROOT, 'config')).filter((file) => file.endsWith('.toml'))) {
    it(`${name} loads as it stands`, () => {
      const { config } = loadConfig({ file: join(ROOT, 'config', name), flags: {}, env: {}, cwd: '/' });
      assert.equal(`${config.role}.toml`, name);
      assert.equal(config.seeds.length, 1);
    });
  }

  it('the seed of every file is the node of dev-seed.key', () => {
    const key = parseNodeKey(new Uint8Array(readFileSync(join(ROOT, 'config', 'dev-seed.key'))));
    assert.ok(key);
    for (const name of ['full.toml', 'miner.toml', 'light.toml', 'compose.yaml']) {
      const seeds = readFileSync(join(ROOT, 'config', name), 'utf8').match(/\/p2p\/[A-Za-z0-9]{20,}/g);
      assert.deepEqual(seeds, [`/p2p/${key.peerId}`], name);
    }
  });
});
