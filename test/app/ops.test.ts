import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type OpsServer, startOpsServer } from '../../src/app/ops/opsServer.node.ts';
import type { OpsSource, Readiness } from '../../src/app/ops/opsSource.ts';
import type { RestHandler } from '../../src/rpc/rest/answer.ts';
import { silentLogger } from '../../src/util/ports.ts';

describe('health listener', () => {
  let server: OpsServer;
  let state: Readiness = { ready: true };
  let sent = 5;
  const source: OpsSource = {
    readiness: () => state,
    health: async () => ({ height: 7 }),
    metrics: async () => ({ cairn_height: 7, cairn_network_sent_bytes_total: sent }),
  };
  const rest: RestHandler = async (path, query) => {
    if (path === '/rest/fail') throw new Error('bang');
    if (path !== '/rest/x.json') return undefined;
    return { status: 200, type: 'application/json', body: JSON.stringify({ q: query.get('q') }) };
  };
  before(async () => {
    server = await startOpsServer({ bind: '127.0.0.1', port: 0 }, { source, log: silentLogger, rest });
  });
  after(() => server.close());
  const get = async (path: string, method = 'GET'): Promise<{ status: number; text: string; type: string | null }> => {
    const answer = await fetch(server.url + path, { method });
    return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') };
  };

  it('/livez says that the process answers, ready or not', async () => {
    state = { ready: false, reason: 'warming-up', detail: 'loading' };
    assert.deepEqual(await get('/livez'), { status: 200, text: 'live\n', type: 'text/plain; charset=utf-8' });
  });

  for (const reason of ['warming-up', 'syncing', 'disk-full', 'stopping'] as const) {
    it(`/readyz is 503 while ${reason}, with the reason`, async () => {
      state = { ready: false, reason, detail: 'some detail' };
      const { status, text } = await get('/readyz');
      assert.deepEqual([status, text], [503, `${reason}: some detail\n`]);
    });
  }

  it('/readyz is 200 when ready', async () => {
    state = { ready: true };
    assert.equal((await get('/readyz')).status, 200);
  });

  it('/health is JSON of the state and what the node adds', async () => {
    state = { ready: true };
    const { text, type } = await get('/health');
    assert.equal(type, 'application/json');
    assert.deepEqual(JSON.parse(text), { live: true, ready: true, height: 7 });
  });

  it('/metrics has gauges, counters that follow the source, and the process', async () => {
    assert.match((await get('/metrics')).text, /^cairn_network_sent_bytes_total 5$/m);
    sent = 9;
    const { text, type } = await get('/metrics');
    assert.match(type ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(text, /^cairn_height 7$/m);
    assert.match(text, /^# TYPE cairn_height gauge$/m);
    assert.match(text, /^# TYPE cairn_network_sent_bytes_total counter$/m);
    assert.match(text, /^cairn_network_sent_bytes_total 9$/m);
    assert.match(text, /^cairn_process_resident_memory_bytes \d+/m);
  });

  it('/rest/ goes to its handler; its failure is a 500 and nothing more', async () => {
    assert.deepEqual(JSON.parse((await get('/rest/x.json?q=1')).text), { q: '1' });
    assert.equal((await get('/rest/none')).status, 404);
    const failed = await get('/rest/fail');
    assert.deepEqual([failed.status, failed.text], [500, 'internal error\n']);
    assert.equal((await get('/livez')).status, 200);
  });

  it('other paths are 404, other methods 405, HEAD has no body', async () => {
    assert.equal((await get('/')).status, 404);
    assert.equal((await get('//')).status, 404);
    assert.equal((await get('/livez', 'POST')).status, 405);
    assert.deepEqual(await get('/livez', 'HEAD'), { status: 200, text: '', type: 'text/plain; charset=utf-8' });
  });

  it('a taken port is an error with its code', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    await assert.rejects(startOpsServer({ bind: '127.0.0.1', port }, { source, log: silentLogger }), {
      code: 'EADDRINUSE',
    });
    other.close();
  });
});
