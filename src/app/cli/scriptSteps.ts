import { scriptToAsm } from '../../script/asm.ts';
import type { ScriptError } from '../../script/errors.ts';
import type { Machine, ScriptObserver } from '../../script/interpreter/machine.ts';
import { decodeScriptNumber } from '../../script/number.ts';
import { toHex } from '../../util/hex.ts';

/** One opcode and what it left behind. */
export interface ScriptStep {
  /** Number of the opcode in its script, and its offset in bytes. */
  readonly position: number;
  readonly offset: number;
  /** As asm. */
  readonly opcode: string;
  /** False in a branch that is not taken. */
  readonly executed: boolean;
  /** Hex, top last. */
  readonly stack: readonly string[];
  readonly alt_stack: readonly string[];
  readonly error?: ScriptError;
}

/** One script that ran. */
export interface ScriptStage {
  readonly part: string;
  readonly rules: Machine['version'];
  readonly hex: string;
  readonly asm: string;
  /** What it started with. */
  readonly stack: readonly string[];
  readonly steps: ScriptStep[];
}

export interface StageListener {
  stage(stage: ScriptStage): void;
  step(step: ScriptStep): void;
}

/** Steps kept and shown; a tapscript may have millions. */
export const MAX_STEPS = 10_000;

/** Stages and steps out of what the interpreter shows; told as they come. */
export class StepRecorder {
  readonly stages: ScriptStage[] = [];
  /** Opcodes that ran. */
  count = 0;
  readonly #listener: StageListener | undefined;
  #machine: Machine | undefined;

  constructor(listener?: StageListener) {
    this.#listener = listener;
  }

  /** For observeScript. */
  readonly observe: ScriptObserver = (machine, error) => {
    if (machine !== this.#machine) this.#begin(machine);
    if (machine.opcodePosition >= 0) this.#step(machine, error);
  };

  #begin(machine: Machine): void {
    this.#machine = machine;
    const { script } = machine.cursor;
    const stage: ScriptStage = {
      part: machine.part,
      rules: machine.version,
      hex: toHex(script),
      asm: scriptToAsm(script, machine.part === 'scriptSig'),
      stack: machine.stack.map(toHex),
      steps: [],
    };
    this.stages.push(stage);
    this.#listener?.stage(stage);
  }

  #step(machine: Machine, error: ScriptError | undefined): void {
    if (this.count++ >= MAX_STEPS) return;
    const { cursor, opcodeOffset } = machine;
    const step: ScriptStep = {
      position: machine.opcodePosition,
      offset: opcodeOffset,
      opcode: scriptToAsm(cursor.script.subarray(opcodeOffset, cursor.offset)),
      executed: machine.executing,
      stack: machine.stack.map(toHex),
      alt_stack: machine.altStack.map(toHex),
      ...(error === undefined ? {} : { error }),
    };
    this.stages[this.stages.length - 1]?.steps.push(step);
    this.#listener?.step(step);
  }
}

/** Longest item shown in full, bytes. */
const SHOWN_BYTES = 12;

/** An item of the stack for people: hex, shortened, with its number where it is one. `hex`: lower case. */
export function itemText(hex: string, full: boolean): string {
  const size = hex.length / 2;
  if (size === 0) return "''";
  if (!full && size > SHOWN_BYTES) return `${hex.slice(0, 12)}…${hex.slice(-6)}[${size}]`;
  const bytes = Uint8Array.from({ length: size }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
  const number = decodeScriptNumber(bytes, true);
  return number === undefined ? hex : `${hex}(${number})`;
}

export function stackText(stack: readonly string[], full: boolean): string {
  return stack.length === 0 ? '(empty)' : stack.map((item) => itemText(item, full)).join(' ');
}
