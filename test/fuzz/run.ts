import { strict as assert } from 'node:assert';
import { DecodeError } from '../../src/util/codec.ts';
import { toHex } from '../../src/util/hex.ts';
import { diceFor, generate } from './generate.ts';

/** What decodes bytes from outside. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid encodings, from which most inputs are made. */
  readonly samples: readonly Uint8Array[];
  /**
   * Decodes, and looks at the value as its users do. True when the bytes were taken, false when refused by a verdict; a
   * DecodeError is a refusal as well, any other throw a bug.
   */
  readonly run: (bytes: Uint8Array) => boolean | Promise<boolean>;
}

export interface FuzzReport {
  readonly taken: number;
  readonly refused: number;
  /** Milliseconds of the slowest input. */
  readonly slowest: number;
  /** Most bytes of arrays that one input made the decoder ask for. */
  readonly greediest: number;
}

/** Milliseconds: the slowest input takes under one. What takes longer is tried again, for a busy machine stops everybody. */
const MAX_MS = 1000;
const TRIES = 3;

/** Bytes of arrays a decoder may ask for: a fixed part, and so many times the input. */
const MAX_FIXED = 1 << 16;
const MAX_PER_BYTE = 64;

/** Counts the bytes of typed arrays made by length while `watch` is on: a decoder that believes a length shows here. */
class AllocationMeter {
  #bytes = 0;
  readonly #original = globalThis.Uint8Array;

  watch(): void {
    const count = (n: number): void => {
      this.#bytes += n;
    };
    globalThis.Uint8Array = new Proxy(this.#original, {
      construct(target, args: unknown[], newTarget) {
        if (typeof args[0] === 'number') count(args[0]);
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
  }

  stop(): void {
    globalThis.Uint8Array = this.#original;
  }

  /** Bytes since the last call. */
  take(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }
}

/**
 * Gives `count` inputs to the target, from input `first` on. Fails with what replays the input alone: the seed and its
 * number (CAIRN_FUZZ_SEED, CAIRN_FUZZ_FIRST).
 */
export async function fuzz(target: FuzzTarget, count: number, seed: number, first = 0): Promise<FuzzReport> {
  const { name, samples, run } = target;
  for (const sample of samples) assert.equal(await run(sample.slice()), true, `${name}: a valid sample is taken`);
  const meter = new AllocationMeter();
  let taken = 0;
  let slowest = 0;
  let greediest = 0;
  meter.watch();
  try {
    for (let index = first; index < first + count; index++) {
      const input = generate(samples, diceFor(seed, name, index));
      const fail = (what: string): never =>
        assert.fail(
          `${name}, CAIRN_FUZZ_SEED=${seed} CAIRN_FUZZ_FIRST=${index}: ${what}; ${toHex(input.subarray(0, 400))}`,
        );
      let ms = Number.POSITIVE_INFINITY;
      for (let tries = 0; ms > MAX_MS && tries < TRIES; tries++) {
        meter.take();
        const start = performance.now();
        try {
          const verdict = run(input);
          const ok = typeof verdict === 'boolean' ? verdict : await verdict;
          if (ok && tries === 0) taken++;
        } catch (error) {
          if (!(error instanceof DecodeError))
            fail(error instanceof Error ? (error.stack ?? error.message) : `${error}`);
        }
        ms = Math.min(ms, performance.now() - start);
      }
      const bytes = meter.take();
      slowest = Math.max(slowest, ms);
      greediest = Math.max(greediest, bytes);
      if (ms > MAX_MS) fail(`${ms} ms`);
      if (bytes > MAX_FIXED + MAX_PER_BYTE * input.length) fail(`${bytes} bytes asked for ${input.length} of input`);
    }
  } finally {
    meter.stop();
  }
  return { taken, refused: count - taken, slowest, greediest };
}

/** A number from the environment, undefined when not set. */
export function numberFrom(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  assert.match(text, /^\d{1,10}$/, `${name} is a number`);
  return Number(text);
}
