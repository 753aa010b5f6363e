import { rmSync } from 'node:fs';
import os from 'node:os';
import { type Part, partFacts, type WorkloadPlan } from './chain/workload.ts';
import { type Bench, busy, type Facts, median, perSecond, round, timed } from './harness.ts';
import { type Importer, type ImportOptions, importerAt, ourselves } from './importers.ts';
import type { Ran } from './processes.ts';
import { Crew } from './verify/crew.ts';
import { warmed } from './verify/work.ts';

/** What a suite imports, as files that follow each other. */
export interface Course {
  /** Before the measurement. */
  readonly before: readonly Part[];
  /** The same command on a copy of that, with next to nothing to do: what starting and ending the process takes. */
  readonly nothing: readonly Part[];
  /** Measured; the first holds the payments. */
  readonly measured: readonly Part[];
  /** How all of them are imported. */
  readonly options?: ImportOptions;
}

/** One import, measured: the whole process, and what is left without what one of next to nothing took. */
export interface Import {
  readonly ran: Ran;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly startSeconds: number;
}

/** Imports the course into two new data directories. */
export async function importOnce(bench: Bench, importer: Importer, course: Course): Promise<Import> {
  const [empty, dir] = [bench.tempDir(), bench.tempDir()];
  await importer.take(empty, course.before);
  const nothing = await importer.take(empty, course.nothing, course.options);
  await importer.take(dir, course.before);
  const ran = await importer.take(dir, course.measured, course.options);
  for (const made of [empty, dir]) rmSync(made, { recursive: true, force: true });
  return imported(ran, nothing);
}

/** What is left of an import without what one of next to nothing took; throws when that is nothing. */
export function imported(ran: Ran, nothing: Ran): Import {
  const seconds = ran.seconds - nothing.seconds;
  if (seconds <= 0) throw new Error('an import took no longer than one of next to nothing: the machine is too busy');
  return { ran, seconds, cpuSeconds: ran.cpuSeconds - nothing.cpuSeconds, startSeconds: nothing.seconds };
}

/** What the native provider verifies, measured in this process while nothing else of the benchmark runs. */
export interface Wall {
  /** ECDSA signatures per CPU second of one thread. */
  readonly oneCore: number;
  /** Per second of the clock with a thread on every core. */
  readonly allCores: number;
  readonly busy: number;
}

export async function signatureWall(ms: number): Promise<Wall> {
  const round = warmed('ecdsa');
  let count = 0;
  const { cpuSeconds } = await timed(() => {
    for (const end = performance.now() + ms; performance.now() < end; ) count += round();
  });
  const crew = await Crew.open('ecdsa', os.availableParallelism());
  const { rate, span } = await crew.run(ms);
  await crew.close();
  return { oneCore: count / cpuSeconds, allCores: rate, ...busy([span]) };
}

/** Who is measured: this checkout, and what --vs names. */
export interface Subject {
  readonly importer: Importer;
  /** Of its lines: '' or 'vs.'. */
  readonly prefix: string;
  readonly imports: Import[];
}

/** Without those that do not know `option`; they are told of on stderr. */
export async function subjectsOf({ vs }: Bench, option?: keyof ImportOptions): Promise<Subject[]> {
  const own = { importer: ourselves(), prefix: '', imports: [] };
  const all = vs === undefined ? [own] : [own, { importer: importerAt(vs), prefix: 'vs.', imports: [] }];
  const subjects: Subject[] = [];
  for (const subject of all) {
    if (option === undefined || (await subject.importer.knows(option))) subjects.push(subject);
    else console.error(`bench: ${subject.importer.title} is skipped: its import has no option for ${option}`);
  }
  return subjects;
}

/** Runs every subject `bench.runs` times, in turns whose order alternates. `each` is done before every turn. */
export async function takeTurns(
  bench: Bench,
  subjects: readonly Subject[],
  course: Course,
  each: () => Promise<void>,
): Promise<void> {
  for (let run = 0; run < bench.runs; run++) {
    await each();
    for (const subject of run % 2 === 0 ? subjects : subjects.toReversed())
      subject.imports.push(await importOnce(bench, subject.importer, course));
  }
}

/** The lines of one workload: `name.inputs` and so on for each subject, and their ratio. `part`: the payments. */
export function reportImports(
  bench: Bench,
  name: string,
  subjects: readonly Subject[],
  plan: WorkloadPlan,
  part: Part,
): void {
  for (const { importer, prefix, imports } of subjects) {
    const facts: Facts = { node: importer.title, ...partFacts(plan, part) };
    const say = (value: string, unit: string, values: readonly number[], more: Facts = {}): void =>
      bench.report(`${prefix}${name}${value}`, unit, values, { ...facts, ...more });
    const of = (pick: (one: Import) => number): number[] => imports.map(pick);
    const used = busy(imports);
    say('inputs', 'inputs/s', perSecond(part.inputs, imports), used);
    say('blocks', 'blocks/s', perSecond(part.blocks, imports), used);
    say(
      'cpu',
      'µs/input',
      of(({ cpuSeconds }) => (cpuSeconds * 1e6) / part.inputs),
    );
    const startSeconds = round(median(of((one) => one.startSeconds)));
    say(
      'wall',
      's',
      of(({ ran }) => ran.seconds),
      { startSeconds },
    );
    say(
      'peak-memory',
      'MB',
      of(({ ran }) => ran.peakMB),
    );
  }
  const [own, other] = subjects;
  if (own === undefined || other === undefined) return;
  // Pairs of the same turn: what disturbed the machine then disturbed both.
  const ratios = own.imports.map(({ seconds }, i) => (other.imports[i] as Import).seconds / seconds);
  const facts = { faster: own.importer.title, than: other.importer.title, ...partFacts(plan, part) };
  bench.report(`vs.${name}ratio`, 'times as fast', ratios, facts);
}
