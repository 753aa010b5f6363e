// Measures the node and prints one JSON object per line to stdout; what it is doing goes to stderr. docs/benchmarks.md says
// what each line means. Several suites run one after another, each in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { clearCache } from './chain/workload.ts';
import { runSuite, type Suite } from './harness.ts';
import { importerAt } from './importers.ts';

const NAMES = [
  ...['headers', 'judge', 'connect', 'connect-assumed-valid', 'reorg', 'coins-scale', 'restart', 'event-loop'],
  ...['mempool', 'coin-set', 'scripts', 'rpc', 'hashes', 'start', 'memory'],
] as const;

async function load(name: string): Promise<Suite> {
  const { suite } = (await import(`./suites/${name}.ts`)) as { suite: Suite };
  return suite;
}

async function help(): Promise<string> {
  const suites = await Promise.all(NAMES.map(load));
  return [
    'Usage: npm run bench -- [--suite NAME]... [--runs N] [--quick] [--vs PATH]',
    '       npm run bench -- --clear-cache',
    '',
    '  --suite NAME   only this suite; may be repeated',
    '  --runs N       measurements of each value, 1 to 100; default 3, with --quick 1',
    '  --quick        smaller loads: all suites in about three minutes',
    '  --vs PATH      measure another node, too, in turns with this one on the same blocks, and print the ratio: the',
    '                 directory of another checkout of Cairn with its dependencies installed, or an executable that',
    '                 takes the options of bitcoind. Suites marked * only; without --suite, these are run',
    '  --clear-cache  remove the generated blocks that are kept in .cache/bench for the next run, and end',
    '',
    'stdout: one JSON object per line, one value each; see docs/benchmarks.md. stderr: what is being done.',
    '',
    'Suites:',
    ...suites.map(({ name, about, compares }) => `  ${name.padEnd(21)} ${compares ? '*' : ' '} ${about}`),
    '',
  ].join('\n');
}

function refuse(message: string): never {
  console.error(`bench: ${message}; see npm run bench -- --help`);
  process.exit(64);
}

function options() {
  try {
    return parseArgs({
      options: {
        suite: { type: 'string', multiple: true, default: [] },
        runs: { type: 'string' },
        quick: { type: 'boolean', default: false },
        vs: { type: 'string' },
        'clear-cache': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

let child: ChildProcess | undefined;
let stopped = false;
// By exit, so that what a suite started or wrote is cleared away.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopped = true;
    if (child === undefined) process.exit(1);
    else child.kill(signal);
  });
}

/** Runs the suite in a new process; resolves with true when it went well. */
async function inProcess(name: string, flags: readonly string[]): Promise<boolean> {
  child = spawn(process.execPath, [import.meta.filename, '--suite', name, ...flags], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  child = undefined;
  return code === 0;
}

const { suite: asked, runs: runsText, quick, vs, 'clear-cache': clears, help: wantsHelp } = options();
if (wantsHelp) {
  process.stdout.write(await help());
  process.exit(0);
}
if (clears) {
  clearCache();
  process.exit(0);
}
const unknown = asked.find((name) => !(NAMES as readonly string[]).includes(name));
if (unknown !== undefined) refuse(`no suite is called ${JSON.stringify(unknown)}`);
const runs = runsText === undefined ? (quick ? 1 : 3) : Number(runsText);
if (!Number.isInteger(runs) || runs < 1 || runs > 100) refuse(`--runs must be a number from 1 to 100, not ${runsText}`);

if (vs !== undefined) {
  try {
    importerAt(vs);
  } catch (error) {
    refuse(`--vs: ${(error as Error).message}`);
  }
}

const suites = await Promise.all((asked.length > 0 ? asked : NAMES).map(load));
const chosen = vs === undefined ? suites : suites.filter(({ compares }) => compares === true);
if (asked.length > chosen.length) refuse('--vs is for the suites marked * only');
const flags = ['--runs', String(runs), ...(quick ? ['--quick'] : []), ...(vs === undefined ? [] : ['--vs', vs])];
for (const suite of chosen) {
  if (stopped) break;
  if (chosen.length > 1) {
    console.error(`bench: ${suite.name}`);
    if (await inProcess(suite.name, flags)) continue;
    if (!stopped) console.error(`bench: suite ${suite.name} failed`);
    process.exitCode = 1;
  } else await runSuite(suite, { runs, quick, ...(vs === undefined ? {} : { vs }) });
}
