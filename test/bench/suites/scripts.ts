import assert from 'node:assert/strict';
import { setHashProvider } from '../../../src/crypto/hash.ts';
import { nodeHashProvider } from '../../../src/crypto/hashNative.node.ts';
import { setSecpProvider } from '../../../src/crypto/secp.ts';
import { nodeSecpProvider } from '../../../src/crypto/secpNode.node.ts';
import { Tx, type TxOut } from '../../../src/primitives/tx.ts';
import { STANDARD_SCRIPT_FLAGS } from '../../../src/script/flags.ts';
import { legacySigHash } from '../../../src/script/sighashLegacy.ts';
import { taprootSigHash } from '../../../src/script/sighashTaproot.ts';
import { witnessV0SigHash } from '../../../src/script/sighashWitnessV0.ts';
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
import { busy, type Span, type Suite, timed } from '../harness.ts';

const KINDS: readonly (readonly [name: string, lock: (n: number) => Lock, signatureChecks: number])[] = [
  ['p2pkh', p2pkh, 1],
  ['p2wpkh', p2wpkh, 1],
  ['p2sh-2of3', p2shMultisig, 3],
  // The two keys written last sign, so that only two signatures are checked.
  ['p2wsh-2of3', p2wshMultisig, 2],
  ['p2tr-key', p2trKey, 1],
  ['p2tr-script', p2trScript, 1],
];
/** Transactions of two inputs each, so that neither keys nor transactions repeat within a round. */
const TRANSACTIONS = 32;

/** The message of each legacy input holds all of them: 3 ms for each of 10,000. */
const MAX_LEGACY_INPUTS = 1000;

interface Made {
  readonly tx: Tx;
  readonly spent: readonly TxOut[];
}

/** Verifies every input of every transaction as the pool does; returns how many. */
function verifyAll(made: readonly Made[]): number {
  let count = 0;
  for (const { tx, spent } of made) {
    for (let i = 0; i < spent.length; i++, count++) assert(verifyScript(tx, i, spent, STANDARD_SCRIPT_FLAGS).ok);
  }
  return count;
}

/** The signature hash of every input of a transaction never hashed before; the script code is that of P2PKH. */
function hashInputs(
  inputs: number,
): readonly (readonly [name: string, all: (tx: Tx, spent: readonly TxOut[]) => void])[] {
  const code = new Uint8Array(25).fill(0x76);
  const each = (one: (index: number) => unknown): void => {
    for (let i = 0; i < inputs; i++) one(i);
  };
  return [
    ['legacy', (tx) => each((i) => legacySigHash(tx, i, code, 1))],
    ['segwit-v0', (tx) => each((i) => witnessV0SigHash(tx, i, code, 1n, 1))],
    ['taproot', (tx, spent) => each((index) => taprootSigHash({ tx, index, spent }, 0, undefined, undefined))],
  ];
}

/** A transaction of as many inputs as outputs. */
function wide(inputs: number): Made {
  const spent = Array.from({ length: inputs }, (_, i) => ({
    value: BigInt(i),
    scriptPubKey: new Uint8Array(34).fill(1),
  }));
  const tx = new Tx({
    version: 2,
    lockTime: 0,
    inputs: spent.map((_, index) => ({
      prevout: { txid: new Uint8Array(32).fill(7), index },
      scriptSig: new Uint8Array(0),
      sequence: index,
      witness: [],
    })),
    outputs: spent,
  });
  return { tx, spent };
}

export const suite: Suite = {
  name: 'scripts',
  about: 'inputs verified per second by kind of output, and what a signature hash costs as inputs grow; one thread',
  async run(bench) {
    const { provider } = nodeSecpProvider();
    setSecpProvider(provider);
    setHashProvider(nodeHashProvider);
    const ms = bench.quick ? 300 : 2000;
    for (const [name, lock, signatureChecks] of KINDS) {
      const made = Array.from({ length: TRANSACTIONS }, (_, i) => signedSpend([lock(3 * i), lock(3 * i)]));
      for (let i = 0; i < 10; i++) verifyAll(made);
      const spans: Span[] = [];
      const values: number[] = [];
      for (let run = 0; run < bench.runs; run++) {
        let count = 0;
        const span = await timed(() => {
          for (const end = performance.now() + ms; performance.now() < end; ) count += verifyAll(made);
        });
        spans.push(span);
        // Nothing is waited for, so CPU time is what one core needs, also on a machine that is busy with other things.
        values.push(count / span.cpuSeconds);
      }
      bench.report(name, 'inputs/s', values, { signatureChecks, secp: provider.name, ...busy(spans) });
    }
    for (const inputs of [10, 100, 1000, ...(bench.quick ? [] : [10_000])]) {
      for (const [name, all] of hashInputs(inputs)) {
        if (name === 'legacy' && inputs > MAX_LEGACY_INPUTS) continue;
        const rounds = Math.max(1, Math.ceil((name === 'legacy' ? 2e6 / inputs : 20_000) / inputs));
        all(wide(inputs).tx, wide(inputs).spent);
        const values: number[] = [];
        for (let run = 0; run < bench.runs; run++) {
          const made = Array.from({ length: rounds }, () => wide(inputs));
          const { cpuSeconds } = await timed(() => {
            for (const { tx, spent } of made) all(tx, spent);
          });
          values.push((cpuSeconds * 1e6) / (rounds * inputs));
        }
        bench.report(`sighash-${name}`, 'µs/input', values, { inputs });
      }
    }
  },
};
