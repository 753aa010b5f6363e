import assert from 'node:assert/strict';
import { TestNode } from '../../support/nodeProcess.ts';
import { type Bench, type Suite, timed } from '../harness.ts';
import { RpcConnection } from '../rpcConnection.ts';

const CONNECTIONS = 16;
const BATCH = 100;
const CALL = { jsonrpc: '2.0', id: 1, method: 'getblockcount', params: [] };

/** Calls over and over on each connection for `ms`; calls per second, `perBody` calls in each body. */
async function rate(connections: readonly RpcConnection[], body: string, perBody: number, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let calls = 0;
  const { seconds } = await timed(() =>
    Promise.all(
      connections.map(async (connection) => {
        while (performance.now() < end) {
          await connection.call(body);
          calls += perBody;
        }
      }),
    ),
  );
  return calls / seconds;
}

async function measure(bench: Bench, node: TestNode): Promise<void> {
  const connections: RpcConnection[] = [];
  for (let i = 0; i < CONNECTIONS; i++) connections.push(await RpcConnection.open(node.rpcPort, node.cookie));
  const [one, batch] = [JSON.stringify(CALL), JSON.stringify(Array.from({ length: BATCH }, () => CALL))];
  const answers = JSON.parse(await (connections[0] as RpcConnection).call(batch)) as { result: number }[];
  assert.deepEqual(
    answers.map(({ result }) => result),
    new Array(BATCH).fill(0),
  );

  const ms = bench.quick ? 1000 : 4000;
  const first = connections.slice(0, 1);
  const ways = [
    { name: 'single', use: first, body: one, perBody: 1 },
    { name: 'parallel', use: connections, body: one, perBody: 1 },
    { name: 'batch', use: first, body: batch, perBody: BATCH },
  ];
  for (const { name, use, body, perBody } of ways) {
    // The first second runs code that is not optimised yet.
    await rate(use, body, perBody, 1000);
    const values: number[] = [];
    for (let run = 0; run < bench.runs; run++) values.push(await rate(use, body, perBody, ms));
    bench.report(name, 'calls/s', values, { method: CALL.method, connections: use.length, callsPerRequest: perBody });
  }
  for (const connection of connections) connection.close();
}

export const suite: Suite = {
  name: 'rpc',
  about: 'getblockcount over HTTP from a full node process: one connection, sixteen, and batches',
  async run(bench) {
    const dir = bench.tempDir();
    const group = `bench-${process.pid}`;
    const node = await TestNode.create({ dir, role: 'full', network: 'regtest', group });
    try {
      await node.start();
      await measure(bench, node);
    } finally {
      await node.stop();
    }
  },
};
