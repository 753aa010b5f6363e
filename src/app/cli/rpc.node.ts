import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { RpcCallError } from '../../rpc/client.node.ts';
import { RPC } from '../../rpc/errors.ts';
import { EXIT, ExitError } from '../exit.ts';
import { callNode } from './callNode.node.ts';
import { namedArgs, rpcArg } from './rpcArgs.ts';
import { addTargetFlags, targetOf } from './target.node.ts';

/** Strings as they are, everything else as JSON with two spaces; nothing for null (as bitcoin-cli). */
export function printable(result: unknown): string {
  if (result === null || result === undefined) return '';
  return typeof result === 'string' ? `${result}\n` : `${JSON.stringify(result, null, 2)}\n`;
}

function parseArgs(words: readonly string[], named: boolean): readonly unknown[] | Record<string, unknown> {
  try {
    return named ? namedArgs(words) : words.map(rpcArg);
  } catch (error) {
    throw new ExitError(EXIT.usage, `an argument is not JSON: ${(error as Error).message}`, {
      next: 'quote it for the shell, as in \'{"key": 1}\'',
    });
  }
}

export function define(command: Command): void {
  addTargetFlags(command);
  command
    .argument('<method>', 'as in `cairn rpc help`')
    .argument('[args...]', 'numbers, true, false, null, JSON and "quoted" text stand for themselves, the rest is text')
    .option('--named', 'arguments are name=value')
    .option('--stdin', 'read more arguments from standard input, one per line')
    .option('--wait', 'wait until the node is up and ready')
    .passThroughOptions()
    .action(async (method: string, words: string[], options: Record<string, unknown>) => {
      const more = options.stdin === true ? (await text(process.stdin)).split('\n').filter((line) => line !== '') : [];
      const params = parseArgs([...words, ...more], options.named === true);
      for (;;) {
        try {
          // Looked up again on every try: a starting node has no cookie yet.
          process.stdout.write(printable(await callNode(targetOf(options), method, params, { exact: true })));
          return;
        } catch (error) {
          const later = error instanceof RpcCallError ? error.code === RPC.IN_WARMUP : error instanceof ExitError;
          if (options.wait === true && later) await sleep(200);
          else if (!(error instanceof RpcCallError)) throw error;
          else {
            process.stderr.write(`error code: ${error.code}\nerror message:\n${error.message}\n`);
            process.exitCode = EXIT.failure;
            return;
          }
        }
      }
    });
}
