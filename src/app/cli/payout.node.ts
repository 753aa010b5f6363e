import { createECDH, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '../../params/network.ts';
import { writeWhole } from '../config/dataDir.node.ts';
import { devKeyOf } from '../devKeys.node.ts';
import { EXIT, ExitError } from '../exit.ts';

/** Where a miner without a configured address is paid. */
export interface Payout {
  readonly address: string;
  readonly file: string;
  /** Writes the key (mode 0600) if it is new. */
  save(): void;
}

/**
 * An address of our own for a miner that was given none: the key lies in payout.key of the data directory. Development
 * networks only: coins that are worth something belong to a wallet with a backup.
 */
export function payoutAddress(root: string, network: Network): Payout {
  if (!network.development) {
    throw new ExitError(EXIT.config, 'a miner needs an address to be paid at', {
      next: 'add --mining-address ADDRESS',
    });
  }
  const file = join(root, 'payout.key');
  if (existsSync(file)) {
    const found = /^address (\S+)$/m.exec(readFileSync(file, 'utf8'));
    if (found === null)
      throw new ExitError(EXIT.config, `${file} is damaged`, { next: 'add --mining-address ADDRESS' });
    return { address: found[1]!, file, save: () => {} };
  }
  const ecdh = createECDH('secp256k1');
  for (;;) {
    try {
      ecdh.setPrivateKey(randomBytes(32));
      break;
    } catch {
      // One in 2^128 random numbers is no key.
    }
  }
  const publicKey = new Uint8Array(ecdh.getPublicKey(null, 'compressed'));
  const key = devKeyOf('payout', new Uint8Array(ecdh.getPrivateKey()), publicKey, network.prefixes);
  return { address: key.address, file, save: () => writeWhole(file, `address ${key.address}\nwif ${key.wif}\n`) };
}
