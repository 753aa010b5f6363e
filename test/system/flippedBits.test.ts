import assert from 'node:assert/strict';
import { closeSync, cpSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Ran, runCairn, startCairn } from '../support/cairnCommand.ts';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import type { TestNode } from '../support/nodeProcess.ts';
import { RpcFailure } from '../support/rpcCall.ts';
import { sleep, until } from '../support/wait.ts';

/** A file of the data directory by the beginning or end of its name in `folder`; of several the last. */
type Which = readonly [folder: string, pattern: RegExp];

interface Refusal {
  readonly what: string;
  readonly file: Which;
  /** Where in the file, 0 to 1. */
  readonly places: readonly number[];
  readonly exit: number;
  /** What the start says, beside the name of the file. */
  readonly says: RegExp;
}

const REINDEX = /--reindex/;
const EVERYWHERE = [0.02, 0.3, 0.5, 0.77, 0.99];

const REFUSALS: readonly Refusal[] = [
  { what: 'a table', file: ['chain', /\.ldb$/], places: EVERYWHERE, exit: 74, says: REINDEX },
  // A synced write lies behind it.
  { what: 'a log', file: ['chain', /\.log$/], places: [0.01, 0.2], exit: 74, says: REINDEX },
  { what: 'the manifest', file: ['chain', /^MANIFEST/], places: [0.05, 0.5, 0.9], exit: 74, says: REINDEX },
  { what: 'CURRENT', file: ['chain', /^CURRENT$/], places: [0, 0.5, 0.95], exit: 74, says: REINDEX },
  { what: 'the lock', file: ['lock', /^CURRENT$/], places: [0.5], exit: 74, says: /Delete that folder/ },
  { what: 'the node key', file: ['.', /^node\.key$/], places: [0, 0.1, 0.5, 0.9], exit: 78, says: /move it away/ },
  { what: 'the binding', file: ['.', /^network\.json$/], places: [0], exit: 78, says: /delete it/ },
  { what: 'the format file', file: ['.', /^format\.json$/], places: [0], exit: 74, says: /not JSON/ },
];

describe('one flipped bit', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let node: TestNode;
  let light: TestNode;
  let good: string;
  let height: number;

  before(async () => {
    cluster = new Cluster('regtest');
    node = await (await cluster.add('node', 'full')).start();
    await node.rpc('generatetoaddress', 40, MINER_ADDRESS);
    light = await (await cluster.add('light', 'light', { seeds: [await node.multiaddr()] })).start();
    await until('the headers', 20_000, async () => (await light.height()) === 40);
    assert.equal(await light.stop(), 0);
    await light.start(['--target-outbound', '0']);
    assert.equal(await light.stop(), 0);
    assert.equal(await node.stop(), 0);
    await node.start();
    // A log with synced writes behind others, and some at its end that are not synced yet.
    await node.rpc('generatetoaddress', 30, MINER_ADDRESS);
    await sleep(1_200);
    await node.rpc('generatetoaddress', 1, MINER_ADDRESS);
    await sleep(1_200);
    await node.rpc('generatetoaddress', 4, MINER_ADDRESS);
    height = await node.height();
    await node.stop('SIGKILL');
    good = join(cluster.dir, 'good');
    cpSync(node.options.dir, good, { recursive: true });
  });
  after(() => cluster.end());
  beforeEach(() => {
    rmSync(node.options.dir, { recursive: true });
    cpSync(good, node.options.dir, { recursive: true });
    node.output = '';
  });

  /** Flips a bit at `place` of the file. Returns its path. */
  function flip([folder, pattern]: Which, place: number, dir = node.options.dir): string {
    const name = readdirSync(join(dir, folder))
      .sort()
      .filter((file) => pattern.test(file))
      .at(-1);
    assert.ok(name !== undefined, `no file ${pattern} in ${folder}`);
    const path = join(dir, folder, name);
    const bytes = readFileSync(path);
    const at = Math.min(bytes.length - 1, Math.floor(bytes.length * place));
    bytes[at] = (bytes[at] as number) ^ 4;
    writeFileSync(path, bytes);
    return path;
  }

  /** Starts the node, which must end by itself. */
  async function start(dir: string, role = 'full'): Promise<Ran> {
    const ports = ['--listen', '/ip4/127.0.0.1/tcp/0', '--rpc-port', '0', '--ops-port', '0'];
    const { child, ended } = startCairn(['start', '--datadir', dir, '--network', 'regtest', '--role', role, ...ports]);
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    try {
      return await ended;
    } finally {
      clearTimeout(timer);
    }
  }

  for (const { what, file, places, exit, says } of REFUSALS)
    it(`in ${what}: the start ends with ${exit}, names it and says what to do`, async () => {
      for (const place of places) {
        rmSync(node.options.dir, { recursive: true });
        cpSync(good, node.options.dir, { recursive: true });
        const path = flip(file, place);
        const { code, err } = await start(node.options.dir);
        assert.equal(code, exit, `at ${place} of ${path}: ${err}`);
        // A lock is named by its folder.
        assert.ok(err.includes(what === 'the lock' ? join(node.options.dir, 'lock') : path), `at ${place}: ${err}`);
        assert.match(err, says);
        if (file[0] !== 'chain') continue;
        const verified = await runCairn(['db', 'verify', '--datadir', node.options.dir, '--network', 'regtest']);
        assert.equal(verified.code, 74);
        assert.ok(verified.err.includes(path), verified.err);
      }
    });

  it('in a table: --reindex makes everything anew, with the same tip', async () => {
    flip(['chain', /\.ldb$/], 0.5);
    await node.start(['--reindex']);
    assert.equal(await node.height(), height);
    assert.equal(await node.stop(), 0);
  });

  it('in the key of a coin while the node runs: whoever reads it stops the node with 74, and --reindex-chainstate makes it good', async () => {
    await node.start();
    const before = await node.rpc<{ muhash: string }>('gettxoutsetinfo', 'muhash');
    assert.equal(await node.stop(), 0);
    await node.start();
    const block = await node.rpc<{ tx: string[] }>('getblock', await node.rpc('getblockhash', 7));
    const txid = block.tx[0] as string;
    const folder = join(node.options.dir, 'chain');
    const tail = Buffer.from(txid, 'hex').reverse().subarray(16);
    const places = readdirSync(folder)
      .filter((name) => name.endsWith('.ldb'))
      .map((name) => ({ table: join(folder, name), at: readFileSync(join(folder, name)).lastIndexOf(tail) }))
      .filter(({ table, at }) => at > 0 && readFileSync(table).indexOf(tail) < at);
    // The header has it as merkle root; the coin in its key, which comes later.
    assert.equal(places.length, 1);
    const { table, at } = places[0] as (typeof places)[number];
    const file = openSync(table, 'r+');
    writeSync(file, Uint8Array.of((tail[0] as number) ^ 0x20), 0, 1, at);
    closeSync(file);
    const wrong = `${txid.slice(0, 30)}${((tail[0] as number) ^ 0x20).toString(16).padStart(2, '0')}${txid.slice(32)}`;
    assert.equal(await node.rpc('gettxout', txid, 0), null, 'nothing tells that it is missing');
    await assert.rejects(node.rpc('gettxoutsetinfo', 'muhash'));
    await until('the end of the node', 10_000, async () => !node.alive);
    assert.equal(await node.stop(), 74);
    assert.ok(node.output.includes(`coin ${wrong}:0: the record is not what was written`), node.output);
    assert.match(node.output, /--reindex-chainstate/);
    const verified = await runCairn(['db', 'verify', '--datadir', node.options.dir, '--network', 'regtest']);
    assert.equal(verified.code, 74);
    assert.ok(verified.err.includes(table), verified.err);
    await node.start(['--reindex-chainstate']);
    assert.equal(await node.height(), height);
    assert.equal((await node.rpc<{ muhash: string }>('gettxoutsetinfo', 'muhash')).muhash, before.muhash);
    assert.equal(await node.stop(), 0);
  });

  it('in a write that was not synced yet: it is cut there as after a power cut, and told', async () => {
    const path = flip(['chain', /\.log$/], 0.999);
    await node.start(['--log-level', 'warn']);
    assert.ok(node.output.includes(path), node.output);
    assert.match(node.output, /offset \d+: .*: cut there/);
    const now = await node.height();
    assert.ok(now < height && now > 70, `${now} of ${height}`);
    assert.equal(await node.stop(), 0);
    const verified = await runCairn(['db', 'verify', '--datadir', node.options.dir, '--network', 'regtest', '--coins']);
    assert.equal(verified.code, 0, verified.err);
  });

  it('in a block or its undo data: whoever asks for it is told which file, and all else goes on', async () => {
    const paths = [flip(['blocks', /^blk/], 0.2), flip(['blocks', /^rev/], 0.2)];
    await node.start();
    const told = new Set<string>();
    for (let h = 1; h <= height; h++) {
      const hash = await node.rpc<string>('getblockhash', h);
      // Undo data are read for the fee of each transaction.
      await node.rpc('getblock', hash, 3).catch((error: unknown) => {
        assert.ok(error instanceof RpcFailure);
        told.add(paths.find((path) => error.message.includes(path)) ?? error.message);
      });
    }
    assert.deepEqual([...told].sort(), [...paths].sort());
    await node.rpc('generatetoaddress', 1, MINER_ADDRESS);
    assert.equal(await node.stop(), 0);
  });

  it('in the file of unconfirmed transactions: a warning names it, and the node starts without them', async () => {
    await node.start();
    await node.stop();
    writeFileSync(join(node.options.dir, 'mempool.dat'), Buffer.from('434149524e504f4f4c0100', 'hex'));
    const path = flip(['.', /^mempool\.dat$/], 0.5);
    await node.start();
    assert.ok(node.output.includes(path), node.output);
    assert.equal(await node.stop(), 0);
  });

  it("in a light node's headers: the start ends with 74, names the file and says that peers have them", async () => {
    const path = flip(['headers', /\.ldb$/], 0.5, light.options.dir);
    const { code, err } = await start(light.options.dir, 'light');
    assert.equal(code, 74, err);
    assert.ok(err.includes(path), err);
    assert.match(err, /Move \S+headers away: the headers come again from peers/);
  });
});
