import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ran, runCairn } from '../support/cairnCommand.ts';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import type { TestNode } from '../support/nodeProcess.ts';

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { readonly part: string; readonly path: string; readonly block?: { height: number } }[];
}

const size = (path: string): number => statSync(path).size;

describe('cairn db verify', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let node: TestNode;
  const verify = (...flags: string[]): Promise<Ran> =>
    runCairn(['db', 'verify', '--datadir', node.options.dir, '--network', 'regtest', ...flags]);

  before(async () => {
    cluster = new Cluster('regtest');
    node = await (await cluster.add('node', 'full')).start();
    await node.rpc('generatetoaddress', 30, MINER_ADDRESS);
  });
  after(() => cluster.end());

  it('refuses a directory on which a node runs: exit 75', async () => {
    const { code, err } = await verify();
    assert.equal(code, 75, err);
    assert.equal(await node.stop(), 0);
  });

  it('finds nothing wrong after a clean stop and after kill -9: exit 0', async () => {
    const clean = await verify('--coins');
    assert.equal(clean.code, 0, clean.err);
    assert.match(clean.out, /31 headers, 31 blocks, 30 undo records, 30 coins, 31 entries/);
    assert.match(clean.out, /the coins are those of height 30: computed again/);
    await node.start();
    await node.rpc('generatetoaddress', 5, MINER_ADDRESS);
    await node.stop('SIGKILL');
    const killed = await verify('--json');
    assert.equal(killed.code, 0, killed.err);
    assert.equal((JSON.parse(killed.out) as Report).ok, true);
  });

  it('names one flipped bit in each kind of file: exit 74', async () => {
    const { dir } = node.options;
    const [table] = readdirSync(join(dir, 'chain')).filter((name) => name.endsWith('.ldb'));
    const files = [
      [join(dir, 'blocks', 'blk00000.dat'), 'blocks'],
      [join(dir, 'blocks', 'rev00000.dat'), 'undo'],
      [join(dir, 'chain', table as string), 'database'],
    ] as const;
    for (const [path, part] of files) {
      const good = readFileSync(path);
      const bad = Buffer.from(good);
      const at = Math.floor(good.length / 2);
      bad[at] = (bad[at] as number) ^ 1;
      writeFileSync(path, bad);
      const { code, out, err } = await verify('--json');
      assert.equal(code, 74, err);
      assert.match(err, new RegExp(`${part}: ${path}: offset \\d+: `));
      const { findings } = JSON.parse(out) as Report;
      assert.ok(findings.some((finding) => finding.part === part && finding.path === path));
      if (part !== 'database') assert.ok((findings[0]?.block?.height ?? 0) > 0);
      writeFileSync(path, good);
    }
    assert.equal((await verify()).code, 0);
  });

  it('names damage of peers/ and mempool.dat, and says that the chain needs no rebuild', async () => {
    const { dir } = node.options;
    const log = readdirSync(join(dir, 'peers')).find(
      (name) => /\.(log|ldb)$/.test(name) && size(join(dir, 'peers', name)) > 0,
    );
    assert.ok(log !== undefined, 'it keeps its own record at least');
    const path = join(dir, 'peers', log);
    const good = readFileSync(path);
    writeFileSync(
      path,
      good.map((byte, i) => (i === good.length >> 1 ? byte ^ 1 : byte)),
    );
    writeFileSync(join(dir, 'mempool.dat'), 'no transactions');
    const { code, out, err } = await verify();
    assert.equal(code, 74, err);
    assert.match(err, new RegExp(`peers: ${path}: offset \\d+: `));
    assert.match(err, /mempool: \S+mempool\.dat: pool file: wrong magic/);
    assert.match(err, /next: delete peers\/[\s\S]*next: delete mempool\.dat/);
    assert.doesNotMatch(err, /reindex/);
    assert.match(out, /2 findings/);
    writeFileSync(path, good);
    rmSync(join(dir, 'mempool.dat'));
    assert.equal((await verify()).code, 0);
  });

  it('says what is wrong with a directory that is none, and with arguments: exit 78, 64', async () => {
    assert.equal((await runCairn(['db', 'verify', '--datadir', join(cluster.dir, 'none')])).code, 78);
    assert.equal((await verify('--nonsense')).code, 64);
    assert.match((await runCairn(['db', 'verify', '--help'])).out, /changes nothing[\s\S]*Exit codes/);
  });
});
