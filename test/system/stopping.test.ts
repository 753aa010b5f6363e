import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { runCairn, startCairn } from '../support/cairnCommand.ts';
import { Cluster } from '../support/cluster.ts';
import { writeCoinFile } from '../support/coinFile.ts';
import type { TestNode } from '../support/nodeProcess.ts';
import { freePort } from '../support/ports.ts';
import { RpcFailure } from '../support/rpcCall.ts';
import { until } from '../support/wait.ts';

/** Blocks with many coins each: enough that a flush takes seconds. */
const RICH = 100;
const COINS = 10_000;

describe('stopping in the middle of long work', function () {
  this.timeout(240_000);
  let cluster: Cluster;
  let file: string;
  let height: number;
  let node: TestNode;
  let ops: string;
  let ledger: unknown;

  before(async () => {
    cluster = new Cluster('regtest');
    file = join(cluster.dir, 'coins.dat');
    height = writeCoinFile(file, RICH, COINS);
    const port = await freePort();
    ops = `http://127.0.0.1:${port}`;
    node = await cluster.add('node', 'full', { flags: ['--ops-port', String(port)] });
  });
  after(() => cluster.end());

  const importing = (dir: string) =>
    startCairn(['blocks', 'import', '--datadir', dir, '--network', 'regtest', '--dbcache', '450', file]);

  /** An import that is asked to stop when it has about `rich` of the rich blocks; `said` is what it printed until now. */
  async function stoppedImport(dir: string, rich: number) {
    const { child, ended } = importing(dir);
    let said = '';
    child.stderr?.on('data', (text: string) => {
      said += text;
    });
    const written = join(dir, 'blocks', 'blk00000.dat');
    await until('rich blocks', 60_000, async () => {
      const found = statSync(written, { throwIfNoEntry: false });
      return found !== undefined && found.size > COINS * 10 * rich ? true : undefined;
    });
    child.kill('SIGTERM');
    return { child, ended, said: () => said };
  }

  it('an import that is asked to stop writes its coins first, and says so; the next one goes on', async () => {
    const { ended } = await stoppedImport(node.options.dir, 30);
    const { code, out, err } = await ended;
    assert.equal(code, 1, out + err);
    assert.match(err, /flushing coins: \d+ of \d{6,}/);
    assert.match(err, /flushing coins: (\d+) of \1, 100 %/);
    const [, connected] = /^stopped: (\d+) connected/.exec(out) ?? [];
    assert.ok(Number(connected) > RICH && Number(connected) < height, out);
    const rest = await importing(node.options.dir).ended;
    assert.equal(rest.code, 0, rest.err);
    assert.match(rest.out, new RegExp(`^done: ${height - Number(connected)} connected.* ${connected} there before`));
    await node.start();
    ledger = await node.rpc('getledgerhash');
    assert.equal(await node.stop(), 0);
  });

  it('a second signal ends it at once; nothing is lost but time', async () => {
    const dir = join(cluster.dir, 'forced');
    const { child, ended, said } = await stoppedImport(dir, 85);
    await until('the flush', 60_000, async () => (/flushing coins: \d+ of/.test(said()) ? true : undefined));
    // Not the echo of the first.
    await new Promise((resolve) => setTimeout(resolve, 450));
    child.kill('SIGINT');
    const { code, err } = await ended;
    assert.equal(code, 1);
    assert.match(err, /SIGINT again: ending at once/);
    assert.doesNotMatch(err, /100 %/);
    assert.equal((await importing(dir).ended).code, 0);
    const other = await (await cluster.add('forced', 'full')).start();
    assert.deepEqual(await other.rpc('getledgerhash'), ledger);
    assert.equal(await other.stop(), 0);
  });

  const at = (...words: string[]) =>
    runCairn([...words, '--datadir', node.options.dir, '--rpc-port', String(node.rpcPort)]);
  /** What the node answers to all callers while it starts. */
  async function warmup(): Promise<string> {
    return await until('a node that starts', 30_000, async () => {
      try {
        await node.rpc('uptime');
      } catch (error) {
        if (error instanceof RpcFailure && error.code === -28) return error.message;
      }
      return undefined;
    });
  }

  it('a node asked to stop while it reindexes tells what it does, stops with 0, and goes on with the next start', async () => {
    node.output = '';
    node.spawn(['--reindex']);
    await until('rich blocks that are connected', 60_000, async () =>
      /Connecting blocks: 2[2-9]\d of/.test(await warmup()) ? true : undefined,
    );
    for (const method of ['help', 'stop', 'getrpcinfo', 'getblockcount'])
      await assert.rejects(node.rpc(method), (error) => error instanceof RpcFailure && error.code === -28);
    const ready = await fetch(`${ops}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /^warming-up: Connecting blocks: /);
    assert.equal((await fetch(`${ops}/livez`)).status, 200);
    assert.equal(await node.stop(), 0);
    assert.match(node.output, /flushing coins: (\d+) of \1, 100 %/);
    assert.doesNotMatch(node.output, /is up/);
    node.output = '';
    await node.start();
    assert.deepEqual(await node.rpc('getledgerhash'), ledger);
    assert.equal(await node.stop(), 0);
  });

  it('cairn status shows a node that starts, and cairn stop stops it', async () => {
    node.spawn(['--reindex-chainstate']);
    await warmup();
    const status = await at('status');
    assert.equal(status.code, 0, status.err);
    assert.match(status.out, /^node +full on regtest http.*\nphase +\S+/);
    const json = JSON.parse((await at('status', '--json')).out) as { phase: string; detail: string };
    assert.equal(json.phase, 'warming-up');
    assert.ok(json.detail.length > 5);
    const stopped = await at('stop');
    assert.equal(stopped.code, 0, stopped.err);
    assert.equal(stopped.out, 'stopped\n');
    assert.equal(await node.exited(), 0);
    await node.start();
    assert.deepEqual(await node.rpc('getledgerhash'), ledger);
    assert.equal(await node.stop(), 0);
  });
});
