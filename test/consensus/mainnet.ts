import type { ConsensusParams } from '../../src/params/network.ts';

/** Bitcoin mainnet's rules as far as real headers and blocks need them here, typed again from the public parameters. */
export const MAINNET: ConsensusParams = {
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
    halfLife: 21_600,
    clamp: 43_200,
  },
  subsidy: { initial: '5000000000', halvingInterval: 210_000 },
  coinbaseMaturity: 100,
  maxFutureSeconds: 7200,
  heights: { bip34: 227_931, bip65: 388_381, bip66: 363_725, csv: 419_328, segwit: 481_824, taproot: 709_632 },
  commitments: 'off',
  bip54: false,
};

/** Testnet3's, likewise. */
export const TESTNET3: ConsensusParams = {
  ...MAINNET,
  pow: { ...MAINNET.pow, allowMinDifficulty: true },
  heights: { bip34: 21_111, bip65: 581_885, bip66: 330_776, csv: 770_112, segwit: 834_624, taproot: 0 },
};
