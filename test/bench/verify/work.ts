import assert from 'node:assert/strict';
import { sha256 } from '../../../src/crypto/hash.ts';
import { secp, signEcdsa } from '../../../src/crypto/secp.ts';
import { STANDARD_SCRIPT_FLAGS } from '../../../src/script/flags.ts';
import { verifyScript } from '../../../src/script/verifyScript.ts';
import {
  type Lock,
  p2pkh,
  p2shMultisig,
  p2trKey,
  p2trScript,
  p2wpkh,
  p2wshMultisig,
  signedSpend,
} from '../../script/signedSpends.ts';

/** Verifies some milliseconds' worth and returns how many inputs or signatures that were; throws when one fails. */
export type Round = () => number;

/** Something to verify over and over. `prepare` runs in the thread that verifies, so that threads share nothing. */
export interface Work {
  readonly unit: 'inputs/s' | 'verifies/s';
  /** ECDSA or Schnorr signatures tried for each input. */
  readonly signatureChecks: number;
  prepare(): Round;
}

/**
 * Different signatures and transactions (of two inputs each). A processor learns the branches of a few dozen that come again
 * and again and verifies them 5 % faster than any chain can have it; from some thousand on the rate stays the same.
 */
const SIGNATURES = 4096;
const TRANSACTIONS = 1024;
/** Verified in a round. */
const ROUND = 64;

/** Rounds of ROUND elements, one after another through all of them. */
function inRounds<T>(all: readonly T[], verify: (one: T) => void): () => void {
  let next = 0;
  return () => {
    for (let i = 0; i < ROUND; i++) verify(all[(next + i) % all.length] as T);
    next = (next + ROUND) % all.length;
  };
}

/** Inputs verified as the pool does, with the signature hashes of a transaction worked out anew for each. */
function scripts(lock: (n: number) => Lock, signatureChecks: number): Work {
  return {
    unit: 'inputs/s',
    signatureChecks,
    prepare() {
      const made = Array.from({ length: TRANSACTIONS }, (_, i) => signedSpend([lock(3 * i), lock(3 * i)]));
      const round = inRounds(made, ({ tx, spent }) => {
        for (let i = 0; i < spent.length; i++) assert(verifyScript(tx, i, spent, STANDARD_SCRIPT_FLAGS).ok);
      });
      return () => {
        round();
        return 2 * ROUND;
      };
    },
  };
}

interface Signed {
  readonly message: Uint8Array;
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

/** Nothing but the provider: `sign` makes what `verify` checks, each with a key and a message of its own. */
function bare(
  sign: (message: Uint8Array, secret: Uint8Array) => Omit<Signed, 'message'>,
  verify: (signed: Signed) => boolean,
): Work {
  return {
    unit: 'verifies/s',
    signatureChecks: 1,
    prepare() {
      const signed = Array.from({ length: SIGNATURES }, (_, i) => {
        const message = sha256(Uint8Array.of(i, i >> 8));
        return { message, ...sign(message, sha256(message)) };
      });
      const round = inRounds(signed, (one) => assert(verify(one)));
      return () => {
        round();
        return ROUND;
      };
    },
  };
}

const ecdsa = bare(
  (message, secret) => {
    return {
      key: secp().publicKeyOf(secret, true) as Uint8Array,
      signature: signEcdsa(message, secret) as Uint8Array,
    };
  },
  ({ message, key, signature }) => secp().verifyEcdsa(signature, message, key),
);

const schnorr = bare(
  (message, secret) => {
    return {
      key: (secp().publicKeyOf(secret, true) as Uint8Array).slice(1),
      signature: secp().signSchnorr(message, secret, new Uint8Array(32)) as Uint8Array,
    };
  },
  ({ message, key, signature }) => secp().verifySchnorr(signature, message, key),
);

/** By name, which is also the name of the line that shows it. */
export const WORK: ReadonlyMap<string, Work> = new Map([
  ['ecdsa', ecdsa],
  ['schnorr', schnorr],
  ['p2pkh', scripts(p2pkh, 1)],
  ['p2wpkh', scripts(p2wpkh, 1)],
  ['p2sh-2of3', scripts(p2shMultisig, 3)],
  // The two keys written last sign, so that only two signatures are checked.
  ['p2wsh-2of3', scripts(p2wshMultisig, 2)],
  ['p2tr-key', scripts(p2trKey, 1)],
  ['p2tr-script', scripts(p2trScript, 1)],
]);

/** Prepares what is called `name`, and runs it until its code is optimised. */
export function warmed(name: string): Round {
  const work = WORK.get(name);
  assert(work !== undefined);
  const round = work.prepare();
  for (let i = 0; i < 10; i++) round();
  return round;
}
