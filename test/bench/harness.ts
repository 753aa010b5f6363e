import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

/** How much to measure. */
export interface Effort {
  /** Measurements of each value; the line shows all and their median. */
  readonly runs: number;
  /** A smaller load and shorter intervals: for a look, not for publishing. */
  readonly quick: boolean;
  /** What --vs names: another checkout or node, to be measured in turns with this one. */
  readonly vs?: string;
}

/** One value as printed. `value` is the median of `runs`; every other field says what was measured. */
export type Facts = { readonly [name: string]: string | number };

/** What a suite is given. */
export interface Bench extends Effort {
  /** Prints one line. `values`: one per run, in `unit`; `facts`: the load behind it. */
  report(name: string, unit: string, values: readonly number[], facts?: Facts): void;
  /** A new empty directory, removed at the end. */
  tempDir(): string;
  /** Runs `undo` at the end, also after Ctrl-C; synchronous. */
  atEnd(undo: () => void): void;
}

/** One file of test/bench/suites. */
export interface Suite {
  readonly name: string;
  /** One line for --help. */
  readonly about: string;
  /** Heeds `vs`. */
  readonly compares?: true;
  run(bench: Bench): Promise<void>;
}

/** What the numbers depend on besides the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly os: string;
  readonly node: string;
  /** Commit of the checkout, with "+changes" when files differ from it. */
  readonly commit: string;
  /** Load average of the last minute before the measurement: near 0 on an idle machine. */
  readonly load1: number;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function commit(): string {
  try {
    const changes = git('status', '--porcelain', '--untracked-files=no', '--', '../../src').trim();
    return git('rev-parse', '--short=12', 'HEAD').trim() + (changes === '' ? '' : '+changes');
  } catch {
    return 'unknown';
  }
}

function machine(): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGB: Math.round(os.totalmem() / 1e9),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    commit: commit(),
    load1: round(os.loadavg()[0] ?? 0),
  };
}

/** Middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle) - 1] as number)) / 2;
}

/** Three digits are more than any of these numbers can be trusted to. */
export function round(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}

/** How long something took. */
export interface Span {
  readonly seconds: number;
  /** CPU time of this process, all threads, in seconds. */
  readonly cpuSeconds: number;
}

export async function timed(work: () => Promise<unknown> | unknown): Promise<Span> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}

/** CPU time per second of all spans: what is missing to 1, single-threaded work waited for the disk or for other processes. */
export function busy(spans: readonly Span[]): { readonly busy: number } {
  const sum = (pick: (span: Span) => number): number => spans.reduce((total, span) => total + pick(span), 0);
  return { busy: round(sum((span) => span.cpuSeconds) / sum((span) => span.seconds)) };
}

/** How often per second something happened that happened `count` times in each span. */
export function perSecond(count: number, spans: readonly Span[]): number[] {
  return spans.map(({ seconds }) => count / seconds);
}

/** Runs one suite and prints its lines to stdout. */
export async function runSuite(suite: Suite, effort: Effort): Promise<void> {
  const about = machine();
  const undo: (() => void)[] = [];
  const end = (): void => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) step();
  };
  process.once('exit', end);
  const bench: Bench = {
    ...effort,
    report(name, unit, values, facts = {}) {
      const line = { suite: suite.name, name: `${suite.name}.${name}`, unit, value: round(median(values)) };
      const { quick } = effort;
      console.log(JSON.stringify({ ...line, runs: values.map(round), ...facts, quick, machine: about }));
    },
    tempDir() {
      const dir = mkdtempSync(join(os.tmpdir(), 'cairn-bench-'));
      // Processes that were killed a moment ago may still be writing.
      undo.push(() => rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
      return dir;
    },
    atEnd: (step) => undo.push(step),
  };
  try {
    await suite.run(bench);
  } finally {
    process.off('exit', end);
    end();
  }
}
