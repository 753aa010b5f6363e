import { Tx, type TxOut } from '../../src/primitives/tx.ts';
import type { ScriptError } from '../../src/script/errors.ts';
import { evalScript } from '../../src/script/interpreter/evalScript.ts';
import { Machine, type ScriptVersion, type TapscriptState } from '../../src/script/interpreter/machine.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { parseScript } from '../support/scriptText.ts';

export interface Run {
  readonly flags?: number;
  readonly version?: ScriptVersion;
  /** Items below, bottom first. */
  readonly stack?: readonly Uint8Array[];
  readonly tx?: Tx;
  readonly index?: number;
  readonly spent?: readonly TxOut[];
  readonly tapscript?: TapscriptState;
}

/** A transaction whose only interesting fields are given. */
export function plainTx(fields: { version?: number; lockTime?: number; sequence?: number } = {}): Tx {
  const { version = 2, lockTime = 0, sequence = 0xffffffff } = fields;
  const prevout = { txid: new Uint8Array(32).fill(9), index: 1 };
  return new Tx({
    version,
    lockTime,
    inputs: [{ prevout, scriptSig: EMPTY, sequence, witness: [] }],
    outputs: [{ value: 1n, scriptPubKey: EMPTY }],
  });
}

export function freshTapscript(weightLeft = 1000): TapscriptState {
  return { leafHash: new Uint8Array(32).fill(3), annex: undefined, weightLeft };
}

/** Runs a script by itself; `stack` is what it leaves, bottom first. */
export function run(
  script: Uint8Array,
  o: Run = {},
): { error: ScriptError | undefined; stack: Uint8Array[]; machine: Machine } {
  const { flags = 0, version = 'base', tx = plainTx(), index = 0 } = o;
  const spent = o.spent ?? [{ value: 1000n, scriptPubKey: EMPTY }];
  const stack = [...(o.stack ?? [])];
  const tapscript = version === 'tapscript' ? (o.tapscript ?? freshTapscript()) : undefined;
  const machine = new Machine(
    { spend: { tx, index, spent }, flags },
    'scriptPubKey',
    version,
    script,
    stack,
    tapscript,
  );
  return { error: evalScript(machine), stack, machine };
}

/** What a script in text leaves: "01 - ff00" ("-" is the empty item), or the error. */
export function result(text: string, o: Run = {}): string {
  const { error, stack } = run(parseScript(text), o);
  return error ?? stack.map((item) => (item.length === 0 ? '-' : toHex(item))).join(' ');
}

/** Items from the same notation. */
export function items(text: string): Uint8Array[] {
  return text.split(' ').map((word) => (word === '-' ? EMPTY : fromHex(word)));
}
