import { HDKey } from '@scure/bip32';
import { mnemonicToSeedSync } from '@scure/bip39';

const MNEMONIC = 'test test test test test test test test test test test junk';

/** Private key of address `index` of the development mnemonic (m/84'/1'/0'/0/index), as any wallet derives it. */
export function privateKeyOf(index: number): Uint8Array {
  const key = HDKey.fromMasterSeed(mnemonicToSeedSync(MNEMONIC)).derive(`m/84'/1'/0'/0/${index}`).privateKey;
  if (key === null) throw new Error('no private key');
  return key;
}
