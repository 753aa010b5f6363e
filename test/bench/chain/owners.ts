import assert from 'node:assert/strict';
import { hash160, sha256 } from '../../../src/crypto/hash.ts';
import { encodeDer } from '../../../src/crypto/laxDer.ts';
import { secp } from '../../../src/crypto/secp.ts';
import { payToPubKeyHash, payToWitness } from '../../../src/primitives/outputScript.ts';
import { NO_WITNESS } from '../../../src/primitives/tx.ts';
import { OP } from '../../../src/script/opcodes.ts';
import { pushData } from '../../../src/script/push.ts';
import { SIGHASH } from '../../../src/script/sigEncoding.ts';
import { legacySigHash } from '../../../src/script/sighashLegacy.ts';
import { witnessV0SigHash } from '../../../src/script/sighashWitnessV0.ts';
import { spentOutput } from '../../../src/script/spend.ts';
import { asciiBytes, concatBytes, EMPTY } from '../../../src/util/bytes.ts';
import {
  type Lock,
  p2pkh,
  p2shMultisig,
  p2trKey,
  p2trScript,
  p2wpkh,
  p2wshMultisig,
} from '../../script/signedSpends.ts';

/** Someone who can be paid and can spend: a kind of output with the keys to it. */
export type Owner = Lock;

interface KeyPair {
  readonly secret: Uint8Array;
  readonly key: Uint8Array;
}

function keyPair(seed: number, name: string): KeyPair {
  const secret = sha256(asciiBytes(`cairn bench ${seed} ${name}`));
  const key = secp().publicKeyOf(secret, true);
  assert(key !== undefined);
  return { secret, key };
}

/** DER with hash type, the first RFC 6979 nonce: half the work of a signature with a short r, of which wallets make more. */
function sign(hash: Uint8Array, { secret }: KeyPair): Uint8Array {
  const compact = secp().signCompact(hash, secret);
  assert(compact !== undefined);
  return concatBytes(encodeDer(compact), Uint8Array.of(SIGHASH.ALL));
}

/** Paid to the hash of a key in a witness program (BIP141, BIP143). */
function witnessKeyHash(seed: number, n: number): Owner {
  const pair = keyPair(seed, `owner ${n}`);
  const program = hash160(pair.key);
  const scriptCode = payToPubKeyHash(program);
  return {
    scriptPubKey: payToWitness({ version: 0, program }),
    unlock(spend) {
      const hash = witnessV0SigHash(spend.tx, spend.index, scriptCode, spentOutput(spend).value, SIGHASH.ALL);
      return { scriptSig: EMPTY, witness: [sign(hash, pair), pair.key] };
    },
  };
}

/** Two of three keys, in the output itself. */
function bareMultisig(n: number): Owner {
  const pairs = [0, 1, 2].map((i) => keyPair(n, `bare multisig ${i}`));
  const keys = pairs.map(({ key }) => pushData(key));
  const scriptPubKey = concatBytes(Uint8Array.of(OP.OP_2), ...keys, Uint8Array.of(OP.OP_3, OP.OP_CHECKMULTISIG));
  return {
    scriptPubKey,
    unlock({ tx, index }) {
      const hash = legacySigHash(tx, index, scriptPubKey, SIGHASH.ALL);
      const signatures = pairs.slice(0, 2).map((pair) => pushData(sign(hash, pair)));
      return { scriptSig: concatBytes(Uint8Array.of(OP.OP_0), ...signatures), witness: NO_WITNESS };
    },
  };
}

/** Owners of each kind among the 200 of a mix. Every output goes to any of them, so these are also the kinds' weights. */
const MIX: readonly (readonly [count: number, kind: (n: number) => Owner])[] = [
  [80, p2wpkh],
  [36, p2pkh],
  [36, p2trKey],
  [16, p2wshMultisig],
  [14, p2trScript],
  [12, p2shMultisig],
  [6, bareMultisig],
];

/** Who owns coins: P2WPKH alone, or all kinds as in MIX. */
export type OwnerKind = 'p2wpkh' | 'mix';

/** So many P2WPKH owners that their scripts repeat in no block of a database. */
const KEY_HASH_OWNERS = 4096;

/** The same kind and seed give the same owners; the first is always one of P2WPKH. Keys of a mix follow from their place. */
export function ownersOf(kind: OwnerKind, seed: number): Owner[] {
  if (kind === 'p2wpkh') return Array.from({ length: KEY_HASH_OWNERS }, (_, n) => witnessKeyHash(seed, n));
  return MIX.flatMap(([count, make]) => Array.from({ length: count }, (_, n) => make(n)));
}
