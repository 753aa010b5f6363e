import { usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { formatCoins } from '../../primitives/amount.ts';
import { ZERO_HASH } from '../../primitives/hash.ts';
import { displayOutPoint } from '../../primitives/outpoint.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx } from '../../primitives/tx.ts';
import { SCRIPT_FLAGS } from '../../script/flags.ts';
import { evalScript } from '../../script/interpreter/evalScript.ts';
import { type Execution, Machine } from '../../script/interpreter/machine.ts';
import { isTrue } from '../../script/number.ts';
import type { Spend } from '../../script/spend.ts';
import { LEAF_VERSION_TAPSCRIPT, tapLeafHash } from '../../script/taproot.ts';
import { classifyOutput } from '../../script/templates.ts';
import { SCRIPT_OK, type ScriptError, type ScriptResult, scriptFailed } from '../../script/verify.ts';
import { observeScript } from '../../script/verifyScript.ts';
import { runTapscript, runWitnessScript } from '../../script/witnessScript.ts';
import { EMPTY } from '../../util/bytes.ts';
import { fromHex, isHex, toHex } from '../../util/hex.ts';
import { EXIT, ExitError } from '../exit.ts';
import { wholeFlag } from './blocksNumbers.ts';
import { flagNames, parseFlagNames } from './scriptFlagNames.ts';
import { MAX_STEPS, type StageListener, StepRecorder, stackText } from './scriptSteps.ts';
import { taprootText, taprootView, unrunReason } from './scriptTaproot.ts';
import { parseScriptText } from './scriptWords.ts';
import { parsePrevouts } from './txPrevouts.ts';
import { textOf, txOf } from './txText.node.ts';

const RULES = ['base', 'witness_v0', 'tapscript'] as const;
type Rules = (typeof RULES)[number];
/** What a tapscript's signatures may weigh when no witness says more (BIP342), and room for what a test may need. */
const TAPSCRIPT_BUDGET = 50 * 1000;

/** A transaction with one input and nothing else, so that opcodes that look at the transaction have one. */
function blankSpend(scriptPubKey: Uint8Array): Spend {
  const input = {
    prevout: { txid: ZERO_HASH, index: 0 },
    scriptSig: EMPTY,
    sequence: SEQUENCE_FINAL,
    witness: NO_WITNESS,
  };
  const tx = new Tx({ version: 2, inputs: [input], outputs: [{ value: 0n, scriptPubKey: EMPTY }], lockTime: 0 });
  return { tx, index: 0, spent: [{ value: 0n, scriptPubKey }] };
}

async function spendOf(options: Record<string, unknown>): Promise<Spend> {
  const tx = await txOf(options.tx as string, '--tx');
  if (options.prevouts === undefined)
    throw new ExitError(EXIT.usage, '--prevouts is missing: scripts need the outputs that the inputs spend');
  const index = wholeFlag(options.input, '--input', tx.inputs.length - 1) ?? 0;
  const json = await textOf(options.prevouts as string, '--prevouts', (text) => text.startsWith('['));
  return { tx, index, spent: parsePrevouts(json, tx) };
}

function rulesOf(name: string): Rules {
  const rules = RULES.find((known) => known === name);
  if (rules !== undefined) return rules;
  throw new ExitError(EXIT.usage, `--rules must be one of ${RULES.join(', ')}, not ${JSON.stringify(name)}`);
}

function stackOf(items: unknown): Uint8Array[] {
  return ((items as string[] | undefined) ?? []).map((item) => {
    if (!isHex(item)) throw new ExitError(EXIT.usage, `--stack must be hex, not ${JSON.stringify(item)}`);
    return fromHex(item);
  });
}

function runBase(execution: Execution, script: Uint8Array, stack: Uint8Array[]): ScriptError | undefined {
  const error = evalScript(new Machine(execution, 'scriptPubKey', 'base', script, stack));
  if (error !== undefined) return error;
  const top = stack[stack.length - 1];
  return top !== undefined && isTrue(top) ? undefined : 'EVAL_FALSE';
}

/** One script on a given stack, under the rules named. */
function runAlone(execution: Execution, script: Uint8Array, stack: Uint8Array[], rules: Rules): ScriptResult {
  let error: ScriptError | undefined;
  if (rules === 'base') error = runBase(execution, script, stack);
  else if (rules === 'witness_v0') error = runWitnessScript(execution, script, stack);
  else {
    const leafHash = tapLeafHash(LEAF_VERSION_TAPSCRIPT, script);
    error = runTapscript(execution, script, stack, { leafHash, annex: undefined, weightLeft: TAPSCRIPT_BUDGET });
  }
  return error === undefined ? SCRIPT_OK : scriptFailed(error);
}

/** Stages and steps as lines, printed when they happen. */
function printer(full: boolean): StageListener {
  return {
    stage({ part, rules, hex, asm, stack }) {
      process.stdout.write(
        `\n${part} (${rules} rules, ${hex.length / 2} bytes): ${asm === '' ? '(empty)' : asm}\n       starts with  ${stackText(stack, full)}\n`,
      );
    },
    step({ position, opcode, executed, stack, alt_stack, error }) {
      const shown = opcode.length > 40 && !full ? `${opcode.slice(0, 24)}…[${opcode.length / 2}]` : opcode;
      const alt = alt_stack.length === 0 ? '' : `  alt: ${stackText(alt_stack, full)}`;
      const what = executed ? stackText(stack, full) : '(not executed)';
      process.stdout.write(
        `${String(position).padStart(5)}  ${shown.padEnd(24)}  ${error === undefined ? `${what}${alt}` : `${error}: ${stackText(stack, full)}`}\n`,
      );
    },
  };
}

/** What is spent, for the head of the output. */
function about(spend: Spend, flags: number) {
  const { tx, index, spent } = spend;
  const input = tx.inputs[index];
  const out = spent[index];
  if (input === undefined || out === undefined) throw new ExitError(EXIT.usage, `--input ${index} does not exist`);
  return {
    txid: tx.id,
    input: index,
    spends: displayOutPoint(input.prevout),
    amount: formatCoins(out.value),
    type: classifyOutput(out.scriptPubKey).type,
    scriptPubKey: toHex(out.scriptPubKey),
    scriptSig: toHex(input.scriptSig),
    witness: input.witness.map(toHex),
    taproot: taprootView(spend),
    flags: flagNames(flags),
  };
}

/** `cairn script debug`. */
export async function debugScript(options: Record<string, unknown>): Promise<void> {
  usePlatformCrypto();
  if (options.tx === undefined && options.script === undefined)
    throw new ExitError(EXIT.usage, 'give --tx with --prevouts, or --script', { next: 'cairn script debug --help' });
  const flags = parseFlagNames(options.flags as string);
  const rules = rulesOf(options.rules as string);
  const alone = options.script === undefined ? undefined : parseScriptText(options.script as string, '--script');
  const stack = stackOf(options.stack);
  if (alone === undefined && stack.length > 0) throw new ExitError(EXIT.usage, '--stack belongs to --script');
  const spend = options.tx === undefined ? blankSpend(alone ?? EMPTY) : await spendOf(options);
  const json = options.json === true;
  const head = about(spend, flags);
  if (!json && options.tx !== undefined)
    process.stdout.write(
      `input ${head.input} of ${head.txid} spends ${head.spends}: ${head.type}, ${head.amount}\nwitness items: ${head.witness.length}\n${head.taproot === undefined ? '' : `${taprootText(head.taproot)}\n`}`,
    );
  if (!json) process.stdout.write(`flags: ${head.flags.join(',') || 'none'}\n`);

  const recorder = new StepRecorder(json ? undefined : printer(options.full === true));
  const { observe } = recorder;
  const result =
    alone === undefined
      ? observeScript(spend.tx, spend.index, spend.spent, flags, observe)
      : runAlone({ spend, flags, observe }, alone, stack, rules);
  const verdict = result.ok ? 'OK' : result.error;
  const detail = result.ok ? undefined : result.detail;
  const cut = recorder.count > MAX_STEPS;
  const ran = recorder.stages.some(({ part }) => part === 'tapscript');
  const active = (flags & SCRIPT_FLAGS.TAPROOT) !== 0;
  const unrun = alone === undefined && result.ok && active && head.taproot?.path === 'script' && !ran;
  const note = unrun && head.taproot !== undefined ? unrunReason(head.taproot) : undefined;
  if (json) {
    const shown = options.tx === undefined ? { flags: head.flags } : head;
    const body = {
      ...shown,
      stages: recorder.stages,
      opcodes: recorder.count,
      ...(cut ? { steps_cut: true } : {}),
      note,
      verdict,
      detail,
    };
    process.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
  } else {
    if (cut) process.stdout.write(`… ${recorder.count - MAX_STEPS} more opcodes\n`);
    if (note !== undefined) process.stdout.write(`\n${note}\n`);
    process.stdout.write(`\nverdict: ${verdict}${detail === undefined ? '' : `: ${detail}`}\n`);
  }
  process.exitCode = result.ok ? EXIT.ok : EXIT.failure;
}
