import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Span } from './harness.ts';

/** How often a running process is looked at: what it takes in its last moment is missed. */
const LOOK_MS = 20;
/** Of /proc/PID/stat: USER_HZ, which Linux fixes at 100 for every program. */
const TICKS_PER_SECOND = 100;
/** Kept of what a process prints. */
const MAX_OUTPUT = 1 << 20;

/** What /proc says about a process; Linux only. Zeros when it says nothing. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Highest and present resident memory in 10^6 bytes. */
  readonly peakMB: number;
  readonly residentMB: number;
}

function kilobytes(status: string, field: string): number {
  return (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024) / 1e6;
}

/** undefined when the process is gone, or where there is no /proc. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces; after it come state, then 10 fields, then user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    // A process that has ended and was not waited for has no memory lines.
    if (!status.includes('VmHWM')) return undefined;
    return { cpuSeconds, peakMB: kilobytes(status, 'VmHWM'), residentMB: kilobytes(status, 'VmRSS') };
  } catch {
    return undefined;
  }
}

/** A process that was measured from its start to its end. */
export interface Ran extends Span {
  readonly peakMB: number;
  readonly output: string;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process under way: how it ends, and the process itself. */
export interface Running {
  readonly child: ChildProcess;
  /** Exit code or signal name, and the measurement. */
  readonly ended: Promise<{ readonly code: number | string; readonly ran: Ran }>;
}

/** Starts a program and measures it. `command`: the program, then its arguments. It ends with this process at the latest. */
export function start(command: readonly string[], env: NodeJS.ProcessEnv = process.env): Running {
  const started = performance.now();
  const child = spawn(command[0] as string, command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let usage: Usage = { cpuSeconds: 0, peakMB: 0, residentMB: 0 };
  const look = (): void => {
    usage = (child.pid === undefined ? undefined : usageOf(child.pid)) ?? usage;
  };
  const timer = setInterval(look, LOOK_MS);
  let output = '';
  const keep = (text: string): void => {
    output = (output + text).slice(-MAX_OUTPUT);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  let seconds = 0;
  child.once('exit', () => {
    seconds = (performance.now() - started) / 1000;
    running.delete(child);
    clearInterval(timer);
  });
  const ended = new Promise<Awaited<Running['ended']>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const { cpuSeconds, peakMB } = usage;
      resolve({ code: code ?? (signal as string), ran: { seconds, cpuSeconds, peakMB, output } });
    });
  });
  return { child, ended };
}

/** Runs a program to its end; throws with what it printed unless it ends with 0. */
export async function run(command: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran> {
  const { code, ran } = await start(command, env).ended;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${ran.output.slice(-4000)}`);
  return ran;
}
