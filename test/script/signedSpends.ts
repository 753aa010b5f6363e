import { strict as assert } from 'node:assert';
import { hash160, sha256 } from '../../src/crypto/hash.ts';
import { secp, signEcdsa } from '../../src/crypto/secp.ts';
import { payToPubKeyHash, payToScriptHash, payToWitness } from '../../src/primitives/outputScript.ts';
import { NO_WITNESS, Tx, type TxIn, type TxOut } from '../../src/primitives/tx.ts';
import { OP } from '../../src/script/opcodes.ts';
import { pushData } from '../../src/script/push.ts';
import { legacySigHash } from '../../src/script/sighashLegacy.ts';
import { taprootSigHash } from '../../src/script/sighashTaproot.ts';
import { witnessV0SigHash } from '../../src/script/sighashWitnessV0.ts';
import { type Spend, spentOutput } from '../../src/script/spend.ts';
import { tapLeafHash, tapTweakHash } from '../../src/script/taproot.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';

/** A kind of output and how its owner spends it. */
export interface Lock {
  readonly scriptPubKey: Uint8Array;
  unlock(spend: Spend): Pick<TxIn, 'scriptSig' | 'witness'>;
}

const ALL = 1;

/** Private keys 1, 2, 3, … of which the public key has an even y, as taproot counts them. */
function keyPair(n: number): { readonly secret: Uint8Array; readonly key: Uint8Array } {
  for (let i = 0; ; i++) {
    const secret = sha256(Uint8Array.of(n, i));
    const key = secp().publicKeyOf(secret, true);
    if (key?.[0] === 2) return { secret, key };
  }
}

function ecdsa(secret: Uint8Array, hash: Uint8Array): Uint8Array {
  const sig = signEcdsa(hash, secret);
  assert.ok(sig);
  return concatBytes(sig, Uint8Array.of(ALL));
}

function schnorr(secret: Uint8Array, hash: Uint8Array | undefined): Uint8Array {
  assert.ok(hash);
  const sig = secp().signSchnorr(hash, secret, new Uint8Array(32));
  assert.ok(sig);
  return sig;
}

const native = (...witness: Uint8Array[]): Pick<TxIn, 'scriptSig' | 'witness'> => ({ scriptSig: EMPTY, witness });

export function p2pkh(n: number): Lock {
  const { secret, key } = keyPair(n);
  const scriptPubKey = payToPubKeyHash(hash160(key));
  return {
    scriptPubKey,
    unlock: ({ tx, index }) => {
      const sig = ecdsa(secret, legacySigHash(tx, index, scriptPubKey, ALL));
      return { scriptSig: concatBytes(pushData(sig), pushData(key)), witness: NO_WITNESS };
    },
  };
}

export function p2wpkh(n: number): Lock {
  const { secret, key } = keyPair(n);
  const program = hash160(key);
  return {
    scriptPubKey: payToWitness({ version: 0, program }),
    unlock: (spend) => {
      const { value } = spentOutput(spend);
      return native(ecdsa(secret, witnessV0SigHash(spend.tx, spend.index, payToPubKeyHash(program), value, ALL)), key);
    },
  };
}

function twoOfThree(n: number): { readonly script: Uint8Array; readonly secrets: readonly Uint8Array[] } {
  const pairs = [keyPair(n), keyPair(n + 1), keyPair(n + 2)];
  const keys = pairs.map(({ key }) => pushData(key));
  const script = concatBytes(Uint8Array.of(OP.OP_2), ...keys, Uint8Array.of(OP.OP_3, OP.OP_CHECKMULTISIG));
  return { script, secrets: pairs.map(({ secret }) => secret) };
}

/** 2 of 3 keys in P2WSH, signed by the `signers`, of which the default makes each key be tried. */
export function p2wshMultisig(n: number, signers: readonly [number, number] = [1, 2]): Lock {
  const { script, secrets } = twoOfThree(n);
  return {
    scriptPubKey: payToWitness({ version: 0, program: sha256(script) }),
    unlock: (spend) => {
      const hash = witnessV0SigHash(spend.tx, spend.index, script, spentOutput(spend).value, ALL);
      return native(EMPTY, ...signers.map((i) => ecdsa(secrets[i] as Uint8Array, hash)), script);
    },
  };
}

/** 2 of 3 keys in P2SH. */
export function p2shMultisig(n: number): Lock {
  const { script, secrets } = twoOfThree(n);
  return {
    scriptPubKey: payToScriptHash(hash160(script)),
    unlock: ({ tx, index }) => {
      const hash = legacySigHash(tx, index, script, ALL);
      const sigs = [0, 2].map((i) => pushData(ecdsa(secrets[i] as Uint8Array, hash)));
      return { scriptSig: concatBytes(Uint8Array.of(OP.OP_0), ...sigs, pushData(script)), witness: NO_WITNESS };
    },
  };
}

/** Taproot output without scripts, spent by key (BIP86). */
export function p2trKey(n: number): Lock {
  const { secret, key } = keyPair(n);
  const tweak = tapTweakHash(key.subarray(1), undefined);
  const output = secp().tweakAddXOnly(key.subarray(1), tweak);
  const tweaked = secp().tweakAddPrivate(secret, tweak);
  assert.ok(output && tweaked);
  return {
    scriptPubKey: payToWitness({ version: 1, program: output.xOnly }),
    unlock: (spend) => native(schnorr(tweaked, taprootSigHash(spend, 0, undefined, undefined))),
  };
}

/** Output and control block of a tree with the one leaf `script`. */
export function oneLeaf(
  n: number,
  script: Uint8Array,
  leafVersion = 0xc0,
): { readonly scriptPubKey: Uint8Array; readonly control: Uint8Array; readonly leafHash: Uint8Array } {
  const internal = keyPair(n).key.subarray(1);
  const leafHash = tapLeafHash(leafVersion, script);
  const output = secp().tweakAddXOnly(internal, tapTweakHash(internal, leafHash));
  assert.ok(output);
  return {
    scriptPubKey: payToWitness({ version: 1, program: output.xOnly }),
    control: concatBytes(Uint8Array.of(leafVersion | output.parity), internal),
    leafHash,
  };
}

/** Taproot output spent by its one leaf, ⟨key⟩ OP_CHECKSIG. */
export function p2trScript(n: number): Lock {
  const { secret, key } = keyPair(n + 1);
  const script = concatBytes(pushData(key.subarray(1)), Uint8Array.of(OP.OP_CHECKSIG));
  const { scriptPubKey, control, leafHash } = oneLeaf(n, script);
  return {
    scriptPubKey,
    unlock: (spend) => {
      const hash = taprootSigHash(spend, 0, undefined, { leafHash, codeSeparator: 0xffffffff });
      return native(schnorr(secret, hash), script, control);
    },
  };
}

/** A signed transaction that spends one output of each lock, to two outputs. */
export function signedSpend(locks: readonly Lock[]): { readonly tx: Tx; readonly spent: readonly TxOut[] } {
  const spent = locks.map(({ scriptPubKey }, i) => ({ value: 10_000n + BigInt(i), scriptPubKey }));
  const inputs: TxIn[] = locks.map((_, i) => ({
    prevout: { txid: sha256(Uint8Array.of(i & 0xff, i >> 8)), index: i },
    scriptSig: EMPTY,
    sequence: 0xfffffffd,
    witness: NO_WITNESS,
  }));
  const outputs = [1, 2].map((n) => ({
    value: BigInt(n),
    scriptPubKey: payToWitness({ version: 0, program: new Uint8Array(20).fill(n) }),
  }));
  const fields = { version: 2, outputs, lockTime: 0 };
  const unsigned = new Tx({ ...fields, inputs });
  const signed = inputs.map((input, index) => ({
    ...input,
    ...(locks[index] as Lock).unlock({ tx: unsigned, index, spent }),
  }));
  return { tx: new Tx({ ...fields, inputs: signed }), spent };
}
