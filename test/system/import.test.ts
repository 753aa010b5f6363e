import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ran, runCairn, startCairn } from '../support/cairnCommand.ts';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import { devCoins, pay } from '../support/liarPayments.ts';
import type { TestNode } from '../support/nodeProcess.ts';
import { until } from '../support/wait.ts';

const BLOCKS = 40;

/** Frames of an exported file: magic, length, block. */
function framesOf(file: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const size = 8 + file.readUInt32LE(at + 4);
    frames.push(file.subarray(at, at + size));
    at += size;
  }
  return frames;
}

describe('a chain exported to a file and imported again', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let source: TestNode;
  let ledger: unknown;
  let file: string;
  let frames: Buffer[];
  const at = (name: string): string => join(cluster.dir, name);
  const importInto = (name: string, ...files: string[]): Promise<Ran> =>
    runCairn(['blocks', 'import', '--datadir', at(name), '--network', 'cairn-devnet', ...files]);
  /** The file and then itself again and again, so that the command is still busy when it is stopped. */
  const again = (path: string): string[] => new Array<string>(1000).fill(path);
  const save = (name: string, bytes: Uint8Array): string => {
    writeFileSync(at(name), bytes);
    return at(name);
  };
  /** What a node on the directory says of its coins. */
  async function ledgerOf(name: string): Promise<unknown> {
    const node = await (await cluster.add(name, 'full')).start();
    const found = await node.rpc('getledgerhash');
    assert.equal(await node.stop(), 0);
    return found;
  }

  before(async () => {
    cluster = new Cluster('cairn-devnet');
    source = await (await cluster.add('source', 'full')).start();
    let [coin] = await devCoins(source, 1);
    assert.ok(coin);
    for (let i = 0; i < BLOCKS; i++) {
      if (i % 4 === 0) {
        const payment = pay(coin, 0);
        coin = payment.coin;
        await source.rpc('sendrawtransaction', Buffer.from(payment.tx.bytes).toString('hex'));
      }
      // Blocks this quick get harder: more than the usual number of tries.
      await source.rpc('generatetoaddress', 1, MINER_ADDRESS, 100_000_000);
    }
    ledger = await source.rpc('getledgerhash');
  });
  after(() => cluster.end());

  it('export and import refuse a directory on which a node runs: exit 75', async () => {
    const flags = ['--datadir', at('source'), '--network', 'cairn-devnet'];
    const exported = await runCairn(['blocks', 'export', ...flags, '--out', at('never.dat')]);
    assert.equal(exported.code, 75, exported.err);
    assert.equal(existsSync(at('never.dat')), false);
    const imported = await importInto('source', save('empty.dat', Buffer.alloc(0)));
    assert.equal(imported.code, 75, imported.err);
    assert.equal(await source.stop(), 0);
  });

  it('export writes the active chain and never replaces a file', async () => {
    file = at('chain.dat');
    const args = ['blocks', 'export', '--datadir', at('source'), '--network', 'cairn-devnet', '--out', file];
    const nowhere = await runCairn([...args.slice(0, -1), at('nowhere/chain.dat')]);
    assert.equal(nowhere.code, 64);
    assert.match(nowhere.err, /nowhere: no such folder/);
    const { code, out, err } = await runCairn(args);
    assert.equal(code, 0, err);
    assert.match(out, new RegExp(`blocks 0 to ${BLOCKS}, ${statSync(file).size} bytes`));
    frames = framesOf(readFileSync(file));
    assert.equal(frames.length, BLOCKS + 1);
    const again = await runCairn(args);
    assert.equal(again.code, 64);
    assert.match(again.err, /exists/);
    assert.equal((await runCairn([...args, '--force', '--to', String(BLOCKS + 1)])).code, 64);
    assert.equal((await runCairn([...args, '--force', '--from', 'x'])).code, 64);
    assert.equal(framesOf(readFileSync(file)).length, BLOCKS + 1);
  });

  it('import gives the same tip and the same coins, and passes over what is there', async () => {
    const { code, out, err } = await importInto('fresh', file);
    assert.equal(code, 0, err);
    assert.match(out, new RegExp(`^done: ${BLOCKS} connected, .* 1 there before, 0 refused`));
    const again = await importInto('fresh', file);
    assert.equal(again.code, 0, again.err);
    assert.match(again.out, new RegExp(`^done: 0 connected, .* ${BLOCKS + 1} there before, 0 refused`));
    assert.deepEqual(await ledgerOf('fresh'), ledger);
  });

  it('takes blocks in any order from several files, obfuscated by xor.dat and with room reserved at the end', async () => {
    mkdirSync(at('xor'));
    const key = Buffer.from('91cd0200fe4b7aa5', 'hex');
    writeFileSync(at('xor/xor.dat'), key);
    const shuffled = frames.map((_, i) => frames[(i * 17 + 5) % frames.length] as Buffer);
    const paths = [shuffled.slice(0, 20), shuffled.slice(20)].map((part, i) => {
      const plain = Buffer.concat([...part, Buffer.alloc(70_000)]);
      return save(
        `xor/blk0000${i}.dat`,
        plain.map((byte, j) => byte ^ (key[j % 8] as number)),
      );
    });
    const { code, out, err } = await importInto('shuffled', ...paths);
    assert.equal(code, 0, err);
    assert.match(out, new RegExp(`^done: ${BLOCKS} connected`));
    assert.deepEqual(await ledgerOf('shuffled'), ledger);
  });

  it('goes on after kill -9', async () => {
    const { child, ended } = startCairn([
      ...['blocks', 'import', '--datadir', at('killed'), '--network', 'cairn-devnet', ...again(file)],
    ]);
    const written = at('killed/blocks/blk00000.dat');
    await until('the first blocks on disk', 30_000, () => existsSync(written) && statSync(written).size > 3000, 2);
    child.kill('SIGKILL');
    assert.equal((await ended).code, 'SIGKILL');
    const { code, out, err } = await importInto('killed', file);
    assert.equal(code, 0, err);
    assert.match(out, new RegExp(`tip: height ${BLOCKS},`));
    assert.deepEqual(await ledgerOf('killed'), ledger);
  });

  it('stops at a block on Ctrl-C, says so, and goes on from there', async () => {
    const { child, ended } = startCairn([
      ...['blocks', 'import', '--datadir', at('stopped'), '--network', 'cairn-devnet', ...again(file)],
    ]);
    const written = at('stopped/blocks/blk00000.dat');
    await until('the first blocks on disk', 30_000, () => existsSync(written) && statSync(written).size > 2000, 2);
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    assert.equal(code, 1, err);
    assert.match(out, /^stopped: /);
    const rest = await importInto('stopped', file);
    assert.equal(rest.code, 0, rest.err);
    assert.match(rest.out, new RegExp(`tip: height ${BLOCKS},`));
  });

  it('a cut tail is named with file and offset, and the rest is taken: exit 1', async () => {
    const whole = Buffer.concat(frames);
    const cut = save('cut.dat', whole.subarray(0, -10));
    const { code, out, err } = await importInto('cut', cut);
    assert.equal(code, 1);
    const offset = whole.length - (frames[BLOCKS] as Buffer).length;
    assert.ok(err.startsWith(`${cut}: offset ${offset}: malformed: cut off`), err);
    assert.match(out, new RegExp(`tip: height ${BLOCKS - 1},`));
  });

  it('a flipped bit is named with file, offset, block and rule; a good copy afterwards heals it', async () => {
    const damaged = Buffer.concat(frames);
    const offset = frames.slice(0, 9).reduce((sum, frame) => sum + frame.length, 0);
    const inCoinbase = offset + 8 + 80 + 60;
    damaged[inCoinbase] = (damaged[inCoinbase] as number) ^ 1;
    const flipped = save('flipped.dat', damaged);
    const { code, out, err } = await importInto('flipped', flipped);
    assert.equal(code, 1);
    assert.match(err, new RegExp(`^${flipped}: offset ${offset}: block [0-9a-f]{64}: bad-txnmrklroot: `));
    assert.match(out, /tip: height 8,/);
    const healed = await importInto('flipped', file);
    assert.equal(healed.code, 0, healed.err);
    assert.deepEqual(await ledgerOf('flipped'), ledger);
  });

  it('length-prefixed files work like blk files; a part of the chain without its beginning says what is missing', async () => {
    const base = ['blocks', 'export', '--datadir', at('source'), '--network', 'cairn-devnet', '--length-prefixed'];
    const [first, second] = [at('first.bin'), at('second.bin')];
    assert.equal((await runCairn([...base, '--to', '19', '--out', first])).code, 0);
    assert.equal((await runCairn([...base, '--from', '20', '--out', second])).code, 0);
    const orphans = await importInto('parts', second);
    assert.equal(orphans.code, 1);
    assert.match(
      orphans.out,
      /21 blocks have no parent here; the first is at .*second\.bin: offset 0: prev-blk-not-found/,
    );
    const whole = await importInto('parts', second, first);
    assert.equal(whole.code, 0, whole.err);
    assert.deepEqual(await ledgerOf('parts'), ledger);
  });

  it('refuses a file of another network or of nothing known (64), a directory of another network (78)', async () => {
    const other = await runCairn(['blocks', 'import', '--datadir', at('other'), '--network', 'regtest', file]);
    assert.equal(other.code, 64);
    assert.match(other.err, /holds no block of this network/);
    assert.equal((await importInto('other', save('text.dat', Buffer.from('hello, this is text\n')))).code, 64);
    assert.equal((await importInto('other', at('missing.dat'))).code, 64);
    const wrong = await runCairn([
      'blocks',
      'import',
      '--datadir',
      at('fresh'),
      '--network',
      'regtest',
      at('empty.dat'),
    ]);
    assert.equal(wrong.code, 78, wrong.err);
  });

  it('the headers of the chain verify from a file and fill a light node', async () => {
    const headers = save('headers.bin', Buffer.concat(frames.map((frame) => frame.subarray(8, 88))));
    const verified = await runCairn(['headers', 'verify', '--network', 'cairn-devnet', '--json', headers]);
    assert.equal(verified.code, 0, verified.err);
    const facts = JSON.parse(verified.out) as { height: number; tip: string };
    assert.deepEqual([facts.height, facts.tip], [BLOCKS, (ledger as { bestblock: string }).bestblock]);
    const flags = ['--network', 'cairn-devnet', '--datadir', at('light')];
    assert.equal((await runCairn(['headers', 'import', ...flags, headers])).code, 0);
    const light = await (await cluster.add('light', 'light')).start();
    assert.deepEqual([await light.height(), await light.tip()], [BLOCKS, facts.tip]);
    const full = await runCairn(['headers', 'import', '--network', 'cairn-devnet', '--datadir', at('fresh'), headers]);
    assert.equal(full.code, 78);
  });
});
