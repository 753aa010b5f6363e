import { strict as assert } from 'node:assert';
import { createNetworkDefinition, findGenesisNonce } from '../../src/params/createNetwork.ts';
import { type NetworkDefinition, NetworkFileError } from '../../src/params/definition.ts';
import { parseNetworkFile } from '../../src/params/networkFile.ts';
import { CAIRN_DEVNET_DEFINITION, REGTEST_DEFINITION } from '../../src/params/networks.ts';

const EASY = { name: 'lab', genesisTime: 1_767_225_600, limitBits: 0x207fffff } as const;
const SCRIPT = '001407185fa28850eb2b0dfdbf26f6b528a1a6b34b3f';

const ASSUMED = { height: 5, block: '11'.repeat(32), hash: '22'.repeat(32), chainTx: 9 };

type Json = { [key: string]: unknown };

/** A deep copy of the definition with one value replaced; undefined removes the key. */
function changed(definition: NetworkDefinition, path: string, value: unknown): Json {
  const copy = JSON.parse(JSON.stringify(definition)) as Json;
  const keys = path.split('.');
  const last = keys.pop() as string;
  let at = copy;
  for (const key of keys) at = at[key] as Json;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

function problemsOf(json: unknown): readonly string[] {
  try {
    parseNetworkFile(json);
  } catch (error) {
    assert.ok(error instanceof NetworkFileError, String(error));
    return error.problems;
  }
  return [];
}

describe('params/networkFile', () => {
  const devnet = CAIRN_DEVNET_DEFINITION;
  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ['name', 'Has Spaces', /^name: "Has Spaces": must be 1 to 32/],
    ['name', undefined, /^name: missing: /],
    ['extra', 1, /^network: extra: Unrecognized key/],
    ['consensus.pow.algo', 'lwma', /^consensus\.pow\.algo: "lwma": /],
    ['consensus.pow.spacing', 0, /^consensus\.pow\.spacing: 0: /],
    ['consensus.pow.spacing', 1.5, /^consensus\.pow\.spacing: 1\.5: /],
    ['consensus.pow.limitBits', 0x1e800000, /^consensus\.pow\.limitBits: 511705088: must be canonical compact bits/],
    ['consensus.pow.limitBits', 0x2200ffff, /limitBits: .*canonical compact bits/],
    ['consensus.pow.startBits', 0x207fffff, /startBits: .*must not be easier than limitBits/],
    ['consensus.pow.clamp', 14, /clamp: 14: must be at least spacing/],
    ['consensus.pow.interval', 1, /interval: 1: /],
    ['consensus.subsidy.initial', 50, /subsidy\.initial: 50: /],
    ['consensus.subsidy.initial', '2100000000000001', /subsidy\.initial: .*at most 2100000000000000/],
    ['consensus.subsidy.initial', '05', /subsidy\.initial: .*decimal digits/],
    ['consensus.subsidy.halvingInterval', 0, /halvingInterval: 0: /],
    ['consensus.coinbaseMaturity', 0, /coinbaseMaturity: 0: /],
    ['consensus.maxFutureSeconds', 7201, /maxFutureSeconds: 7201: /],
    ['consensus.heights.segwit', -1, /heights\.segwit: -1: /],
    ['consensus.engine', 'pos', /engine: "pos": /],
    ['consensus.commitments', 'required', /commitments: "required": /],
    ['assumeUtxo', [{ ...ASSUMED, height: 0 }], /^assumeUtxo\.0\.height: 0: must be above zero/],
    ['assumeUtxo', [{ ...ASSUMED, hash: 'ab' }], /^assumeUtxo\.0\.hash: "ab": must be 64 lower-case hex digits/],
    ['assumeUtxo', [{ ...ASSUMED, block: 'AB'.repeat(32) }], /^assumeUtxo\.0\.block: /],
    ['assumeUtxo', [{ ...ASSUMED, chainTx: 0 }], /^assumeUtxo\.0\.chainTx: 0: /],
    ['assumeUtxo', [ASSUMED, { ...ASSUMED, height: 6 }], /must name a block once/],
    ['consensus.bip54', 'yes', /bip54: "yes": /],
    [
      'consensus.exceptions',
      { scriptFlags: [], bip30Repeats: [{ height: 1, block: 'ab' }] },
      /bip30Repeats\.0\.block: "ab": /,
    ],
    [
      'consensus.exceptions',
      { scriptFlags: [{ block: '00'.repeat(32), flags: ['DERSIG'] }], bip30Repeats: [] },
      /scriptFlags\.0\.flags\.0: "DERSIG": /,
    ],
    ['consensus.genesis.bits', 0x1f00ffff, /genesis\.bits: .*must not be easier than pow\.limitBits/],
    ['consensus.genesis', undefined, /consensus\.genesis: .*rules "cairn"/],
    ['consensus.genesis.allocations', [{ script: '6a01', amount: '1' }], /allocations\.0\.script: "6a01": .*spendable/],
    ['consensus.genesis.allocations', [{ script: 'zz', amount: '1' }], /allocations\.0\.script: "zz": /],
    ['consensus.genesis.allocations', [{ script: SCRIPT, amount: '0' }], /allocations\.0\.amount: "0": .*above zero/],
    ['consensus.genesis.allocations', [{ script: SCRIPT, amount: '1x' }], /allocations\.0\.amount: "1x": /],
    ['consensus.genesis.allocations', [{ script: SCRIPT, amount: '-1' }], /allocations\.0\.amount: "-1": /],
    [
      'consensus.genesis.allocations',
      [1, 2].map(() => ({ script: SCRIPT, amount: '1500000000000000' })),
      /allocations: .*together/,
    ],
    ['genesis', {}, /genesis\.nonce: missing/],
    ['genesis.nonce', -1, /genesis\.nonce: -1: /],
    ['genesis.nonce', 1, /genesis\.hash: .* is given but the genesis block hashes to/],
    ['genesis.hash', 'abc', /genesis\.hash: "abc": /],
    ['magic', 'fabfb5da', /magic: .*rules "bitcoin"/],
    ['prefixes.bech32', 'B1', /bech32: "B1": /],
    ['prefixes.wif', 256, /wif: 256: /],
    ['ports.p2p', 65_536, /ports\.p2p: 65536: /],
    ['ports.p2p', '1', /ports\.p2p: "1": /],
    ['seeds', ['example.org'], /seeds\.0: "example\.org": /],
    ['development', 'yes', /development: "yes": /],
  ];
  it('gives the coins that the network vouches for, none by default', () => {
    assert.deepEqual(parseNetworkFile(devnet).assumeUtxo, []);
    assert.deepEqual(parseNetworkFile(changed(devnet, 'assumeUtxo', [ASSUMED])).assumeUtxo, [ASSUMED]);
    const plain = parseNetworkFile(devnet);
    assert.deepEqual(parseNetworkFile(changed(devnet, 'assumeUtxo', [ASSUMED])).chainId, plain.chainId, 'no rule');
  });

  for (const [path, value, message] of refused) {
    it(`refuses ${path} = ${JSON.stringify(value)} with field, value and rule`, () => {
      const problems = problemsOf(changed(devnet, path, value));
      assert.ok(
        problems.some((p) => message.test(p)),
        `${JSON.stringify(problems)} should match ${message}`,
      );
    });
  }

  it('refuses a genesis nonce that does not meet the bits, also without a hash to compare', () => {
    const problems = problemsOf(changed(devnet, 'genesis', { nonce: 1 }));
    assert.match(problems.join(), /^genesis: hash [0-9a-f]{64} does not meet bits 1e7fffff$/);
  });

  it('reports every problem at once and shortens long values', () => {
    const problems = problemsOf({ ...devnet, name: 'x'.repeat(5000), chain: 'mars' });
    assert.equal(problems.length, 2);
    assert.ok(problems.every((p) => p.length < 250));
  });

  for (const value of [null, undefined, 7, 'regtest', [], {}]) {
    it(`refuses ${JSON.stringify(value)} as a whole`, () => {
      assert.ok(problemsOf(value).length > 0);
    });
  }

  it('bitcoin networks: genesis block and magic must be there and whole', () => {
    assert.match(problemsOf(changed(REGTEST_DEFINITION, 'magic', undefined)).join(), /^magic: missing/);
    assert.match(problemsOf(changed(REGTEST_DEFINITION, 'genesis', {})).join(), /^genesis\.block: missing/);
    const { block } = REGTEST_DEFINITION.genesis;
    assert.ok(block);
    for (const bad of [block.slice(2), block.slice(0, -2), `${block}00`, 'zz', '']) {
      assert.match(problemsOf(changed(REGTEST_DEFINITION, 'genesis', { block: bad })).join(), /genesis/);
    }
    const otherAmount = block.replace('00f2052a01', '00f2052a02');
    assert.match(problemsOf(changed(REGTEST_DEFINITION, 'genesis', { block: otherAmount })).join(), /merkle root/);
  });

  it("a bitcoin network with other heights keeps regtest's genesis", () => {
    const network = parseNetworkFile(changed(REGTEST_DEFINITION, 'consensus.heights.bip34', 2));
    assert.equal(network.consensus.heights.bip34, 2);
    assert.equal(network.id16, '0f9188f13cb7b2c7');
  });
});

describe('params/createNetwork', () => {
  it('makes a definition that survives JSON and loads', () => {
    const definition = createNetworkDefinition({
      ...EASY,
      spacing: 5,
      seeds: ['/ip4/192.0.2.1/tcp/18444/p2p/12D3KooW'],
      ports: { rpc: 1000 },
      allocations: [{ script: SCRIPT, amount: '123' }],
    });
    const network = parseNetworkFile(JSON.parse(JSON.stringify(definition)));
    assert.equal(network.name, 'lab');
    assert.equal(network.genesis.header.id, definition.genesis.hash);
    assert.equal(network.genesis.txs[0]?.outputs[0]?.value, 123n);
    assert.deepEqual(network.ports, { p2p: 18444, ws: 18445, rpc: 1000, ops: 18446 });
    assert.equal(network.consensus.pow.halfLife, 180);
    assert.equal(network.consensus.pow.clamp, 360);
    assert.equal(network.consensus.maxFutureSeconds, 60);
    assert.deepEqual(network.seeds, ['/ip4/192.0.2.1/tcp/18444/p2p/12D3KooW']);
  });

  for (const [spacing, maxFuture] of [
    [1, 30],
    [2, 30],
    [3, 36],
    [15, 180],
    [600, 7200],
    [3600, 7200],
  ] as const) {
    it(`allows headers ${maxFuture} s ahead at a spacing of ${spacing} s`, () => {
      assert.equal(createNetworkDefinition({ ...EASY, spacing }).consensus.maxFutureSeconds, maxFuture);
    });
  }

  it('finds the same nonce every time, the first that solves', () => {
    const { consensus, genesis } = createNetworkDefinition(EASY);
    assert.equal(findGenesisNonce(consensus), genesis.nonce);
    assert.deepEqual(createNetworkDefinition(EASY), createNetworkDefinition(EASY));
  });

  it('two networks that differ in one rule have different genesis blocks', () => {
    const a = createNetworkDefinition(EASY);
    const b = createNetworkDefinition({ ...EASY, coinbaseMaturity: 101 });
    assert.notEqual(a.genesis.hash, b.genesis.hash);
  });

  it('refuses the name of a built-in network', () => {
    assert.throws(() => createNetworkDefinition({ ...EASY, name: 'regtest' }), /built-in/);
  });

  it('refuses bad choices before it searches', () => {
    assert.throws(() => createNetworkDefinition({ ...EASY, spacing: 0 }), /consensus\.pow\.spacing: 0/);
    assert.throws(
      () => createNetworkDefinition({ ...EASY, limitBits: 0x1d00ffff, startBits: 0x1b00ffff }),
      /startBits/,
    );
    assert.throws(() => createNetworkDefinition({ ...EASY, limitBits: 0 }), NetworkFileError);
    assert.throws(
      () => createNetworkDefinition({ ...EASY, limitBits: 0x1d00ffff }),
      /startBits: 0x1d00ffff needs about 4295032833 hashes/,
    );
  });
});
