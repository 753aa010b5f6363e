import { type ChildProcess, spawn } from 'node:child_process';
import { cleanEnv, MAIN } from './nodeProcess.ts';

/** How a command ended. */
export interface Ran {
  /** Exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** The real program with these arguments: the process while it runs, and how it ended. */
export function startCairn(
  args: readonly string[],
  input = '',
): { readonly child: ChildProcess; readonly ended: Promise<Ran> } {
  const child = spawn(process.execPath, [MAIN, ...args], { env: cleanEnv(), stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.end(input);
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (code, signal) => resolve({ code: code ?? (signal as string), out, err }));
  });
  return { child, ended };
}

/** Runs the real program to its end. */
export function runCairn(args: readonly string[], input = ''): Promise<Ran> {
  return startCairn(args, input).ended;
}
