import type { NetworkDefinition } from './definition.ts';
import { BITCOIN_MAIN_PREFIXES } from './prefixes.ts';
import { defaultClamp, defaultHalfLife } from './timeRules.ts';

/**
 * Bitcoin's main chain (Bitcoin Core kernel/chainparams.cpp, CMainParams), to verify files with. It has no seeds and
 * joins nothing: a node refuses to start on it. Heights are those at which the rules became active.
 */
export const BITCOIN_MAIN_DEFINITION: NetworkDefinition = {
  name: 'bitcoin-main',
  chain: 'main',
  consensus: {
    rules: 'bitcoin',
    engine: 'pow',
    pow: {
      algo: 'bitcoin',
      limitBits: 0x1d00ffff,
      startBits: 0x1d00ffff,
      spacing: 600,
      interval: 2016,
      allowMinDifficulty: false,
      noRetarget: false,
      bip94: false,
      halfLife: defaultHalfLife(600),
      clamp: defaultClamp(600),
    },
    subsidy: { initial: '5000000000', halvingInterval: 210_000 },
    coinbaseMaturity: 100,
    maxFutureSeconds: 7200,
    heights: { bip34: 227_931, bip65: 388_381, bip66: 363_725, csv: 419_328, segwit: 481_824, taproot: 709_632 },
    commitments: 'off',
    bip54: false,
    exceptions: {
      scriptFlags: [
        // Spends a P2SH output without satisfying its script (BIP16).
        { block: '00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22', flags: [] },
        // Spends version 1 witness programs as anyone could before BIP341.
        { block: '0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad', flags: ['P2SH', 'WITNESS'] },
      ],
      // They repeat the coinbases of blocks 91812 and 91722, made before BIP30.
      bip30Repeats: [
        { height: 91_842, block: '00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec' },
        { height: 91_880, block: '00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721' },
      ],
      // From 1,983,702 on, coinbases before BIP34 may have used the height by chance.
      bip34: { block: '000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8', bip30From: 1_983_702 },
    },
  },
  genesis: {
    hash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    block:
      '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3' +
      '888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c0101000000010000000000000000000000000000000000000000000000000000' +
      '000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e2062' +
      '72696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe554827' +
      '1967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f' +
      'ac00000000',
  },
  magic: 'f9beb4d9',
  prefixes: BITCOIN_MAIN_PREFIXES,
  ports: { p2p: 8333, ws: 8335, rpc: 8332, ops: 8336 },
  seeds: [],
  development: false,
  offline: true,
};
