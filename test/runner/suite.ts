import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Test files that run in one mocha process. */
export interface Suite {
  readonly name: string;
  /** Paths from the root of the repository. */
  readonly files: readonly string[];
  /** Default time limit of a test, milliseconds; a test may set its own. */
  readonly testMs: number;
  /** Time limit of the whole process. */
  readonly totalMs: number;
}

export interface Failure {
  readonly title: string;
  readonly message: string;
}

export interface SkippedTest {
  readonly title: string;
  readonly file: string;
}

export interface SuiteResult {
  readonly suite: Suite;
  readonly passed: number;
  readonly skipped: readonly SkippedTest[];
  readonly failures: Failure[];
  /** What the tests and their nodes printed. */
  readonly output: string;
}

interface MochaTest {
  readonly fullTitle: string;
  readonly file: string;
  readonly err: { readonly message?: string; readonly stack?: string };
}
interface MochaReport {
  readonly passes: readonly MochaTest[];
  readonly pending: readonly MochaTest[];
  readonly failures: readonly MochaTest[];
}

const root = join(import.meta.dirname, '..', '..');
/** A test process that has reported must end: what holds it open is a leak. */
const EXIT_MS = 20_000;
const KEEP = 200_000;

function readReport(file: string): MochaReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as MochaReport;
  } catch {
    return undefined;
  }
}

/** Runs one mocha process and prints one line about it. */
export async function runSuite(suite: Suite): Promise<SuiteResult> {
  const temp = mkdtempSync(join(tmpdir(), 'cairn-run-'));
  const report = join(temp, 'report.json');
  const began = Date.now();
  let output = '';
  const args = ['--reporter', 'json', '--reporter-option', `output=${report}`, '--timeout', String(suite.testMs)];
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const child = spawn(process.execPath, [mocha, ...args, ...suite.files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEEP);
    });
  }
  let killed: string | undefined;
  const kill = (why: string): void => {
    killed = why;
    // The whole group: nodes that a test started go, too.
    if (child.pid !== undefined) process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  };
  const limit = setTimeout(() => kill(`not done within ${suite.totalMs / 1000} s`), suite.totalMs);
  let reported = 0;
  const leak = setInterval(() => {
    if (reported === 0 && readReport(report) !== undefined) reported = Date.now();
    if (reported !== 0 && Date.now() - reported > EXIT_MS) kill('all tests ran, but something keeps the process alive');
  }, 500);
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  clearTimeout(limit);
  clearInterval(leak);

  const found = readReport(report);
  rmSync(temp, { recursive: true, force: true });
  const failures: Failure[] = (found?.failures ?? []).map((test) => ({
    title: test.fullTitle,
    message: test.err.stack ?? test.err.message ?? 'failed',
  }));
  if (killed !== undefined) failures.push({ title: suite.name, message: killed });
  else if (found === undefined) {
    failures.push({ title: suite.name, message: `the test process ended with code ${code}\n${output.slice(-4000)}` });
  } else if (code !== 0 && failures.length === 0) {
    failures.push({ title: suite.name, message: `the test process ended with code ${code}\n${output.slice(-4000)}` });
  }
  const result: SuiteResult = {
    suite,
    passed: found?.passes.length ?? 0,
    skipped: (found?.pending ?? []).map((test) => ({ title: test.fullTitle, file: test.file })),
    failures,
    output,
  };
  const skips = result.skipped.length === 0 ? '' : `, ${result.skipped.length} skipped`;
  const failed = failures.length === 0 ? '' : `, ${failures.length} FAILED`;
  console.log(
    `${failures.length === 0 ? 'ok  ' : 'FAIL'} ${suite.name.padEnd(24)} ${result.passed} passed${failed}${skips}  (${((Date.now() - began) / 1000).toFixed(1)} s)`,
  );
  return result;
}
