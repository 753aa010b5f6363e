import assert from 'node:assert/strict';
import { decodeBlock } from '../../src/primitives/block.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import type { RestAnswer } from '../../src/rpc/rest/answer.ts';
import { createRest } from '../../src/rpc/rest/rest.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { ANYONE, coinbaseOf, spend } from '../chain/regtestMiner.ts';
import { FakeNode } from './fakeNode.ts';
import { caller, type Loose, makeDispatcher } from './setup.ts';

const P2WPKH = fromHex(`0014${'33'.repeat(20)}`);
const COIN = 100_000_000n;
const ZERO = '00'.repeat(32);
const FORMATS = 'output format not found (available: .bin, .hex, .json)';

/** A chain of `blocks` blocks whose last one spends the first coinbase and, in the same block, what that made. */
function spentChain(): { node: FakeNode; first: Tx; second: Tx; coinbase: Tx } {
  const node = new FakeNode();
  const coinbase = coinbaseOf(node.mine([], P2WPKH));
  const first = spend([{ tx: coinbase, index: 0 }], [{ value: 49n * COIN, scriptPubKey: ANYONE }]);
  const second = spend([{ tx: first, index: 0 }], [{ value: 48n * COIN, scriptPubKey: P2WPKH }]);
  node.mine([first, second]);
  return { node, first, second, coinbase };
}

type Get = (path: string) => Promise<RestAnswer | undefined>;

function restOf(node: FakeNode, backend = node.full() as Parameters<typeof makeDispatcher>[0]): Get {
  const rest = createRest(makeDispatcher(backend));
  return (path) => {
    const [name, query = ''] = path.split('?');
    return rest(name as string, new URLSearchParams(query));
  };
}

const textOf = (answer: RestAnswer | undefined): string => {
  assert.equal(typeof answer?.body, 'string');
  return answer?.body as string;
};
const jsonOf = (answer: RestAnswer | undefined): Loose => {
  assert.deepEqual([answer?.status, answer?.type], [200, 'application/json']);
  assert.ok(textOf(answer).endsWith('\n'));
  return JSON.parse(textOf(answer));
};
const binOf = (answer: RestAnswer | undefined): string => {
  assert.deepEqual([answer?.status, answer?.type], [200, 'application/octet-stream']);
  return toHex(answer?.body as Uint8Array);
};
const hexOf = (answer: RestAnswer | undefined): string => {
  assert.deepEqual([answer?.status, answer?.type], [200, 'text/plain']);
  return textOf(answer).replace(/\n$/, '');
};

describe('REST', () => {
  const { node, first, second, coinbase } = spentChain();
  const get = restOf(node);
  const call = caller(node.full());
  const tip = node.tip.header.id;

  async function refused(path: string, status: number, text: string): Promise<void> {
    assert.deepEqual(await get(path), { status, type: 'text/plain', body: `${text}\r\n` }, path);
  }

  describe('/rest/block', () => {
    it('gives the same block in every format: JSON is getblock 3, without details getblock 1', async () => {
      assert.deepEqual(jsonOf(await get(`/rest/block/${tip}.json`)), await call('getblock', tip, 3));
      assert.deepEqual(jsonOf(await get(`/rest/block/notxdetails/${tip}.json`)), await call('getblock', tip, 1));
      const raw = await call('getblock', tip, 0);
      assert.equal(hexOf(await get(`/rest/block/${tip}.hex`)), raw);
      assert.equal(binOf(await get(`/rest/block/${tip}.bin`)), raw);
      assert.equal(binOf(await get(`/rest/block/notxdetails/${tip}.bin`)), raw);
      assert.equal(decodeBlock(fromHex(raw)).header.id, tip);
    });

    it('refuses with the status and text of Bitcoin Core', async () => {
      await refused(`/rest/block/${ZERO}.json`, 404, `${ZERO} not found`);
      await refused(`/rest/block/${tip.slice(2)}.json`, 400, `Invalid hash: ${tip.slice(2)}`);
      await refused(`/rest/block/${'zz'.repeat(32)}.bin`, 400, `Invalid hash: ${'zz'.repeat(32)}`);
      await refused('/rest/block/.json', 400, 'Invalid hash: ');
      await refused(`/rest/block/${tip}`, 404, FORMATS);
      // What is no format belongs to the name.
      await refused(`/rest/block/${tip}.xml`, 400, `Invalid hash: ${tip}.xml`);
    });

    it('says why the body of a known header is not here', async () => {
      const own = new FakeNode();
      const block = own.mine();
      const bare = own.addHeader({ header: block.header, seal: block.seal }, 'header', 0);
      const answer = await restOf(own)(`/rest/block/${bare.header.id}.hex`);
      assert.deepEqual(
        [answer?.status, answer?.body],
        [404, `${bare.header.id} not available (not fully downloaded)\r\n`],
      );
    });
  });

  describe('/rest/headers', () => {
    const genesis = node.active[0]?.header.id as string;
    const one = node.active[1]?.header.id as string;

    it('goes upwards on the active chain, 5 when no count is given', async () => {
      const all = jsonOf(await get(`/rest/headers/${genesis}.json`));
      assert.deepEqual(
        all.map((header: Loose) => header.hash),
        [genesis, one, tip],
      );
      assert.deepEqual(all[1], await call('getblockheader', one));
      const two = jsonOf(await get(`/rest/headers/${genesis}.json?count=2`));
      assert.deepEqual(two, all.slice(0, 2));
      assert.deepEqual(jsonOf(await get(`/rest/headers/2/${genesis}.json`)), two, 'the form before 24.0');
      const raw = (await call('getblockheader', one, false)) + (await call('getblockheader', tip, false));
      assert.equal(hexOf(await get(`/rest/headers/${one}.hex?count=2000`)), raw);
      assert.equal(binOf(await get(`/rest/headers/${one}.bin`)), raw);

      const long = new FakeNode();
      for (let i = 0; i < 8; i++) long.mine();
      const five = jsonOf(await restOf(long)(`/rest/headers/${long.active[1]?.header.id}.json`));
      assert.deepEqual(
        five.map((header: Loose) => header.height),
        [1, 2, 3, 4, 5],
      );
    });

    it('has nothing for what is unknown or not on the active chain', async () => {
      assert.deepEqual(jsonOf(await get(`/rest/headers/${ZERO}.json`)), []);
      const own = new FakeNode();
      const stale = own.mine().header;
      own.active.pop();
      own.mine();
      assert.deepEqual(jsonOf(await restOf(own)(`/rest/headers/${stale.id}.json`)), []);
    });

    for (const count of ['0', '2001', '-5', '5a', '', '1.5', '99999999999999999999999999999999999']) {
      it(`refuses a count of ${JSON.stringify(count)}`, async () => {
        const text = `Header count is invalid or out of acceptable range (1-2000): ${count}`;
        await refused(`/rest/headers/${tip}.json?count=${count}`, 400, text);
        await refused(`/rest/headers/${count}/${tip}.json`, 400, text);
      });
    }

    it('refuses other paths', async () => {
      const text = 'Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>';
      await refused(`/rest/headers/1/2/${tip}.json`, 400, text);
      await refused('/rest/headers/1/xx.json', 400, 'Invalid hash: xx');
      await refused(`/rest/headers/1/${tip}`, 404, FORMATS);
    });
  });

  describe('/rest/blockhashbyheight', () => {
    it('gives the hash: internal order in binary, displayed otherwise', async () => {
      assert.deepEqual(jsonOf(await get('/rest/blockhashbyheight/2.json')), { blockhash: tip });
      assert.equal(hexOf(await get('/rest/blockhashbyheight/2.hex')), tip);
      assert.equal(binOf(await get('/rest/blockhashbyheight/2.bin')), toHex(node.tip.header.hash));
    });

    it('refuses what is no height', async () => {
      await refused('/rest/blockhashbyheight/3.json', 404, 'Block height out of range');
      await refused('/rest/blockhashbyheight/2147483647.json', 404, 'Block height out of range');
      for (const bad of ['2147483648', '-1', 'x', '', '1e1']) {
        await refused(`/rest/blockhashbyheight/${bad}.json`, 400, `Invalid height: ${bad}`);
      }
      await refused('/rest/blockhashbyheight/1', 404, FORMATS);
    });
  });

  describe('/rest/spenttxouts', () => {
    it('lists what each transaction spends, made in the same block or before, nothing for the coinbase', async () => {
      const lists = jsonOf(await get(`/rest/spenttxouts/${tip}.json`));
      assert.equal(lists.length, 3);
      assert.deepEqual(
        lists.map((list: Loose) => list.map((out: Loose) => [out.value, out.scriptPubKey.hex])),
        [[], [[50, toHex(P2WPKH)]], [[49, toHex(ANYONE)]]],
      );
      const amount = (coins: bigint): string => Buffer.from(new BigUint64Array([coins * COIN]).buffer).toString('hex');
      const expected = `0300${`01${amount(50n)}16${toHex(P2WPKH)}`}${`01${amount(49n)}01${toHex(ANYONE)}`}`;
      assert.equal(binOf(await get(`/rest/spenttxouts/${tip}.bin`)), expected);
      assert.equal(hexOf(await get(`/rest/spenttxouts/${tip}.hex`)), expected);
    });

    it('has an empty list for genesis, and 404 without undo data', async () => {
      assert.deepEqual(jsonOf(await get(`/rest/spenttxouts/${node.active[0]?.header.id}.json`)), [[]]);
      await refused(`/rest/spenttxouts/${ZERO}.json`, 404, `${ZERO} not found`);
      const own = spentChain().node;
      own.undo.delete(own.tip.header.key);
      const answer = await restOf(own)(`/rest/spenttxouts/${own.tip.header.id}.json`);
      assert.deepEqual([answer?.status, answer?.body], [404, `${own.tip.header.id} undo not available\r\n`]);
    });
  });

  describe('/rest/tx', () => {
    it('finds confirmed and unconfirmed transactions', async () => {
      assert.equal(hexOf(await get(`/rest/tx/${first.id}.hex`)), toHex(first.bytes));
      assert.equal(binOf(await get(`/rest/tx/${first.id}.bin`)), toHex(first.bytes));
      const json = jsonOf(await get(`/rest/tx/${first.id}.json`));
      assert.deepEqual([json.txid, json.blockhash, json.hex], [first.id, tip, toHex(first.bytes)]);
      assert.equal(json.confirmations, undefined);
      const own = spentChain();
      const third = spend([{ tx: own.second, index: 0 }], [{ value: COIN, scriptPubKey: ANYONE }]);
      own.node.addToPool(third, COIN);
      const pooled = jsonOf(await restOf(own.node)(`/rest/tx/${third.id}.json`));
      assert.deepEqual([pooled.txid, pooled.blockhash], [third.id, undefined]);
    });

    it('refuses what is not there', async () => {
      await refused(`/rest/tx/${ZERO}.json`, 404, `${ZERO} not found`);
      await refused('/rest/tx/abc.hex', 400, 'Invalid hash: abc');
      await refused(`/rest/tx/${first.id}`, 404, FORMATS);
      const genesis = node.network.genesis.txs[0]?.id as string;
      await refused(`/rest/tx/${genesis}.json`, 404, `${genesis} not found`);
    });
  });

  describe('/rest/getutxos', () => {
    const spent = `${coinbase.id}-0`;
    const unspent = `${second.id}-0`;

    it('tells found and spent apart: bitmap, tip, outputs', async () => {
      const json = jsonOf(await get(`/rest/getutxos/${spent}/${unspent}/${second.id}-1.json`));
      assert.deepEqual([json.chainHeight, json.chaintipHash, json.bitmap], [2, tip, '010']);
      assert.equal(json.utxos.length, 1);
      assert.deepEqual(
        [json.utxos[0].height, json.utxos[0].value, json.utxos[0].scriptPubKey.hex],
        [2, 48, toHex(P2WPKH)],
      );
    });

    it('writes the bytes of BIP64, the first output in the lowest bit of the map', async () => {
      const nine = [...Array(8).fill(spent), unspent].join('/');
      const amount = Buffer.from(new BigUint64Array([48n * COIN]).buffer).toString('hex');
      const coin = `0000000002000000${amount}16${toHex(P2WPKH)}`;
      const expected = `02000000${toHex(node.tip.header.hash)}020001` + `01${coin}`;
      assert.equal(binOf(await get(`/rest/getutxos/${nine}.bin`)), expected);
      assert.equal(hexOf(await get(`/rest/getutxos/${nine}.hex`)), expected);
      assert.equal(hexOf(await get(`/rest/getutxos/${spent}/${unspent}.hex`)).slice(72, 76), '0102');
    });

    it('counts the pool in only when asked to', async () => {
      const own = spentChain();
      const third = spend([{ tx: own.second, index: 0 }], [{ value: COIN, scriptPubKey: ANYONE }]);
      own.node.addToPool(third, COIN);
      const ask = restOf(own.node);
      const pair = `${own.second.id}-0/${third.id}-0`;
      assert.equal(jsonOf(await ask(`/rest/getutxos/${pair}.json`)).bitmap, '10');
      const counted = jsonOf(await ask(`/rest/getutxos/checkmempool/${pair}.json`));
      assert.deepEqual([counted.bitmap, counted.utxos[0].height], ['01', 0x7fffffff]);
    });

    it('reads again when a block comes meanwhile: outputs and tip belong together', async () => {
      const own = spentChain();
      const full = own.node.full();
      let read = 0;
      const coins: typeof full.blocks.coins = async (outpoints) => {
        const found = await full.blocks.coins(outpoints);
        if (read++ === 0) {
          own.node.mine([spend([{ tx: own.second, index: 0 }], [{ value: COIN, scriptPubKey: ANYONE }])]);
        }
        return found;
      };
      const ask = restOf(own.node, { ...full, blocks: { ...full.blocks, coins } });
      const json = jsonOf(await ask(`/rest/getutxos/${own.second.id}-0.json`));
      assert.deepEqual([json.chainHeight, json.bitmap], [3, '0']);
    });

    it('takes 15 outputs and no more', async () => {
      const many = (n: number): string => Array(n).fill(unspent).join('/');
      assert.equal(jsonOf(await get(`/rest/getutxos/${many(15)}.json`)).bitmap, '1'.repeat(15));
      await refused(
        `/rest/getutxos/checkmempool/${many(16)}.json`,
        400,
        'Error: max outpoints exceeded (max: 15, tried: 16)',
      );
    });

    it('refuses nothing at all and what is no output', async () => {
      for (const path of ['', '/', '/checkmempool']) {
        await refused(`/rest/getutxos${path}.json`, 400, 'Error: empty request');
      }
      for (const bad of ['x-0', `${ZERO}`, `${ZERO}-`, `${ZERO}--1`, `${ZERO}-4294967296`, `${ZERO}-1x`, `${tip}0-1`]) {
        await refused(`/rest/getutxos/${bad}.json`, 400, 'Parse error');
      }
      assert.equal(jsonOf(await get(`/rest/getutxos/${ZERO}-4294967295.json`)).bitmap, '0');
      await refused(`/rest/getutxos/${unspent}`, 404, FORMATS);
    });
  });

  describe('state of the node', () => {
    it('chaininfo, deploymentinfo and the pool are what the methods answer', async () => {
      assert.deepEqual(jsonOf(await get('/rest/chaininfo.json')), await call('getblockchaininfo'));
      assert.deepEqual(jsonOf(await get('/rest/deploymentinfo.json')), await call('getdeploymentinfo'));
      const genesis = node.active[0]?.header.id as string;
      assert.deepEqual(
        jsonOf(await get(`/rest/deploymentinfo/${genesis}.json`)),
        await call('getdeploymentinfo', genesis),
      );
      assert.deepEqual(jsonOf(await get('/rest/mempool/info.json')), await call('getmempoolinfo'));
      const own = spentChain();
      own.node.addToPool(spend([{ tx: own.second, index: 0 }], [{ value: COIN, scriptPubKey: ANYONE }]), COIN);
      const [ask, ownCall] = [restOf(own.node), caller(own.node.full())];
      assert.deepEqual(jsonOf(await ask('/rest/mempool/contents.json')), await ownCall('getrawmempool', true));
      assert.deepEqual(
        jsonOf(await ask('/rest/mempool/contents.json?verbose=false')),
        await ownCall('getrawmempool', false),
      );
      assert.deepEqual(
        jsonOf(await ask('/rest/mempool/contents.json?verbose=false&mempool_sequence=true')),
        await ownCall('getrawmempool', false, true),
      );
    });

    it('exist as JSON only', async () => {
      for (const path of ['chaininfo.hex', 'chaininfo', 'deploymentinfo.bin', 'mempool/info.hex', 'mempool/contents']) {
        await refused(`/rest/${path}`, 404, 'output format not found (available: json)');
      }
    });

    it('refuse as Bitcoin Core does', async () => {
      const path = 'Invalid URI format. Expected /rest/mempool/<info|contents>.json';
      await refused('/rest/mempool/x.json', 400, path);
      await refused('/rest/deploymentinfo/xyz.json', 400, 'Invalid hash: xyz');
      await refused(`/rest/deploymentinfo/${ZERO}.json`, 400, 'Block not found');
      for (const name of ['verbose', 'mempool_sequence']) {
        const text = `The "${name}" query parameter must be either "true" or "false".`;
        await refused(`/rest/mempool/contents.json?${name}=1`, 400, text);
      }
      await refused(
        '/rest/mempool/contents.json?mempool_sequence=true',
        400,
        'Verbose results cannot contain mempool sequence values. (hint: set "verbose=false")',
      );
    });
  });

  it('is 503 with the reason while the node warms up', async () => {
    const dispatcher = makeDispatcher();
    dispatcher.setWarmup('Loading block index…');
    assert.deepEqual(await createRest(dispatcher)('/rest/chaininfo.json', new URLSearchParams()), {
      status: 503,
      type: 'text/plain',
      body: 'Service temporarily unavailable: Loading block index…\r\n',
    });
  });

  it('does not exist elsewhere, nor on a node without blocks', async () => {
    assert.equal(await get('/rest/'), undefined);
    assert.equal(await get('/rest/blockfilter/basic/x.json'), undefined);
    assert.equal(await restOf(node, node.light())('/rest/chaininfo.json'), undefined);
  });

  it('our own failure is thrown, never shown', async () => {
    const full = node.full();
    const broken = async (): Promise<never> => {
      throw new Error('disk');
    };
    const ask = restOf(node, { ...full, blocks: { ...full.blocks, readBlock: broken } });
    await assert.rejects(ask(`/rest/block/${tip}.json`), /disk/);
  });
});
