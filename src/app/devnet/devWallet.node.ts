import { usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { decodeAddress } from '../../primitives/address.ts';
import { COIN } from '../../primitives/amount.ts';
import { toHex } from '../../util/hex.ts';
import { loadNetwork } from '../config/network.node.ts';
import { type DevKey, devKeys } from '../devKeys.node.ts';

export { DEVELOPMENT_MNEMONIC } from '../../params/networks.ts';

/** How many addresses a development network funds. */
const COUNT = 10;

export interface DevWallet {
  readonly keys: readonly DevKey[];
  /** What the genesis block gives each, in words; undefined when blocks must be made for them. */
  readonly funds: string | undefined;
  /** Blocks that a coinbase rests on the network. */
  readonly coinbaseMaturity: number;
}

/** The funded keys of a mnemonic on a network. */
export async function devWallet(mnemonic: string, nameOrPath: string): Promise<DevWallet> {
  usePlatformCrypto();
  const network = await loadNetwork(nameOrPath);
  const keys = devKeys(mnemonic, COUNT, network.prefixes);
  const given = new Map((network.consensus.genesis?.allocations ?? []).map(({ script, amount }) => [script, amount]));
  const amounts = keys.map(({ address }) => {
    const decoded = decodeAddress(address, network.prefixes);
    return decoded.ok ? given.get(toHex(decoded.value.scriptPubKey)) : undefined;
  });
  const [first] = amounts;
  const same = first !== undefined && amounts.every((amount) => amount === first);
  const funds = same ? `${BigInt(first) / COIN} coins each, from the genesis block` : undefined;
  return { keys, funds, coinbaseMaturity: network.consensus.coinbaseMaturity };
}

/** Where the miner of a development network is paid: the first key of the change branch. */
export async function payoutOf(mnemonic: string, nameOrPath: string): Promise<string> {
  usePlatformCrypto();
  const { prefixes } = await loadNetwork(nameOrPath);
  return devKeys(mnemonic, 1, prefixes, 1)[0]!.address;
}
