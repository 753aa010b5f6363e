// Runs the tests. No argument: unit and system, what a fresh clone must pass. One of unit, system, long, built: only those;
// more words: only files whose path contains one of them. The last line is "N passed, N failed, N skipped".
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { printFailures, summary } from './runner/report.ts';
import { unexplainedSkips } from './runner/skips.ts';
import { runSuite, type Suite, type SuiteResult } from './runner/suite.ts';

const root = import.meta.dirname;
/** Folders that are not a room of src. */
const APART = new Set(['system', 'long', 'built', 'bench', 'support', 'runner']);
const MINUTE = 60_000;

function testFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(join(root, '..'), join(entry.parentPath, entry.name)))
    .sort();
}

const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** One process per room: rooms cannot disturb each other, and a crash names its room. */
function rooms(): Suite[] {
  return folders
    .filter((name) => !APART.has(name))
    .map((name) => ({ name, files: testFiles(name), testMs: 20_000, totalMs: 4 * MINUTE }))
    .filter((suite) => suite.files.length > 0);
}

/** One process per file: each starts nodes and has the machine for itself. */
function perFile(folder: string, totalMs: number): Suite[] {
  if (!folders.includes(folder)) return [];
  return testFiles(folder).map((file) => ({
    name: file.split(sep).slice(1).join('/').replace('.test.ts', ''),
    files: [file],
    testMs: 2 * MINUTE,
    totalMs,
  }));
}

const GROUPS: Readonly<Record<string, () => { suites: Suite[]; parallel: number }>> = {
  unit: () => ({ suites: rooms(), parallel: 2 }),
  system: () => ({ suites: perFile('system', 20 * MINUTE), parallel: 1 }),
  long: () => ({ suites: perFile('long', 6 * 60 * MINUTE), parallel: 1 }),
  built: () => ({ suites: perFile('built', 5 * MINUTE), parallel: 1 }),
};

const words = process.argv.slice(2);
const asked = words.filter((word) => word in GROUPS);
const filters = words.filter((word) => !(word in GROUPS)).map((word) => word.replace(/^test\//, ''));
const results: SuiteResult[] = [];
/** First tries of suites that passed the second time: shown, so that nobody forgets them. */
const unsteady: SuiteResult[] = [];

/**
 * Whole networks on a busy machine have timing that no test can rule out, so a system suite or that of the room net, which
 * has real connections, runs once more when it fails. Both tries are told; what fails twice has failed.
 */
async function runTwiceAtMost(suite: Suite, group: string): Promise<SuiteResult> {
  const first = await runSuite(suite);
  const networks = group === 'system' || suite.name === 'net';
  if (!networks || first.failures.length === 0) return first;
  const second = await runSuite(suite);
  if (second.failures.length === 0) unsteady.push(first);
  return second;
}

for (const group of asked.length > 0 ? asked : ['unit', 'system']) {
  const { suites, parallel } = GROUPS[group]!();
  const chosen = suites
    .map((suite) => ({
      ...suite,
      files: suite.files.filter((file) => filters.length === 0 || filters.some((f) => file.includes(f))),
    }))
    .filter((suite) => suite.files.length > 0);
  const waiting = [...chosen];
  const worker = async (): Promise<void> => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      results.push(await runTwiceAtMost(suite, group));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

if (results.length === 0) console.log(`no test file matches ${words.join(' ')}`);
if (process.env.CI === 'true') for (const result of results) result.failures.push(...unexplainedSkips(result));
for (const { suite, failures } of unsteady) {
  console.log(`\nUNSTEADY ${suite.name}: passed the second time, the first time ${failures.length} FAILED:`);
  for (const { title, message } of failures) console.log(`    ${title}\n      ${message.split('\n')[0]}`);
}
printFailures(results);
const { line, ok } = summary(results);
console.log(line);
process.exitCode = ok && results.length > 0 ? 0 : 1;
