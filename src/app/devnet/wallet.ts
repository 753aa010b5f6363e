/**
 * m/84'/1'/0'/1/0 of the development mnemonic on networks with regtest's prefixes: written down so that the miner starts
 * without waiting for its derivation.
 */
export const DEFAULT_PAYOUT = 'bcrt1qm8rk345pvw2le97nxv9k43drkp5d80hrqay04u';
