import { strict as assert } from 'node:assert';
import { sha256 } from '@noble/hashes/sha2.js';
import { HDKey } from '@scure/bip32';
import { mnemonicToSeedSync } from '@scure/bip39';
import { hash160, hash256 } from '../../src/crypto/hash.ts';
import { canonicalJson } from '../../src/params/canonicalJson.ts';
import { networkOf } from '../../src/params/definition.ts';
import { buildCairnGenesis } from '../../src/params/genesis.ts';
import type { Network } from '../../src/params/network.ts';
import { parseNetworkFile } from '../../src/params/networkFile.ts';
import {
  BUILT_IN_DEFINITIONS,
  builtInNetwork,
  CAIRN_DEVNET_DEFINITION,
  DEVELOPMENT_MNEMONIC,
  DEVELOPMENT_SCRIPTS,
} from '../../src/params/networks.ts';
import { encodeBlock } from '../../src/primitives/block.ts';
import { encodeCompact, hashToNumber, targetOf } from '../../src/primitives/compact.ts';
import { toHex } from '../../src/util/hex.ts';
import { MAINNET } from '../consensus/mainnet.ts';
import { vectorJson } from '../support/vectors.ts';

function named(name: string): Network {
  const network = builtInNetwork(name);
  assert.ok(network, `${name} is built in`);
  return network;
}

describe('params/networks', () => {
  it('knows no other names', () => {
    assert.equal(builtInNetwork('mainnet'), undefined);
    assert.equal(builtInNetwork(''), undefined);
    assert.equal(builtInNetwork('constructor'), undefined);
  });

  it('builds a network once', () => {
    assert.equal(builtInNetwork('regtest'), builtInNetwork('regtest'));
  });

  it("regtest is Bitcoin's, byte for byte", () => {
    const n = named('regtest');
    assert.equal(n.genesis.header.id, '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206');
    assert.equal(n.genesis.header.time, 1296688602);
    assert.equal(n.genesis.header.bits, 0x207fffff);
    assert.equal(n.genesis.txs[0]?.id, '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b');
    assert.equal(n.genesis.txs[0]?.outputs[0]?.value, 5_000_000_000n);
    assert.equal(encodeBlock(n.genesis).length, 285);
    assert.equal(n.id16, '0f9188f13cb7b2c7');
    assert.equal(toHex(n.magic), 'fabfb5da');
    assert.equal(n.chain, 'regtest');
    assert.deepEqual(n.consensus.heights, { bip34: 1, bip65: 1, bip66: 1, csv: 1, segwit: 0, taproot: 0 });
    assert.equal(n.consensus.pow.limitBits, 0x207fffff);
    assert.equal(n.consensus.pow.noRetarget, true);
    assert.equal(n.consensus.pow.allowMinDifficulty, true);
    assert.equal(n.consensus.coinbaseMaturity, 100);
    assert.equal(n.consensus.subsidy.halvingInterval, 150);
    assert.equal(n.consensus.maxFutureSeconds, 7200);
    assert.deepEqual(n.ports, { p2p: 18444, ws: 18445, rpc: 18443, ops: 18446 });
    assert.deepEqual(n.prefixes, {
      pubKeyHash: 0x6f,
      scriptHash: 0xc4,
      wif: 0xef,
      bech32: 'bcrt',
      bip32Public: 0x043587cf,
      bip32Private: 0x04358394,
      bip44CoinType: 1,
    });
  });

  for (const [name, file] of [
    ['regtest', 'regtest'],
    ['bitcoin-main', 'mainnet'],
  ] as const) {
    it(`${name} agrees with the published chain parameters`, function () {
      const theirs = vectorJson<{
        genesis: string;
        subsidy_halving_interval: number;
        pow: { limit: string; target_spacing?: number; difficulty_retarget_interval?: number };
        net: { default_port: number; magic: string };
        addresses: { bech32_hrp: string };
      }>(this, `core/util/getchainparams-${file}.json`);
      const n = named(name);
      assert.equal(toHex(n.chainId), theirs.genesis);
      assert.equal(n.consensus.subsidy.halvingInterval, theirs.subsidy_halving_interval);
      // Told only of networks that retarget.
      if (!n.consensus.pow.noRetarget) {
        assert.equal(n.consensus.pow.spacing, theirs.pow.target_spacing);
        assert.equal(n.consensus.pow.interval, theirs.pow.difficulty_retarget_interval);
      }
      // The published limit has all bits set below the first; a header can only say its compact form.
      const limit = BigInt(`0x${theirs.pow.limit}`);
      assert.equal(encodeCompact(limit), n.consensus.pow.limitBits);
      assert.ok(limit >= (targetOf(n.consensus.pow.limitBits, 1n << 256n) as bigint));
      assert.equal(n.ports.p2p, theirs.net.default_port);
      assert.equal(toHex(n.magic), theirs.net.magic);
      assert.equal(n.prefixes.bech32, theirs.addresses.bech32_hrp);
    });
  }

  it("bitcoin-main is Bitcoin's main chain, and joins nothing", () => {
    const n = named('bitcoin-main');
    assert.equal(n.chain, 'main');
    assert.equal(n.offline, true);
    assert.equal(n.development, false);
    assert.deepEqual(n.seeds, []);
    assert.equal(n.genesis.header.id, '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f');
    assert.equal(n.genesis.header.time, 1231006505);
    assert.equal(n.genesis.header.nonce, 2083236893);
    assert.equal(n.genesis.txs[0]?.id, '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b');
    assert.equal(encodeBlock(n.genesis).length, 285);
    assert.equal(toHex(n.magic), 'f9beb4d9');
    const { exceptions, ...rules } = n.consensus;
    assert.deepEqual(rules, MAINNET);
    assert.deepEqual(exceptions, {
      scriptFlags: [
        { block: '00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22', flags: [] },
        {
          block: '0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad',
          flags: ['P2SH', 'WITNESS'],
        },
      ],
      bip30Repeats: [
        { height: 91842, block: '00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec' },
        { height: 91880, block: '00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721' },
      ],
      bip34: { block: '000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8', bip30From: 1983702 },
    });
    assert.deepEqual(n.prefixes, {
      pubKeyHash: 0,
      scriptHash: 5,
      wif: 128,
      bech32: 'bc',
      bip32Public: 0x0488b21e,
      bip32Private: 0x0488ade4,
      bip44CoinType: 0,
    });
  });

  it('cairn-devnet has the parameters of protocol G', () => {
    const { consensus, chain, name } = named('cairn-devnet');
    assert.equal(name, 'cairn-devnet');
    assert.equal(chain, 'regtest');
    assert.equal(consensus.rules, 'cairn');
    assert.equal(consensus.pow.algo, 'asert');
    assert.equal(consensus.pow.spacing, 15);
    assert.equal(consensus.pow.halfLife, 540);
    assert.equal(consensus.pow.clamp, 1080);
    assert.equal(consensus.maxFutureSeconds, 180);
    assert.equal(consensus.subsidy.initial, '5000000000');
    assert.equal(consensus.subsidy.halvingInterval, 210_000);
    assert.equal(consensus.commitments, 'off');
    assert.equal(consensus.bip54, true);
  });

  it('the ten development addresses come from the published mnemonic by BIP84 and hold 10,000 coins each', () => {
    assert.equal(DEVELOPMENT_MNEMONIC, 'test test test test test test test test test test test junk');
    const root = HDKey.fromMasterSeed(mnemonicToSeedSync(DEVELOPMENT_MNEMONIC));
    const scripts = Array.from({ length: 10 }, (_, i) => {
      const { publicKey } = root.derive(`m/84'/1'/0'/0/${i}`);
      assert.ok(publicKey);
      return `0014${toHex(hash160(publicKey))}`;
    });
    assert.deepEqual(DEVELOPMENT_SCRIPTS, scripts);
    const outputs = named('cairn-devnet').genesis.txs[0]?.outputs ?? [];
    assert.deepEqual(
      outputs.slice(0, 10).map((o) => [toHex(o.scriptPubKey), o.value]),
      scripts.map((s) => [s, 1_000_000_000_000n]),
    );
  });

  it('a cairn genesis commits to its parameters in OP_RETURN "GEN1" and the digest of their canonical JSON', () => {
    const { genesis, consensus } = named('cairn-devnet');
    const digest = sha256(new TextEncoder().encode(canonicalJson(consensus)));
    assert.equal(
      toHex(genesis.txs[0]?.outputs.at(-1)?.scriptPubKey ?? new Uint8Array()),
      `6a2447454e31${toHex(digest)}`,
    );
    assert.equal(genesis.txs[0]?.outputs.at(-1)?.value, 0n);
  });

  it('other parameters make another chain id, whatever the name, seeds and ports say', () => {
    const def = CAIRN_DEVNET_DEFINITION;
    const same = { ...def, name: 'other', seeds: ['/ip4/10.0.0.1/tcp/1'], ports: { ...def.ports, p2p: 1 } };
    assert.deepEqual(networkOf(same).chainId, networkOf(def).chainId);
    const blocks = [99, 100].map((coinbaseMaturity) => buildCairnGenesis({ ...def.consensus, coinbaseMaturity }, 0));
    assert.notEqual(blocks[0]?.header.id, blocks[1]?.header.id);
  });

  it('the chain id of cairn-devnet is pinned: changing any rule is a new network', () => {
    const n = named('cairn-devnet');
    assert.equal(n.genesis.header.id, '000069df2f92a3fd8e596f7c741c25428dc1c84603045b34f793de5aea6176bf');
    assert.equal(n.id16, '000069df2f92a3fd');
    assert.deepEqual(n.magic, hash256(n.chainId).slice(0, 4));
  });

  for (const definition of BUILT_IN_DEFINITIONS) {
    it(`${definition.name} passes the schema of network files and meets its own bits`, () => {
      const network = parseNetworkFile(JSON.parse(JSON.stringify(definition)));
      assert.deepEqual(network.chainId, named(definition.name).chainId);
      const target = targetOf(network.genesis.header.bits, 1n << 256n);
      assert.ok(target !== undefined && hashToNumber(network.chainId) <= target);
    });
  }
});
