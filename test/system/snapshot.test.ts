import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, MINER_ADDRESS } from '../support/cluster.ts';
import { sameTip, type TestNode } from '../support/nodeProcess.ts';
import { TxFlow } from '../support/txFlow.ts';
import { until } from '../support/wait.ts';

interface Dump {
  readonly coins_written: number;
  readonly base_hash: string;
  readonly base_height: number;
  readonly path: string;
  readonly txoutset_hash: string;
  readonly nchaintx: number;
}

interface ChainTxStats {
  readonly txcount?: number;
  readonly window_tx_count?: number;
}

interface ChainInfo {
  readonly backgroundvalidation?: { readonly snapshotheight: number; readonly blocks: number };
}

interface ChainState {
  readonly blocks: number;
  readonly validated: boolean;
  readonly snapshot_blockhash?: string;
}

const statesOf = async (node: TestNode): Promise<readonly ChainState[]> =>
  (await node.rpc<{ chainstates: ChainState[] }>('getchainstates')).chainstates;

/** Everything gettxoutsetinfo tells of the coins. */
const coinsOf = (node: TestNode): Promise<unknown> => node.rpc('gettxoutsetinfo', 'muhash');

/** Gives `node` the headers of `source` above its tip, and no blocks. */
async function giveHeaders(node: TestNode, source: TestNode): Promise<void> {
  const height = await source.height();
  for (let h = (await node.height()) + 1; h <= height; h++) {
    const hash = await source.rpc<string>('getblockhash', h);
    await node.rpc('submitheader', await source.rpc('getblockheader', hash, false));
  }
}

describe('a snapshot of coins between processes', function () {
  this.timeout(180_000);
  let cluster: Cluster;
  let source: TestNode;
  let dump: Dump;
  before(async () => {
    cluster = new Cluster('regtest');
    source = await (await cluster.add('source', 'full')).start();
    const flow = new TxFlow(source, 0);
    await flow.fund();
    await flow.sendData(2_000);
    await source.rpc('generatetoaddress', 2, MINER_ADDRESS);
    dump = await source.rpc<Dump>('dumptxoutset', 'utxo.dat', 'latest');
    await source.rpc('generatetoaddress', 5, MINER_ADDRESS);
  });
  after(() => cluster.end());

  const vouch = ({ base_height, base_hash, txoutset_hash, nchaintx }: Dump): string[] => [
    '--assumeutxo',
    `${base_height}:${base_hash}:${txoutset_hash}:${nchaintx}`,
  ];

  it('is the same whether it is made at its block or later, going back', async () => {
    const info = await source.rpc<{ txouts: number }>('gettxoutsetinfo', 'none');
    assert.equal(info.txouts, dump.coins_written + 5);
    const later = await source.rpc<Dump>('dumptxoutset', 'later.dat', 'rollback', { rollback: dump.base_height });
    assert.deepEqual({ ...later, path: dump.path }, dump);
    assert.equal(await source.height(), dump.base_height + 5, 'no tip moved');
  });

  it('puts a node on its block at once; the node then catches up with the tip and with the past', async () => {
    const node = await (await cluster.add('node', 'full')).start(vouch(dump));
    await assert.rejects(node.rpc('loadtxoutset', dump.path), { code: -32603, message: /must appear in the headers/ });
    await giveHeaders(node, source);
    const loaded = await node.rpc('loadtxoutset', dump.path);
    assert.deepEqual(loaded, {
      coins_loaded: dump.coins_written,
      tip_hash: dump.base_hash,
      base_height: dump.base_height,
      path: dump.path,
    });
    assert.equal(await node.height(), dump.base_height);
    const [past, active] = await statesOf(node);
    assert.deepEqual([past?.blocks, past?.validated], [0, true]);
    assert.equal(active?.validated, false);
    assert.equal(active?.snapshot_blockhash, dump.base_hash);
    const hash = await node.rpc<string>('getblockhash', 1);
    await assert.rejects(node.rpc('getblock', hash), { code: -1 });
    const stats = await node.rpc<ChainTxStats>('getchaintxstats', 10);
    assert.equal(stats.txcount, dump.nchaintx);
    assert.equal(stats.window_tx_count, undefined);
    const { backgroundvalidation } = await node.rpc<ChainInfo>('getblockchaininfo');
    assert.deepEqual([backgroundvalidation?.snapshotheight, backgroundvalidation?.blocks], [dump.base_height, 0]);

    // Nothing of it is lost when the process is killed.
    await node.stop('SIGKILL');
    await node.start([...vouch(dump), '--seed', await source.multiaddr()]);
    assert.equal((await statesOf(node)).length, 2);
    await sameTip([source, node], 60_000, dump.base_height + 5);
    await until('the past to be validated', 60_000, async () => {
      const states = await statesOf(node);
      return states.length === 1 && states[0]?.validated === true;
    });
    assert.deepEqual(await coinsOf(node), await coinsOf(source));
    assert.equal((await node.rpc<{ height: number }>('getblock', hash)).height, 1);
    assert.deepEqual(await node.rpc('getchaintxstats', 10), await source.rpc('getchaintxstats', 10));
    assert.equal((await node.rpc<ChainInfo>('getblockchaininfo')).backgroundvalidation, undefined);
    await until('its database to be removed', 10_000, async () => !existsSync(join(node.options.dir, 'past')));
    await node.stop();
    await node.start();
    assert.deepEqual(await coinsOf(node), await coinsOf(source));
  });

  it('tells connected peers that it cannot serve old blocks any more, and that it can again', async () => {
    const node = await (await cluster.add('changing', 'full')).start(vouch(dump));
    await giveHeaders(node, source);
    // A neighbour that has nothing to give: the past waits for the blocks of the source.
    const neighbour = await (await cluster.add('neighbour', 'full')).start();
    await node.rpc('addnode', await neighbour.multiaddr(), 'onetry');
    const offered = async (): Promise<readonly string[]> =>
      (await neighbour.rpc<{ servicesnames: string[] }[]>('getpeerinfo'))[0]?.servicesnames ?? [];
    await until('the two to be connected', 20_000, async () => (await offered()).includes('NETWORK') || undefined);
    await node.rpc('loadtxoutset', dump.path);
    const info = await node.rpc<{ localservicesnames: string[] }>('getnetworkinfo');
    assert.ok(info.localservicesnames.includes('NETWORK_LIMITED') && !info.localservicesnames.includes('NETWORK'));
    await until('the neighbour to know', 5_000, async () => (await offered()).includes('NETWORK_LIMITED') || undefined);
    await node.rpc('addnode', await source.multiaddr(), 'onetry');
    await until('it to offer all blocks again', 60_000, async () => {
      const names = await offered();
      return (names.includes('NETWORK') && !names.includes('NETWORK_LIMITED')) || undefined;
    });
    await sameTip([source, node, neighbour], 60_000, dump.base_height + 5);
  });

  it('stops a node for good when its coins are not those of the blocks below', async () => {
    // A chain of another node with the same headers cannot be had: the coins after one block are given as those of another.
    const before = await source.rpc<Dump>('dumptxoutset', 'before.dat', 'rollback', { rollback: dump.base_height - 1 });
    const bytes = readFileSync(before.path);
    Buffer.from(dump.base_hash, 'hex').reverse().copy(bytes, 11);
    const lie = join(source.options.dir, 'lie.dat');
    writeFileSync(lie, bytes);
    const node = await (await cluster.add('deceived', 'full')).start(
      vouch({ ...dump, txoutset_hash: before.txoutset_hash }),
    );
    await giveHeaders(node, source);
    await node.rpc('loadtxoutset', lie);
    assert.equal(await node.height(), dump.base_height);
    await node.stop();
    node.spawn(['--seed', await source.multiaddr()]);
    assert.equal(await node.exited(), 74);
    // The coins began in the run before: they are not believed at once.
    assert.match(node.output, /seems to be false: its past is connected once more/);
    assert.match(node.output, /loaded on trust, is false: the blocks up to it lead to coins with hash/);
    node.spawn(['--reindex-chainstate']);
    assert.equal(await node.exited(), 64);
    assert.match(node.output, /would not run these again\. Start with --reindex,/);
    node.spawn();
    assert.equal(await node.exited(), 74);
    assert.match(node.output, /an earlier run connected the blocks below it\. Nothing .* --reindex/);
    await node.start(['--reindex', '--seed', await source.multiaddr()]);
    await sameTip([source, node], 60_000, dump.base_height + 5);
    assert.deepEqual(await coinsOf(node), await coinsOf(source));
  });
});
