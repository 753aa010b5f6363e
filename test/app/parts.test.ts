import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { bytes, renderStatus } from '../../src/app/cli/statusText.node.ts';
import { nearest } from '../../src/app/config/nearest.ts';
import { loadNodeKey, newNodeKey, parseNodeKey } from '../../src/app/config/nodeKey.node.ts';
import { devKeys } from '../../src/app/devKeys.node.ts';
import { blockLine } from '../../src/app/devnet/blockLines.node.ts';
import { devWallet } from '../../src/app/devnet/devWallet.node.ts';
import { DEFAULT_PAYOUT } from '../../src/app/devnet/wallet.ts';
import { ExitError, exitCodeOf } from '../../src/app/exit.ts';
import { createLogger } from '../../src/app/log.node.ts';
import { portFree, tcpOf } from '../../src/app/ports.node.ts';
import { duration } from '../../src/app/progressText.ts';
import { VERSION } from '../../src/app/version.ts';
import { DEVELOPMENT_MNEMONIC, DEVELOPMENT_SCRIPTS } from '../../src/params/networks.ts';
import { REGTEST_PREFIXES } from '../../src/params/prefixes.ts';
import { decodeAddress } from '../../src/primitives/address.ts';
import { toHex } from '../../src/util/hex.ts';

describe('node key', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cairn-key-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('is what libp2p reads, with the same peer id', () => {
    for (let i = 0; i < 8; i++) {
      const key = newNodeKey();
      const theirs = privateKeyFromProtobuf(key.protobuf);
      assert.equal(theirs.type, 'Ed25519');
      assert.equal(key.peerId, peerIdFromPrivateKey(theirs).toString());
      assert.equal(parseNodeKey(key.protobuf)?.peerId, key.peerId);
    }
  });

  it('is made once, mode 0600, and stays', () => {
    const file = join(dir, 'node.key');
    const first = loadNodeKey(file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(loadNodeKey(file).peerId, first.peerId);
  });

  it('refuses halves that do not belong together, other lengths and other kinds', () => {
    const { protobuf } = newNodeKey();
    for (const at of [0, 1, 3, 20, 50]) {
      const bad = protobuf.slice();
      bad[at]! ^= 1;
      assert.equal(parseNodeKey(bad), undefined, `byte ${at}`);
    }
    assert.equal(parseNodeKey(protobuf.subarray(0, 67)), undefined);
    writeFileSync(join(dir, 'bad'), protobuf.subarray(0, 40));
    assert.throws(() => loadNodeKey(join(dir, 'bad')), /is not a node key/);
    assert.equal(readFileSync(join(dir, 'bad')).length, 40);
  });
});

describe('development keys', () => {
  it('are those of BIP84: its own example', () => {
    const mnemonic = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
    const main = { ...REGTEST_PREFIXES, wif: 0x80, bech32: 'bc', bip44CoinType: 0 };
    const [first, second] = devKeys(mnemonic, 2, main);
    assert.equal(first?.address, 'bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu');
    assert.equal(first?.wif, 'KyZpNDKnfs94vbrwhJneDi77V6jF64PWPF8x5cdJb8ifgg2DUc9d');
    assert.equal(second?.address, 'bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g');
    assert.equal(devKeys(mnemonic, 1, main, 1)[0]?.address, 'bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el');
  });

  it('of the development mnemonic are those that the genesis of cairn-devnet funds', async () => {
    const { keys, funds } = await devWallet(DEVELOPMENT_MNEMONIC, 'cairn-devnet');
    const scripts = keys.map(({ address }) => {
      const decoded = decodeAddress(address, REGTEST_PREFIXES);
      return decoded.ok ? toHex(decoded.value.scriptPubKey) : '';
    });
    assert.deepEqual(scripts, DEVELOPMENT_SCRIPTS);
    assert.equal(funds, '10000 coins each, from the genesis block');
    const onRegtest = await devWallet(DEVELOPMENT_MNEMONIC, 'regtest');
    assert.deepEqual([onRegtest.funds, onRegtest.coinbaseMaturity], [undefined, 100]);
  });

  it("the miner's payout address is the first change key", () => {
    assert.equal(devKeys(DEVELOPMENT_MNEMONIC, 1, REGTEST_PREFIXES, 1)[0]?.address, DEFAULT_PAYOUT);
  });

  it('a mnemonic with a wrong checksum is refused', () => {
    assert.throws(() => devKeys('test '.repeat(12), 1, REGTEST_PREFIXES), /right checksum/);
  });
});

describe('exit codes', () => {
  const coded = (code: string): Error => Object.assign(new Error('x'), { code });
  const cases: readonly (readonly [what: string, error: unknown, code: number])[] = [
    ['a port in use', coded('EADDRINUSE'), 69],
    ['a port in use, as a cause', new Error('listen', { cause: coded('EADDRINUSE') }), 69],
    ['a port in use, among several', new AggregateError([coded('EADDRINUSE')]), 69],
    ['a full disk', new Error('write', { cause: coded('ENOSPC') }), 74],
    ['a locked database', new Error('open', { cause: coded('LEVEL_LOCKED') }), 75],
    ['an error that says its code', Object.assign(new Error('x'), { exitCode: 78 }), 78],
    ['an ExitError as a cause', new Error('x', { cause: new ExitError(64, 'y') }), 64],
    ['anything else is a bug', new TypeError('x'), 70],
    ['not even an error', 'x', 70],
    ['a code that is none of ours', Object.assign(new Error('x'), { exitCode: 3 }), 70],
  ];
  for (const [what, error, code] of cases) it(`${code}: ${what}`, () => assert.equal(exitCodeOf(error), code));

  it('a cause that is its own cause ends', () => {
    const error = new Error('x');
    error.cause = error;
    assert.equal(exitCodeOf(error), 70);
  });
});

describe('nearest', () => {
  const known = ['role', 'p2p.max_peers', 'p2p.listen', 'rpc.port', 'ops.port'];
  it('finds misspelt names, and the right name in the wrong table', () => {
    assert.equal(nearest('rolle', known), 'role');
    assert.equal(nearest('p2p.max_pers', known), 'p2p.max_peers');
    assert.equal(nearest('max_peers', known), 'p2p.max_peers');
    assert.equal(nearest('rpc.prot', known), 'rpc.port');
  });
  it('finds nothing where nothing is alike, whatever the length', () => {
    assert.equal(nearest('quorum', known), undefined);
    assert.equal(nearest('', known), undefined);
    assert.equal(nearest('x'.repeat(100_000), known), undefined);
  });
});

describe('log', () => {
  function lines(settings: Parameters<typeof createLogger>[0]): {
    out: string[];
    log: ReturnType<typeof createLogger>;
  } {
    const out: string[] = [];
    return { out, log: createLogger(settings, { write: (line: string) => void out.push(line) }) };
  }

  it('text has time, level, room, message and fields on one line', () => {
    const { out, log } = lines({ level: 'info', json: false });
    log.child({ room: 'chain' }).info({ height: 5, hash: 'ab', note: 'two words', big: 7n }, 'new tip');
    assert.match(out[0]!, /^\d\d:\d\d:\d\d\.\d{3} info {2}chain: new tip height=5 hash=ab note="two words" big=7\n$/);
    log.debug({}, 'hidden');
    assert.equal(out.length, 1);
  });

  it('an error keeps its stack', () => {
    const { out, log } = lines({ level: 'info', json: false });
    log.error({ err: new TypeError('bang') }, 'failed');
    assert.match(out[0]!, /ERROR failed\nTypeError: bang\n +at /);
  });

  it('json is one object per line', () => {
    const { out, log } = lines({ level: 'debug', json: true });
    log.child({ room: 'net' }).debug({ peer: 'a\nb' }, 'hello');
    const { level, room, peer, msg } = JSON.parse(out[0]!) as Record<string, unknown>;
    assert.deepEqual({ level, room, peer, msg }, { level: 20, room: 'net', peer: 'a\nb', msg: 'hello' });
    assert.equal(out[0]!.indexOf('\n'), out[0]!.length - 1);
  });
});

describe('texts', () => {
  it('durations and sizes', () => {
    assert.deepEqual([0, 59, 61, 3600, 90_061].map(duration), ['0s', '59s', '1m 1s', '1h', '1d 1h']);
    assert.deepEqual([5, 1500, 2_000_000, 3_200_000_000].map(bytes), ['5 B', '1.5 kB', '2.0 MB', '3.2 GB']);
  });

  it('a status says how far a sync is, and leaves out what a role has not', () => {
    const status = {
      ...{
        role: 'light',
        network: 'regtest',
        height: 50,
        headers: 100,
        best_block: 'ab',
        percent: 50,
        phase: 'headers',
      },
      ...{ eta_seconds: 61, peers_in: 1, peers_out: 2, mempool_txs: undefined, mempool_bytes: undefined },
      ...{ disk_bytes: undefined, last_block_age_seconds: 5, uptime_seconds: 1, warnings: ['few peers'] },
      light: { servers: 1, agreeing: 0, wanted: 2 },
    };
    const text = renderStatus(status, 'http://x/');
    assert.match(text, /^height +50 of 100 headers, 50 %, about 1m 1s to go$/m);
    assert.match(text, /^peers +1 in, 2 out$/m);
    assert.match(text, /^node +light on regtest http:\/\/x\/$/m);
    assert.match(text, /^servers +1 of 2 wanted, 0 with our best header$/m);
    assert.match(text, /^WARNING +few peers$/m);
    assert.doesNotMatch(text, /mempool|disk|undefined/);
  });

  it('a block line says who has the block', () => {
    const block = { hash: `${'a'.repeat(48)}0123456789abcdef`, height: 112, previous: '', txs: 2 };
    const all = ['miner', 'full', 'light'];
    assert.equal(blockLine(block, all, all), '#112    …0123456789abcdef  2 txs  on miner, full, light\n');
    assert.match(blockLine({ ...block, txs: 1 }, ['miner'], all), /1 tx {3}on miner \(not yet: full, light\)/);
  });

  it('ports of multiaddrs', async () => {
    assert.deepEqual(tcpOf('/ip4/0.0.0.0/tcp/18445/ws'), { host: '0.0.0.0', port: 18445 });
    assert.equal(tcpOf('/ip4/0.0.0.0/tcp/0'), undefined);
    assert.equal(tcpOf('/dns4/a/tcp/1'), undefined);
    assert.equal(await portFree('127.0.0.1', 0), true);
  });

  it('the version is that of package.json', () => {
    const file = join(import.meta.dirname, '..', '..', 'package.json');
    assert.equal(VERSION, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version);
  });
});
