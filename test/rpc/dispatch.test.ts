import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Json } from '../../src/rpc/json.ts';
import { FakeNode } from './fakeNode.ts';
import { answerOf, makeDispatcher } from './setup.ts';

const GENESIS = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';

describe('dispatch: the old dialect', () => {
  const dispatcher = makeDispatcher(new FakeNode().full());

  it('has result and error, one of them null, and the id', async () => {
    const good = await answerOf(dispatcher, { method: 'getblockhash', params: [0], id: 7 });
    assert.deepEqual(good, { kind: 'answer', body: { result: GENESIS, error: null, id: 7 }, errorCode: undefined });
    const bad = await answerOf(dispatcher, { method: 'getblockhash', params: [42], id: 'x', jsonrpc: '1.0' });
    const error = { code: -8, message: 'Block height out of range' };
    assert.deepEqual(bad, { kind: 'answer', body: { result: null, error, id: 'x' }, errorCode: -8 });
  });

  it('has no id when the request had none, and answers all the same', async () => {
    const { body } = await answerOf(dispatcher, { method: 'getblockcount' });
    assert.deepEqual(body, { result: 0, error: null });
  });

  it('answers a whole body that is no request with id null', async () => {
    for (const request of [undefined, null, 5, 'text', true]) {
      const { body, errorCode } = await answerOf(dispatcher, request as Json);
      assert.equal(errorCode, -32700);
      assert.equal(body.id, null);
      assert.equal(body.result, null);
    }
    assert.equal((await answerOf(dispatcher, undefined)).body.error.message, 'Parse error');
  });
});

describe('dispatch: JSON-RPC 2.0', () => {
  const dispatcher = makeDispatcher(new FakeNode().full());

  it('has either result or error', async () => {
    const good = await answerOf(dispatcher, { jsonrpc: '2.0', method: 'getblockcount', id: 1 });
    assert.deepEqual(good.body, { jsonrpc: '2.0', result: 0, id: 1 });
    const bad = await answerOf(dispatcher, { jsonrpc: '2.0', method: 'nosuch', id: 1 });
    const error = { code: -32601, message: 'Method not found' };
    assert.deepEqual(bad, { kind: 'answer', body: { jsonrpc: '2.0', error, id: 1 }, errorCode: undefined });
  });

  it('does not answer notifications, but runs them', async () => {
    const node = new FakeNode();
    const own = makeDispatcher(node.full());
    assert.equal((await answerOf(own, { jsonrpc: '2.0', method: 'stop' })).kind, 'nothing');
    assert.equal(node.stopped, true);
    assert.equal((await answerOf(own, { jsonrpc: '2.0', method: 'getblockhash', params: [42] })).kind, 'nothing');
  });

  it('takes a null id for an id', async () => {
    const { body } = await answerOf(dispatcher, { jsonrpc: '2.0', method: 'getblockcount', id: null });
    assert.deepEqual(body, { jsonrpc: '2.0', result: 0, id: null });
  });

  it('echoes ids of any type verbatim', async () => {
    for (const id of ['', 'a', 0, -1, 1.5, true, [1, 'x'], { a: null }] as Json[]) {
      assert.deepEqual((await answerOf(dispatcher, { jsonrpc: '2.0', method: 'uptime', id })).body.id, id);
    }
  });
});

describe('dispatch: request objects that are wrong', () => {
  const dispatcher = makeDispatcher(new FakeNode().full());
  const cases: [string, Json, string][] = [
    ['version of another type', { jsonrpc: 2, method: 'uptime' }, 'jsonrpc field must be a string'],
    ['unknown version', { jsonrpc: '3.0', method: 'uptime' }, 'JSON-RPC version not supported'],
    ['no method', { id: 1 }, 'Missing method'],
    ['method of another type', { method: 5, id: 1 }, 'Method must be a string'],
    ['params of another type', { method: 'uptime', params: 'x', id: 1 }, 'Params must be an array or object'],
    ['params a number', { method: 'uptime', params: 0, id: 1 }, 'Params must be an array or object'],
  ];
  for (const [name, request, message] of cases) {
    it(`${name}: -32600`, async () => {
      const { body, errorCode } = await answerOf(dispatcher, request);
      assert.equal(errorCode, -32600);
      assert.deepEqual(body.error, { code: -32600, message });
    });
  }

  it('takes params that are missing or null as none', async () => {
    for (const request of [
      { method: 'getblockcount', id: 1 },
      { method: 'getblockcount', params: null, id: 1 },
    ]) {
      assert.equal((await answerOf(dispatcher, request)).body.result, 0);
    }
  });

  it('survives any JSON at all with an answer', async () => {
    const method = fc.oneof(fc.constantFrom('getblock', 'help', 'echo', 'gettxout', 'testmempoolaccept'), fc.string());
    const request = fc.record({
      method,
      params: fc.jsonValue(),
      id: fc.jsonValue(),
      jsonrpc: fc.constantFrom('2.0', '1.0'),
    });
    const any = fc.oneof(fc.jsonValue(), request, fc.array(request, { maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(any, async (value) => {
        const outcome = await dispatcher.handle(value as Json);
        if (outcome.kind === 'answer') assert.notEqual(JSON.stringify(outcome.body).length, 0);
        assert.notEqual((outcome as { errorCode?: number }).errorCode, -32603);
      }),
      { numRuns: 300 },
    );
  });

  it('does not mistake members of Object for methods or arguments', async () => {
    for (const method of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.equal((await answerOf(dispatcher, { method, id: 1 })).errorCode, -32601);
    }
    const request = JSON.parse('{"method":"getblockhash","params":{"__proto__":5},"id":1}') as Json;
    assert.equal((await answerOf(dispatcher, request)).body.error.message, 'Unknown named parameter __proto__');
  });
});

describe('dispatch: batches', () => {
  const dispatcher = makeDispatcher(new FakeNode().full());

  it('answers in order, each member in its own dialect, without an HTTP error', async () => {
    const { body, errorCode } = await answerOf(dispatcher, [
      { method: 'getblockcount', id: 1 },
      { jsonrpc: '2.0', method: 'getblockhash', params: [9], id: 2 },
      { jsonrpc: '2.0', method: 'uptime' },
      7,
      { method: 'nosuch', id: 'z' },
    ]);
    assert.equal(errorCode, undefined);
    assert.deepEqual(body, [
      { result: 0, error: null, id: 1 },
      { jsonrpc: '2.0', error: { code: -8, message: 'Block height out of range' }, id: 2 },
      { result: null, error: { code: -32600, message: 'Invalid Request object' }, id: null },
      { result: null, error: { code: -32601, message: 'Method not found' }, id: 'z' },
    ]);
  });

  it('[] gives [], notifications only give nothing', async () => {
    assert.deepEqual((await answerOf(dispatcher, [])).body, []);
    const quiet = { jsonrpc: '2.0', method: 'uptime' };
    assert.equal((await answerOf(dispatcher, [quiet, quiet])).kind, 'nothing');
  });

  it('of 20000 members leaves others their turn', async () => {
    let turns = 0;
    const ticking = setInterval(() => turns++, 1);
    const batch = Array.from({ length: 20_000 }, (_, id) => ({ method: 'getblockcount', id }));
    const { body } = await answerOf(dispatcher, batch);
    clearInterval(ticking);
    assert.equal(body.length, 20_000);
    assert.equal(body[19_999].id, 19_999);
    assert.ok(turns > 0, 'a timer ran meanwhile');
  });
});

describe('dispatch: batches whose answer grows too long', () => {
  it('get -7 for the calls beyond, which are not made', async () => {
    const node = new FakeNode();
    const dispatcher = makeDispatcher(node.full(), { maxBatchAnswer: 100 });
    const { body } = await answerOf(dispatcher, [
      { method: 'echo', params: ['x'.repeat(200)], id: 1 },
      { method: 'stop', id: 2 },
    ]);
    assert.equal(body[0].result[0].length, 200);
    assert.deepEqual([body[1].error.code, body[1].id, node.stopped], [-7, 2, false]);
  });
});

describe('dispatch: warm-up and our own failures', () => {
  it('answers -28 with the current message until ready', async () => {
    const dispatcher = makeDispatcher();
    dispatcher.setWarmup('Loading block index…');
    const { body, errorCode } = await answerOf(dispatcher, { method: 'getblockcount', id: 1 });
    assert.equal(errorCode, -28);
    assert.deepEqual(body.error, { code: -28, message: 'Loading block index…' });
    dispatcher.ready(new FakeNode().full());
    assert.equal((await answerOf(dispatcher, { method: 'getblockcount', id: 1 })).body.result, 0);
  });

  it('closed, it lets calls under way end, wakes those that wait, and tells all others why', async () => {
    const dispatcher = makeDispatcher(new FakeNode().full());
    const waiting = answerOf(dispatcher, { method: 'waitfornewblock', id: 1 });
    dispatcher.close('Shutting down');
    assert.equal((await waiting).body.error, null);
    for (const method of ['getblockcount', 'stop', 'help', 'uptime']) {
      const { body } = await answerOf(dispatcher, { method, id: 2 });
      assert.deepEqual(body.error, { code: -28, message: 'Shutting down' });
    }
    dispatcher.setWarmup('Shutting down: flushing coins: 1 of 2, 50 %');
    const { body } = await answerOf(dispatcher, { method: 'getblockcount', id: 3 });
    assert.match(body.error.message, /1 of 2/);
  });

  it('turns an exception into -32603 and goes on', async () => {
    const backend = new FakeNode().full();
    const blocks = { ...backend.blocks, sizeOnDisk: () => Promise.reject(new Error('disk on fire')) };
    const dispatcher = makeDispatcher({ ...backend, blocks });
    const { body } = await answerOf(dispatcher, { method: 'getblockchaininfo', id: 1 });
    assert.deepEqual(body.error, { code: -32603, message: 'Internal error: disk on fire' });
    assert.equal((await answerOf(dispatcher, { method: 'getblockcount', id: 1 })).body.result, 0);
  });

  it('lets every call run although more wait than may run at once', async () => {
    const backend = new FakeNode().full();
    let running = 0;
    let most = 0;
    const blocks = {
      ...backend.blocks,
      async sizeOnDisk() {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        return 1;
      },
    };
    const dispatcher = makeDispatcher({ ...backend, blocks });
    await Promise.all(Array.from({ length: 300 }, () => dispatcher.call('getblockchaininfo', [])));
    assert.equal(running, 0);
    assert.ok(most <= 32, `${most} ran at once`);
  });
});

describe('dispatch: what a node does not offer', () => {
  const light = makeDispatcher(new FakeNode().light());

  it('is -32601 with the reason', async () => {
    const { body, errorCode } = await answerOf(light, { method: 'getblock', params: [GENESIS], id: 1 });
    assert.equal(errorCode, -32601);
    assert.equal(body.error.message, 'Method not found (getblock is not available on this node: it has no blocks)');
  });

  it('is not listed by help and rpc.discover', async () => {
    const index = (await light.call('help', [])) as string;
    assert.ok(!index.includes('getrawmempool'));
    assert.ok(index.includes('getblockheader "blockhash" ( verbose )'));
    const { methods } = (await light.call('rpc.discover', [])) as { methods: { name: string }[] };
    assert.ok(!methods.some(({ name }) => name === 'getblock'));
    assert.ok(methods.some(({ name }) => name === 'getlightinfo'));
  });
});
