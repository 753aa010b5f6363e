// Measures the node and prints one JSON object per line to stdout; what it is doing goes to stderr. docs/benchmarks.md says
// what each line means. Several suites run one after another, each in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { runSuite, type Suite } from './harness.ts';

const NAMES = ['headers', 'connect', 'mempool', 'scripts', 'rpc', 'hashes', 'start', 'memory'] as const;

async function load(name: string): Promise<Suite> {
  const { suite } = (await import(`./suites/${name}.ts`)) as { suite: Suite };
  return suite;
}

async function help(): Promise<string> {
  const suites = await Promise.all(NAMES.map(load));
  return [
    'Usage: npm run bench -- [--suite NAME]... [--runs N] [--quick]',
    '',
    '  --suite NAME  only this suite; may be repeated',
    '  --runs N      measurements of each value, 1 to 100; default 3, with --quick 1',
    '  --quick       a smaller load: all suites in less than two minutes',
    '',
    'Suites:',
    ...suites.map(({ name, about }) => `  ${name.padEnd(12)}  ${about}`),
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

const { suite: asked, runs: runsText, quick, help: wantsHelp } = options();
if (wantsHelp) {
  process.stdout.write(await help());
  process.exit(0);
}
const unknown = asked.find((name) => !(NAMES as readonly string[]).includes(name));
if (unknown !== undefined) refuse(`no suite is called ${JSON.stringify(unknown)}`);
const runs = runsText === undefined ? (quick ? 1 : 3) : Number(runsText);
if (!Number.isInteger(runs) || runs < 1 || runs > 100) refuse(`--runs must be a number from 1 to 100, not ${runsText}`);

const chosen = asked.length > 0 ? asked : NAMES;
const flags = ['--runs', String(runs), ...(quick ? ['--quick'] : [])];
for (const name of chosen) {
  if (stopped) break;
  if (chosen.length > 1) {
    console.error(`bench: ${name}`);
    if (await inProcess(name, flags)) continue;
    if (!stopped) console.error(`bench: suite ${name} failed`);
    process.exitCode = 1;
  } else await runSuite(await load(name), { runs, quick });
}
