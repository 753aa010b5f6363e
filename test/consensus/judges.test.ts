import { strict as assert } from 'node:assert';
import { judgeFor, judgeOf } from '../../src/consensus/registry.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { BUILT_IN_DEFINITIONS, builtInNetwork } from '../../src/params/networks.ts';
import { judgeContract } from './judgeContract.ts';
import { MAINNET } from './mainnet.ts';

const EASY = { limitBits: 0x207fffff, startBits: 0x207fffff } as const;
const FROM_ONE = { bip34: 1, bip65: 1, bip66: 1, csv: 1, segwit: 0, taproot: 0 } as const;

function paramsOf(name: string): ConsensusParams {
  const network = builtInNetwork(name);
  assert.ok(network);
  return network.consensus;
}

const regtest = paramsOf('regtest');
const devnet = paramsOf('cairn-devnet');
judgeContract('regtest', regtest);
judgeContract('cairn-devnet, easy', { ...devnet, pow: { ...devnet.pow, ...EASY } });
judgeContract('asert, start harder than the limit', {
  ...devnet,
  pow: { ...devnet.pow, ...EASY, startBits: 0x201fffff },
});
judgeContract('bitcoin retarget every 8 blocks', {
  ...MAINNET,
  heights: FROM_ONE,
  pow: { ...MAINNET.pow, ...EASY, interval: 8 },
});
judgeContract('bitcoin retarget with the test-network exception', {
  ...MAINNET,
  heights: { ...FROM_ONE, bip65: 100, bip66: 2 },
  pow: { ...MAINNET.pow, ...EASY, interval: 8, allowMinDifficulty: true },
});
judgeContract('bitcoin retarget with BIP94', {
  ...MAINNET,
  heights: { ...FROM_ONE, bip34: 100, bip65: 100, bip66: 100 },
  pow: { ...MAINNET.pow, ...EASY, interval: 8, allowMinDifficulty: true, bip94: true },
});

describe('consensus/registry', () => {
  it('has a judge for every built-in network', () => {
    for (const { name } of BUILT_IN_DEFINITIONS) {
      const network = builtInNetwork(name);
      assert.ok(network && judgeFor(network));
    }
  });

  it('throws on an algorithm it does not know', () => {
    const wrong = { ...regtest, pow: { ...regtest.pow, algo: 'lwma' } } as unknown as ConsensusParams;
    assert.throws(() => judgeOf(wrong), /difficulty algorithm/);
  });
});
