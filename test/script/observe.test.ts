import { strict as assert } from 'node:assert';
import { STANDARD_SCRIPT_FLAGS } from '../../src/script/flags.ts';
import type { Machine } from '../../src/script/interpreter/machine.ts';
import { opName } from '../../src/script/opcodes.ts';
import { observeScript, verifyScript } from '../../src/script/verifyScript.ts';
import { type Lock, p2pkh, p2shMultisig, p2trScript, p2wpkh, signedSpend } from './signedSpends.ts';

interface Seen {
  /** Counted in opcodes; −1 before the first. */
  readonly position: number;
  readonly part: string;
  readonly opcode: string;
  readonly offset: number;
  readonly depth: number;
  readonly error: string | undefined;
}

function steps(lock: Lock, changeAmount = 0n): Seen[] {
  const { tx, spent } = signedSpend([lock]);
  const given = spent.map((out) => ({ ...out, value: out.value + changeAmount }));
  const seen: Seen[] = [];
  const observe = (machine: Machine, error: string | undefined): void => {
    const { part, cursor, opcodeOffset, opcodePosition: position, stack } = machine;
    const opcode = cursor.data.length > 0 ? `push ${cursor.data.length}` : opName(cursor.opcode);
    seen.push({ position, part, opcode, offset: opcodeOffset, depth: stack.length, error });
  };
  const verdict = observeScript(tx, 0, given, STANDARD_SCRIPT_FLAGS, observe);
  assert.deepEqual(verdict, verifyScript(tx, 0, given, STANDARD_SCRIPT_FLAGS));
  return seen;
}

describe('An observed spend', () => {
  it('shows each opcode of each script with what it left on the stack', () => {
    const seen = steps(p2pkh(1))
      .filter(({ position }) => position >= 0)
      .map(({ part, opcode, offset, depth }) => [part, opcode, offset, depth]);
    const sigPush = (seen[1]?.[2] as number) - 1;
    assert.deepEqual(seen, [
      ['scriptSig', `push ${sigPush}`, 0, 1],
      ['scriptSig', 'push 33', sigPush + 1, 2],
      ['scriptPubKey', 'OP_DUP', 0, 3],
      ['scriptPubKey', 'OP_HASH160', 1, 3],
      ['scriptPubKey', 'push 20', 2, 4],
      ['scriptPubKey', 'OP_EQUALVERIFY', 23, 2],
      ['scriptPubKey', 'OP_CHECKSIG', 24, 1],
    ]);
  });

  it('shows each script before its first opcode, also one without opcodes', () => {
    const starts = (lock: Lock): unknown[] =>
      steps(lock)
        .filter(({ position }) => position < 0)
        .map(({ part, depth }) => [part, depth]);
    assert.deepEqual(starts(p2pkh(1)), [
      ['scriptSig', 0],
      ['scriptPubKey', 2],
    ]);
    assert.deepEqual(starts(p2wpkh(1)), [
      ['scriptSig', 0],
      ['scriptPubKey', 0],
      ['witnessScript', 2],
    ]);
  });

  it('names the script that runs: redeem script, witness script, tapscript', () => {
    const parts = (lock: Lock): string[] => [...new Set(steps(lock).map(({ part }) => part))];
    assert.deepEqual(parts(p2shMultisig(1)), ['scriptSig', 'scriptPubKey', 'redeemScript']);
    assert.deepEqual(parts(p2wpkh(1)), ['scriptSig', 'scriptPubKey', 'witnessScript']);
    assert.deepEqual(parts(p2trScript(1)), ['scriptSig', 'scriptPubKey', 'tapscript']);
  });

  it('ends with the opcode that failed and why', () => {
    const last = steps(p2wpkh(1), 1n).at(-1);
    assert.deepEqual([last?.opcode, last?.error], ['OP_CHECKSIG', 'NULLFAIL']);
  });
});
