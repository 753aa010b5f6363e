import type { Hash256 } from '../../primitives/hash.ts';
import { ScriptCursor } from '../cursor.ts';
import type { ScriptError } from '../errors.ts';
import { SCRIPT_FLAGS } from '../flags.ts';
import { decodeScriptNumber } from '../number.ts';
import type { Spend } from '../spend.ts';
import { Conditions } from './conditions.ts';

/** Which rules a script runs under: legacy, BIP143 or BIP342. */
export type ScriptVersion = 'base' | 'witness_v0' | 'tapscript';

/** Which script of an input runs. */
export type ScriptPart = 'scriptSig' | 'scriptPubKey' | 'redeemScript' | 'witnessScript' | 'tapscript';

/**
 * Sees a script run: called before the first opcode (opcodePosition −1) and after every opcode with the machine as it is
 * then, and with the error if that opcode failed.
 */
export type ScriptObserver = (machine: Machine, error: ScriptError | undefined) => void;

/** What all scripts of one input have in common. */
export interface Execution {
  readonly spend: Spend;
  /** SCRIPT_FLAGS. */
  readonly flags: number;
  readonly observe?: ScriptObserver | undefined;
}

/** What tapscript signature opcodes need (BIP342). */
export interface TapscriptState {
  readonly leafHash: Hash256;
  readonly annex: Hash256 | undefined;
  /** What is left of the budget for signatures, in weight units. */
  weightLeft: number;
}

/** A script in execution. Stack items are never changed in place, so they may be views on the transaction. */
export class Machine {
  readonly execution: Execution;
  readonly part: ScriptPart;
  readonly version: ScriptVersion;
  /** Last item on top. */
  readonly stack: Uint8Array[];
  readonly altStack: Uint8Array[] = [];
  readonly conditions = new Conditions();
  /** Stands behind the opcode that runs; holds it and its data. */
  readonly cursor: ScriptCursor;
  readonly tapscript: TapscriptState | undefined;
  /** Numbers and pushes must be in their shortest form (MINIMALDATA). */
  readonly minimal: boolean;
  /** Where the opcode that runs starts, in bytes and in opcodes. */
  opcodeOffset = 0;
  opcodePosition = -1;
  /** False inside an OP_IF branch that is not taken. */
  executing = true;
  /** Opcodes counted against MAX_OPS_PER_SCRIPT. */
  opCount = 0;
  /** Position in opcodes of the last executed OP_CODESEPARATOR. */
  codeSeparator = 0xffffffff;
  #codeStart = 0;
  #scriptCode: Uint8Array | undefined;
  /** The script code whose signature hashes are kept: the first with its hash type, and those of other types. */
  #hashed: Uint8Array | undefined;
  #hashType = 0;
  #hash: Hash256 | undefined;
  #hashes: Map<number, Hash256> | undefined;

  constructor(
    execution: Execution,
    part: ScriptPart,
    version: ScriptVersion,
    script: Uint8Array,
    stack: Uint8Array[],
    tapscript?: TapscriptState,
  ) {
    this.execution = execution;
    this.part = part;
    this.version = version;
    this.cursor = new ScriptCursor(script);
    this.stack = stack;
    this.tapscript = tapscript;
    this.minimal = (execution.flags & SCRIPT_FLAGS.MINIMALDATA) !== 0;
  }

  hasFlag(flag: number): boolean {
    return (this.execution.flags & flag) !== 0;
  }

  /** The item `depth` below the top, 1 being the top; it must exist. */
  item(depth: number): Uint8Array {
    return this.stack[this.stack.length - depth] as Uint8Array;
  }

  /** That item as a number; undefined when it is too long or not minimal (SCRIPTNUM). */
  number(depth: number, maxLength?: number): number | undefined {
    return decodeScriptNumber(this.item(depth), this.minimal, maxLength);
  }

  drop(count: number): void {
    // Cheaper than setting the length, for the few items that go at a time.
    for (let i = 0; i < count; i++) this.stack.pop();
  }

  /** From now on signatures sign the script behind the opcode that runs (OP_CODESEPARATOR). */
  startCodeHere(): void {
    this.#codeStart = this.cursor.offset;
    this.#scriptCode = undefined;
    this.codeSeparator = this.opcodePosition;
  }

  /** What ECDSA signatures sign of the script: from the last executed OP_CODESEPARATOR on. The same view until the next. */
  get scriptCode(): Uint8Array {
    const { script } = this.cursor;
    this.#scriptCode ??= this.#codeStart === 0 ? script : script.subarray(this.#codeStart);
    return this.#scriptCode;
  }

  /** The signature hash that was kept for this script code and hash type, while the code is the same array. */
  keptSigHash(scriptCode: Uint8Array, hashType: number): Hash256 | undefined {
    if (this.#hashed !== scriptCode) return undefined;
    return this.#hashType === hashType ? this.#hash : this.#hashes?.get(hashType);
  }

  /** Keeps a signature hash that keptSigHash() did not have. */
  keepSigHash(scriptCode: Uint8Array, hashType: number, hash: Hash256): void {
    if (this.#hashed !== scriptCode) {
      this.#hashed = scriptCode;
      this.#hashes = undefined;
      this.#hashType = hashType;
      this.#hash = hash;
    } else {
      this.#hashes ??= new Map();
      this.#hashes.set(hashType, hash);
    }
  }
}
