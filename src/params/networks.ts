import { COIN } from '../primitives/amount.ts';
import { BITCOIN_MAIN_DEFINITION } from './bitcoinMain.ts';
import { type NetworkDefinition, networkOf } from './definition.ts';
import type { ConsensusParams, Network } from './network.ts';
import { DEFAULT_PORTS, REGTEST_PREFIXES } from './prefixes.ts';
import { defaultClamp, defaultHalfLife, defaultMaxFuture } from './timeRules.ts';

/** Bitcoin Core's regtest (kernel/chainparams.cpp, CRegTestParams), byte for byte. */
export const REGTEST_DEFINITION: NetworkDefinition = {
  name: 'regtest',
  chain: 'regtest',
  consensus: {
    rules: 'bitcoin',
    engine: 'pow',
    pow: {
      algo: 'bitcoin',
      limitBits: 0x207fffff,
      startBits: 0x207fffff,
      spacing: 600,
      interval: 144,
      allowMinDifficulty: true,
      noRetarget: true,
      bip94: false,
      halfLife: defaultHalfLife(600),
      clamp: defaultClamp(600),
    },
    subsidy: { initial: '5000000000', halvingInterval: 150 },
    coinbaseMaturity: 100,
    maxFutureSeconds: 7200,
    heights: { bip34: 1, bip65: 1, bip66: 1, csv: 1, segwit: 0, taproot: 0 },
    commitments: 'off',
    bip54: false,
  },
  genesis: {
    hash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
    block:
      '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3' +
      '888a51323a9fb8aa4b1e5e4adae5494dffff7f20020000000101000000010000000000000000000000000000000000000000000000000000' +
      '000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e2062' +
      '72696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe554827' +
      '1967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f' +
      'ac00000000',
  },
  magic: 'fabfb5da',
  prefixes: REGTEST_PREFIXES,
  ports: DEFAULT_PORTS,
  seeds: [],
  development: true,
  offline: false,
};

/**
 * P2WPKH scripts of the ten development addresses: m/84'/1'/0'/0/0 … 9 of the mnemonic "test test test test test test
 * test test test test test junk", which is public and worth nothing.
 */
export const DEVELOPMENT_SCRIPTS: readonly string[] = [
  '001407185fa28850eb2b0dfdbf26f6b528a1a6b34b3f',
  '0014f824a0b60bc8436c0cf2b04bb83dc1664872ae7d',
  '0014701c69bc3dc975595a22e1c461c7fc54892787db',
  '001478d84b8e95d50636a77d67e5af73c3e5183ac6b8',
  '001467dc60e37013b8beefc4b31d857943f54fd28850',
  '0014e8f57f85089e6c8c6f6e175ac2e0d05c4360fb8f',
  '0014167ff48061ee17db977d5a67009e21bd86777f47',
  '0014f68b0b4302dcaae789c236cbb332858d6790a28c',
  '0014c317f84b8d149ff0dabe4dffc78a78ee43fd7946',
  '0014b27d288ecdf01b593ec95451a33f7bc0ba4b316e',
];
export const DEVELOPMENT_MNEMONIC = 'test test test test test test test test test test test junk';

const DEVNET_SPACING = 15;

const DEVNET_CONSENSUS: ConsensusParams = {
  rules: 'cairn',
  engine: 'pow',
  pow: {
    algo: 'asert',
    limitBits: 0x1e7fffff,
    startBits: 0x1e7fffff,
    spacing: DEVNET_SPACING,
    interval: 2016,
    allowMinDifficulty: false,
    noRetarget: false,
    bip94: false,
    halfLife: defaultHalfLife(DEVNET_SPACING),
    clamp: defaultClamp(DEVNET_SPACING),
  },
  subsidy: { initial: '5000000000', halvingInterval: 210_000 },
  coinbaseMaturity: 100,
  maxFutureSeconds: defaultMaxFuture(DEVNET_SPACING),
  heights: { bip34: 1, bip65: 1, bip66: 1, csv: 1, segwit: 0, taproot: 0 },
  commitments: 'off',
  bip54: true,
  genesis: {
    time: 1_767_225_600,
    bits: 0x1e7fffff,
    version: 0x20000000,
    allocations: DEVELOPMENT_SCRIPTS.map((script) => ({ script, amount: (10_000n * COIN).toString() })),
  },
};

/** The development network of this project: fast blocks, ASERT difficulty, ten funded public keys. */
export const CAIRN_DEVNET_DEFINITION: NetworkDefinition = {
  name: 'cairn-devnet',
  chain: 'regtest',
  consensus: DEVNET_CONSENSUS,
  genesis: { nonce: 82446, hash: '000069df2f92a3fd8e596f7c741c25428dc1c84603045b34f793de5aea6176bf' },
  prefixes: REGTEST_PREFIXES,
  ports: DEFAULT_PORTS,
  seeds: [],
  development: true,
  offline: false,
};

/** Definitions of the networks that need no file, by name. */
export const BUILT_IN_DEFINITIONS: readonly NetworkDefinition[] = [
  REGTEST_DEFINITION,
  CAIRN_DEVNET_DEFINITION,
  BITCOIN_MAIN_DEFINITION,
];

const built = new Map<string, Network>();

/** A built-in network by name, undefined when there is none. Built once. */
export function builtInNetwork(name: string): Network | undefined {
  const known = built.get(name);
  if (known !== undefined) return known;
  const definition = BUILT_IN_DEFINITIONS.find((d) => d.name === name);
  if (definition === undefined) return undefined;
  const network = networkOf(definition);
  built.set(name, network);
  return network;
}
