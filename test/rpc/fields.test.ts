import assert from 'node:assert/strict';
import { allMethods } from '../../src/rpc/methods/all.ts';
import type { ResultSpec } from '../../src/rpc/spec.ts';
import { fromHex } from '../../src/util/hex.ts';
import { coinbaseOf, spend } from '../chain/regtestMiner.ts';
import { vectorJson } from '../support/vectors.ts';
import { FakeNode, fakePeer } from './fakeNode.ts';
import { type Caller, caller, type Loose } from './setup.ts';

/** One field as the vector file describes Bitcoin Core's help. */
interface CoreField {
  readonly name: string;
  readonly type: string;
  readonly optional?: boolean;
  readonly inner?: readonly CoreField[];
}

const P2WPKH = fromHex(`0014${'11'.repeat(20)}`);

/** Cairn's own additions, documented in each method's help. */
const EXTRAS: Record<string, readonly string[]> = {
  getblockchaininfo: ['networkid'],
  getnetworkinfo: ['networkid'],
  getmininginfo: ['mining', 'hashrate'],
  // startingheight was removed from Bitcoin Core lately; explorers still read it.
  getpeerinfo: ['startingheight', 'peerid', 'multiaddr', 'role', 'score'],
  listbanned: ['reason'],
  // The vector file's extraction misses the members that getrawtransaction adds around the transaction.
  getrawtransaction: ['in_active_chain', 'blockhash', 'confirmations', 'time', 'blocktime', 'prevout', 'fee'],
  getblock: ['prevout'],
};

/** Fields that exist only with some arguments, or that the file lists one level too high (members of inputs). */
const NOT_ALWAYS: Record<string, readonly string[]> = {
  getblockheader: ['previousblockhash'],
  getblock: ['previousblockhash', 'nextblockhash', 'prevout', 'fee', 'witness', 'sequence', 'ischange'],
  getrawtransaction: ['prevout', 'fee', 'ischange'],
  decoderawtransaction: ['prevout', 'fee', 'hex', 'sequence', 'ischange'],
};

/** Forms of the right outer type that fit a value best: several results are listed side by side in the file. */
function problems(path: string, fields: readonly CoreField[], value: Loose, method: string): string[] {
  const kind = Array.isArray(value) ? 'ARR' : value === null ? 'NONE' : typeof value === 'object' ? 'OBJ' : 'scalar';
  const fitting = fields.filter(({ type }) => {
    if (kind === 'OBJ') return type === 'OBJ' || type === 'OBJ_DYN';
    if (kind === 'scalar') return !['ARR', 'OBJ', 'OBJ_DYN', 'NONE'].includes(type);
    return kind === 'ARR' ? type === 'ARR' || type === 'ARR_FIXED' : type === kind;
  });
  if (fitting.length === 0) return [`${path}: no form of Bitcoin Core is ${kind}`];
  const all = fitting.map((form) => problemsOfForm(path, form, value, method));
  return all.reduce((best, one) => (one.length < best.length ? one : best));
}

function problemsOfForm(path: string, form: CoreField, value: Loose, method: string): string[] {
  const inner = form.inner ?? [];
  const allowed = EXTRAS[method] ?? [];
  if (form.type === 'ARR') return (value as Loose[]).flatMap((item) => problems(`${path}[]`, inner, item, method));
  if (form.type === 'OBJ_DYN')
    return Object.values(value).flatMap((item) => problems(`${path}{}`, inner, item, method));
  if (form.type !== 'OBJ' || inner.length === 0) return [];
  const found: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    const known = inner.filter((field) => field.name === name);
    if (known.length > 0) found.push(...problems(`${path}.${name}`, known, member, method));
    else if (!allowed.includes(name)) found.push(`${path}.${name} is unknown to Bitcoin Core`);
  }
  const optional = NOT_ALWAYS[method] ?? [];
  for (const { name, optional: may } of inner) {
    if (may !== true && !optional.includes(name) && value[name] === undefined) found.push(`${path}.${name} is missing`);
  }
  return found;
}

/** True when the value has the shape that the method's own table promises. */
function fitsOwn(spec: ResultSpec, value: Loose): boolean {
  const inner = spec.inner ?? [];
  switch (spec.shape) {
    case 'any':
      return true;
    case 'none':
      return value === null;
    case 'str':
      return typeof value === 'string';
    case 'hex':
      return typeof value === 'string' && /^([0-9a-f]{2})*$/.test(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'arr':
      return Array.isArray(value) && value.every((item) => fitsOwn(inner[0] as ResultSpec, item));
    case 'dyn':
      return isObject(value) && Object.values(value).every((item) => fitsOwn(inner[0] as ResultSpec, item));
    case 'obj': {
      if (!isObject(value)) return false;
      const known = new Map(inner.map((member) => [member.name, member]));
      const unknown = Object.keys(value).filter((name) => !known.has(name));
      const wrong = inner.filter(({ name, optional }) => {
        if (value[name] === undefined) return optional !== true;
        return !fitsOwn(known.get(name) as ResultSpec, value[name]);
      });
      return unknown.length === 0 && wrong.length === 0;
    }
    default:
      return typeof value === 'number';
  }
}

const isObject = (value: Loose): boolean => value !== null && typeof value === 'object' && !Array.isArray(value);

describe('result fields', () => {
  const node = new FakeNode();
  const call: Caller = caller(node.full());
  const confirmed = node.mine([], P2WPKH);
  const parent = spend(
    [{ tx: coinbaseOf(confirmed), index: 0 }],
    [{ value: 49n * 100_000_000n, scriptPubKey: P2WPKH }],
  );
  const block = node.mine([parent], P2WPKH);
  node.mine([], P2WPKH);
  const child = spend([{ tx: parent, index: 0 }], [{ value: 48n * 100_000_000n, scriptPubKey: P2WPKH }]);
  const grandchild = spend([{ tx: child, index: 0 }], [{ value: 47n * 100_000_000n, scriptPubKey: P2WPKH }]);
  node.addToPool(child, 100_000_000n);
  node.addToPool(grandchild, 100_000_000n);
  node.peers = [fakePeer(1), fakePeer(2, { inbound: true, pingMs: undefined, minPingMs: undefined })];
  node.manual.push({ address: '/ip4/1.2.3.4/tcp/1/p2p/x', connected: true });
  node.bans.push({ target: '1.2.3.4', createdMs: node.nowMs, untilMs: node.nowMs + 1000, reason: 'test' });
  const hash = block.header.id;
  const hex = Buffer.from(child.bytes).toString('hex');
  const unspent = coinbaseOf(block).id;

  const calls: readonly (readonly [method: string, ...params: Loose[]])[] = [
    ['getblockchaininfo'],
    ['getblockcount'],
    ['getbestblockhash'],
    ['getblockhash', 1],
    ['getblockheader', hash],
    ['getblockheader', hash, false],
    ['getblock', hash, 0],
    ['getblock', hash, 1],
    ['getblock', hash, 2],
    ['getblock', hash, 3],
    ['getdifficulty'],
    ['getdeploymentinfo'],
    ['getchaintxstats', 1],
    ['getblockstats', 2],
    ['getblockstats', hash, ['height', 'time']],
    ['getchaintips'],
    ['gettxout', unspent, 0],
    ['gettxout', '11'.repeat(32), 0],
    ['gettxoutsetinfo'],
    ['gettxoutsetinfo', 'muhash'],
    ['gettxoutsetinfo', 'none'],
    ['dumptxoutset', 'utxo.dat', 'latest'],
    ['loadtxoutset', 'utxo.dat'],
    ['getchainstates'],
    ['gettxoutproof', [parent.id]],
    ['getrawtransaction', parent.id],
    ['getrawtransaction', parent.id, 1],
    ['getrawtransaction', parent.id, 2, hash],
    ['getrawtransaction', grandchild.id, 2],
    ['getrawmempool'],
    ['getrawmempool', true],
    ['getrawmempool', false, true],
    ['getmempoolinfo'],
    ['getmempoolentry', child.id],
    ['getmempoolancestors', grandchild.id, true],
    ['getmempooldescendants', child.id, true],
    [
      'gettxspendingprevout',
      [
        { txid: child.id, vout: 0 },
        { txid: grandchild.id, vout: 0 },
      ],
    ],
    ['testmempoolaccept', [hex]],
    ['decoderawtransaction', hex],
    ['decodescript', '51'],
    ['decodescript', Buffer.from(P2WPKH).toString('hex')],
    ['validateaddress', 'bcrt1qzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3s08u06'],
    ['validateaddress', 'nope'],
    ['getmininginfo'],
    ['getnetworkhashps'],
    ['getpeerinfo'],
    ['getnetworkinfo'],
    ['getnettotals'],
    ['getconnectioncount'],
    ['getaddednodeinfo'],
    ['listbanned'],
    ['getindexinfo'],
    ['estimatesmartfee', 6],
    ['getmemoryinfo'],
    ['getrpcinfo'],
    ['uptime'],
    ['help'],
    ['waitforblockheight', 0],
  ];

  for (const [method, ...params] of calls) {
    it(`${method} ${JSON.stringify(params).slice(0, 60)} has Bitcoin Core's fields`, async function () {
      const { methods } = vectorJson<{ methods: Record<string, { result: CoreField[] }> }>(
        this,
        'rpc/core-2026-08-rpc-fields.json',
      );
      const core = methods[method];
      const answer = await call(method, ...params);
      assert.ok(core !== undefined, 'the vector file knows the method');
      assert.deepEqual(problems(method, core.result, answer, method), []);
    });

    it(`${method} ${JSON.stringify(params).slice(0, 60)} has the shape its help promises`, async () => {
      const spec = allMethods.find(({ name }) => name === method);
      const answer = await call(method, ...params);
      assert.ok(
        spec?.result.some((form) => fitsOwn(form, answer)),
        JSON.stringify(answer, undefined, 1),
      );
    });
  }

  it('of arguments are named as in Bitcoin Core', function () {
    const { methods } = vectorJson<{ methods: Record<string, { args: { name: string; req: boolean }[] } | null> }>(
      this,
      'rpc/core-2026-08-rpc-fields.json',
    );
    for (const spec of allMethods) {
      const core = methods[spec.name];
      if (core === undefined || core === null) continue;
      for (const { names, required } of spec.params) {
        const name = names.join('|');
        const arg: { readonly name: string; readonly req: boolean } | undefined = core.args.find(
          (one) => one.name === name,
        );
        if (arg === undefined && name === 'v2transport') continue; // the file's extraction lacks it
        assert.ok(arg !== undefined, `${spec.name}: Bitcoin Core has no argument ${name}`);
        assert.equal(arg.req, required === true, `${spec.name} ${name} required`);
      }
    }
  });

  it('that a stock explorer reads are there', async function () {
    const { fields } = vectorJson<{ fields: Record<string, string[]> }>(this, 'rpc/explorer-fields-read.json');
    const answers: Record<string, Loose> = {
      getblock: await call('getblock', hash),
      getblockheader: await call('getblockheader', hash),
      getmempoolinfo: await call('getmempoolinfo'),
      getnettotals: await call('getnettotals'),
      getnetworkinfo: await call('getnetworkinfo'),
    };
    for (const [method, answer] of Object.entries(answers)) {
      for (const path of fields[method] ?? []) {
        if (path.includes('[]')) continue;
        const value = path.split('.').reduce((at: Loose, name) => at?.[name], answer);
        assert.notEqual(value, undefined, `${method}.${path}`);
      }
    }
  });
});
