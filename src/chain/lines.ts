import { type Block, encodeSealedBlock } from '../primitives/block.ts';
import { AssertionFailure } from '../util/assert.ts';
import { SerialQueue } from '../util/queue.ts';
import { HaltedError, type HaltSwitch } from './halt.ts';
import { ChainClosedError, type Later } from './later.ts';
import type { EvidenceKeeper } from './ports.ts';

export interface LinesParts {
  readonly halt: HaltSwitch;
  readonly evidence: EvidenceKeeper;
  /** Told of every failure of ours: nothing was changed, nothing is lost. */
  readonly onFailure?: (error: unknown) => void;
  /** The chain is halted or closed: what is under way between two moves has no turn any more, and is given up. */
  readonly onEnded: (error: unknown) => void;
}

/** The two lines in which calls to the chain wait for their turn. Calls in one line run one at a time, in order. */
export class Lines {
  readonly #parts: LinesParts;
  readonly #intake = new SerialQueue();
  readonly #moves = new SerialQueue();
  #closed = false;

  constructor(parts: LinesParts) {
    this.#parts = parts;
  }

  /** Runs `job` in the first line, and resolves with what is left of it when that has ended, too. */
  async take<T>(job: () => Promise<Later<T>>): Promise<T> {
    return this.#telling(this.#run(this.#intake, job).then(({ outcome }) => outcome));
  }

  /** Runs `job` in the second line, behind all calls given before. */
  inTurn<T>(job: () => Promise<T>): Promise<T> {
    return this.take(async () => ({ outcome: this.move(job) }));
  }

  /**
   * Runs `job` in the second line. For jobs of the first line: others come by inTurn. When it fails
   * and the chain goes on, the block ahead of the tip is not concerned: that stands on the tip as before and has its own turn.
   */
  move<T>(job: () => Promise<T>): Promise<T> {
    const { halt, onEnded } = this.#parts;
    const run = this.#run(this.#moves, job);
    run.catch((error: unknown) => {
      if (halt.halted !== undefined || this.#closed) onEnded(error);
    });
    return run;
  }

  /** Runs `read` between two moves, also when the chain is halted or closed. */
  between<T>(read: () => Promise<T>): Promise<T> {
    return this.#moves.run(read);
  }

  /** A contradiction in our own code over this block: saves what led to it and stops. A wrong ledger is worse than none. */
  async keepingEvidence<T>(block: Block, job: () => Promise<T>): Promise<T> {
    try {
      return await job();
    } catch (error) {
      if (error instanceof AssertionFailure) {
        this.#parts.halt.halt(error);
        await this.#parts.evidence.keep(encodeSealedBlock(block), error.message).catch(() => undefined);
      }
      throw error;
    }
  }

  /** Ends after the jobs under way; those that wait throw ChainClosedError. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#intake.idle();
    await this.#moves.idle();
  }

  /** Runs `job` when those before it in the line have ended, unless the chain is halted or closed by then. */
  #run<T>(line: SerialQueue, job: () => Promise<T>): Promise<T> {
    return line.run(async () => {
      this.#parts.halt.check();
      if (this.#closed) throw new ChainClosedError();
      return await job();
    });
  }

  async #telling<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      if (!(error instanceof ChainClosedError || error instanceof HaltedError)) this.#parts.onFailure?.(error);
      throw error;
    }
  }
}
