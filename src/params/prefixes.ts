import type { AddressPrefixes, Network } from './network.ts';

/** Bitcoin Core's regtest prefixes, used by every development network so that wallets know the addresses. */
export const REGTEST_PREFIXES: AddressPrefixes = {
  pubKeyHash: 0x6f,
  scriptHash: 0xc4,
  wif: 0xef,
  bech32: 'bcrt',
  bip32Public: 0x043587cf,
  bip32Private: 0x04358394,
  bip44CoinType: 1,
};

/** Bitcoin Core's main chain. */
export const BITCOIN_MAIN_PREFIXES: AddressPrefixes = {
  pubKeyHash: 0x00,
  scriptHash: 0x05,
  wif: 0x80,
  bech32: 'bc',
  bip32Public: 0x0488b21e,
  bip32Private: 0x0488ade4,
  bip44CoinType: 0,
};

export const DEFAULT_PORTS: Network['ports'] = { p2p: 18444, ws: 18445, rpc: 18443, ops: 18446 };
