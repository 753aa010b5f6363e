import assert from 'node:assert/strict';
import { helpIndex, helpText } from '../../src/rpc/help.ts';
import { allMethods } from '../../src/rpc/methods/all.ts';
import type { MethodSpec } from '../../src/rpc/spec.ts';
import { FakeNode } from './fakeNode.ts';
import { caller, type Loose } from './setup.ts';

const spec = (name: string): MethodSpec => allMethods.find((one) => one.name === name) as MethodSpec;

/** What btc-rpc-explorer reads from `help`: sections, and the first word and the rest of each line. */
function parseIndex(text: string): Map<string, { name: string; args: string }[]> {
  const sections = new Map<string, { name: string; args: string }[]>();
  let current: { name: string; args: string }[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('==')) {
      current = [];
      sections.set(line.substring('=='.length).trim().replace(/ ==$/, ''), current);
    } else if (line !== '') {
      const space = line.indexOf(' ');
      current.push(space < 0 ? { name: line, args: '' } : { name: line.slice(0, space), args: line.slice(space + 1) });
    }
  }
  return sections;
}

describe('help', () => {
  it('lists every offered method once, under its category', async () => {
    const index = parseIndex(await caller(new FakeNode().full())('help'));
    assert.deepEqual(
      [...index.keys()],
      ['Blockchain', 'Cairn', 'Control', 'Mining', 'Network', 'Rawtransactions', 'Util'],
    );
    const listed = [...index.values()].flat().map(({ name }) => name);
    const visible = allMethods.filter((one) => one.hidden !== true).map(({ name }) => name);
    assert.deepEqual([...listed].sort(), [...visible].sort());
    assert.equal(new Set(listed).size, listed.length);
  });

  it("writes usage lines in Bitcoin Core's form", () => {
    const lines = helpIndex(allMethods).split('\n');
    for (const line of [
      'getblock "blockhash" ( verbosity )',
      'getblockcount',
      'getblockhash height',
      'getrawtransaction "txid" ( verbosity "blockhash" )',
      'gettxout "txid" n ( include_mempool )',
      'gettxoutproof ["txid",...] ( "blockhash" )',
      'testmempoolaccept ["rawtx",...] ( maxfeerate )',
      'help ( "command" )',
    ]) {
      assert.ok(lines.includes(line), line);
    }
  });

  it('writes arguments as numbered lines until a blank line, which explorers read', () => {
    for (const one of allMethods) {
      const text = helpText(one);
      const at = text.indexOf('\nArguments:\n');
      assert.equal(at >= 0, one.params.length > 0, one.name);
      if (at < 0) continue;
      const block = text.slice(at + '\nArguments:\n'.length).split('\n\n')[0] as string;
      const numbered = block.split('\n').filter((line) => /^\d+\. /.test(line));
      assert.equal(numbered.length, one.params.length, one.name);
      for (const [index, line] of numbered.entries()) {
        assert.match(
          line,
          new RegExp(`^${index + 1}\\. [\\w]+ {2,}\\([a-z ]+, (required|optional(, default=.+)?)\\)`),
          line,
        );
      }
    }
  });

  it('gives one method in full', () => {
    assert.equal(
      helpText(spec('getblockhash')),
      'getblockhash height\n\nReturns hash of block in best-block-chain at height provided.\n\nArguments:\n' +
        '1. height    (numeric, required) The height index\n\nResult:\n"hex"    (string) The block hash\n\nExamples:\n' +
        '> cairn rpc getblockhash 100\n' +
        '> curl --user myusername --data-binary \'{"jsonrpc": "2.0", "id": "curltest", "method": "getblockhash", "params": [100]}\'' +
        " -H 'content-type: application/json' http://127.0.0.1:18443/\n",
    );
  });

  it('of an unknown command says so without an error', async () => {
    assert.equal(await caller(new FakeNode().full())('help', 'nosuch'), 'help: unknown command: nosuch');
  });
});

describe('OpenRPC', () => {
  it('is 1.4.1 and describes every visible method with its parameters', async () => {
    const document: Loose = await caller(new FakeNode().full())('rpc.discover');
    assert.equal(document.openrpc, '1.4.1');
    assert.deepEqual([document.info.title, document.info.version], ['Cairn JSON-RPC', '0.1.0']);
    const names = document.methods.map((one: Loose) => one.name);
    assert.deepEqual(
      names,
      allMethods
        .filter((one) => one.hidden !== true)
        .map((one) => one.name)
        .sort(),
    );
    for (const one of document.methods) {
      assert.deepEqual(
        one.params.map((p: Loose) => p.name),
        spec(one.name).params.map((p) => p.names[0]),
      );
      // OpenRPC: no required parameter after an optional one.
      const flags: boolean[] = one.params.map((p: Loose) => p.required);
      assert.deepEqual([...flags].sort().reverse(), flags, one.name);
      assert.notEqual(one.result.schema, undefined);
    }
  });

  it('shows hidden methods on demand only', async () => {
    const call = caller(new FakeNode().full());
    const has = (document: Loose) => document.methods.some((one: Loose) => one.name === 'echo');
    assert.equal(has(await call('getopenrpcinfo')), false);
    assert.equal(has(await call('getopenrpcinfo', true)), true);
  });
});

describe('the table of methods', () => {
  it('has no name twice', () => {
    const names = allMethods.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  it('has all that the node promises', () => {
    const promised =
      'getblockchaininfo getblockcount getbestblockhash getblockhash getblockheader getblock getrawtransaction getrawmempool ' +
      'getmempoolinfo getmempoolentry sendrawtransaction testmempoolaccept decoderawtransaction gettxout gettxoutproof ' +
      'verifytxoutproof validateaddress generatetoaddress getmininginfo getpeerinfo getnetworkinfo getconnectioncount addnode ' +
      'disconnectnode getpeerid getsyncinfo uptime stop help rpc.discover';
    for (const name of promised.split(' ')) assert.ok(spec(name) !== undefined, name);
  });
});
