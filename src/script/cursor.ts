import { EMPTY } from '../util/bytes.ts';
import { OP } from './opcodes.ts';

/**
 * Walks a script opcode by opcode, without copying. After a push that runs past the end, `offset` stays where Bitcoin
 * Core's iterator would (behind the opcode and the length bytes it could read): signature hashes depend on it.
 */
export class ScriptCursor {
  #script: Uint8Array;
  /** Where the next opcode starts. */
  offset = 0;
  /** The opcode read last; 0xff before the first and after a failed read. */
  opcode: number = OP.OP_INVALIDOPCODE;
  /** Where the data of the last push starts and ends. */
  #from = 0;
  #to = 0;
  #data: Uint8Array | undefined = EMPTY;

  constructor(script: Uint8Array) {
    this.#script = script;
  }

  get script(): Uint8Array {
    return this.#script;
  }

  /** Begins anew with another script. */
  restart(script: Uint8Array): this {
    this.#script = script;
    this.offset = 0;
    this.opcode = OP.OP_INVALIDOPCODE;
    this.#from = 0;
    this.#to = 0;
    this.#data = EMPTY;
    return this;
  }

  /** What the opcode read last pushes; empty for opcodes that are no data push. A view, made when first asked for. */
  get data(): Uint8Array {
    this.#data ??= this.#to === this.#from ? EMPTY : this.script.subarray(this.#from, this.#to);
    return this.#data;
  }

  /** Bytes of data. */
  get dataSize(): number {
    return this.#to - this.#from;
  }

  get atEnd(): boolean {
    return this.offset >= this.script.length;
  }

  /** Reads one opcode with its data. False at the end or when a push runs past it (atEnd before the call tells which). */
  next(): boolean {
    this.opcode = OP.OP_INVALIDOPCODE;
    this.#data = EMPTY;
    this.#to = this.#from;
    const { script } = this;
    if (this.offset >= script.length) return false;
    const opcode = script[this.offset++] as number;
    if (opcode <= OP.OP_PUSHDATA4) {
      let size = opcode;
      if (opcode >= OP.OP_PUSHDATA1) {
        const lengthBytes = opcode === OP.OP_PUSHDATA1 ? 1 : opcode === OP.OP_PUSHDATA2 ? 2 : 4;
        if (script.length - this.offset < lengthBytes) return false;
        size = 0;
        for (let i = 0; i < lengthBytes; i++) size += (script[this.offset + i] as number) * 2 ** (8 * i);
        this.offset += lengthBytes;
      }
      if (script.length - this.offset < size) return false;
      this.#from = this.offset;
      this.offset += size;
      this.#to = this.offset;
      this.#data = undefined;
    }
    this.opcode = opcode;
    return true;
  }
}
