import { executedLegacySigOps, MAX_TX_LEGACY_SIGOPS } from '../../ledger/tx/cleanup.ts';
import { scriptHashOf, witnessProgramOf } from '../../primitives/outputScript.ts';
import { broken, type Check, PASSED } from '../../primitives/rules.ts';
import type { Tx, TxIn, TxOut } from '../../primitives/tx.ts';
import { lastPush, p2shSigOps } from '../../script/sigops.ts';
import { LEAF_VERSION_MASK, LEAF_VERSION_TAPSCRIPT } from '../../script/taproot.ts';
import { ANNEX_TAG } from '../../script/taprootSpend.ts';
import { classifyOutput } from '../../script/templates.ts';
import { EMPTY } from '../../util/bytes.ts';

/** Bitcoin Core MAX_P2SH_SIGOPS. */
const MAX_P2SH_SIGOPS = 15;
/** Bytes and items of P2WSH and tapscript stacks (Bitcoin Core MAX_STANDARD_P2WSH_… and MAX_STANDARD_TAPSCRIPT_…). */
const MAX_WITNESS_SCRIPT = 3600;
const MAX_STACK_ITEMS = 100;
const MAX_STACK_ITEM = 80;

/** The spent outputs are of known kinds and cheap to run (Bitcoin Core ValidateInputsStandardness). */
function checkSpentOutputs(tx: Tx, spent: readonly TxOut[]): Check {
  // Bitcoin Core ≥ 30 holds them to BIP54's limit everywhere, here as policy.
  const legacy = executedLegacySigOps(tx, spent);
  if (legacy > MAX_TX_LEGACY_SIGOPS) return nonstandard(`${legacy} legacy signature operations`);
  for (const [i, { scriptSig }] of tx.inputs.entries()) {
    const { scriptPubKey } = spent[i] as TxOut;
    const { type } = classifyOutput(scriptPubKey);
    if (type === 'nonstandard' || type === 'witness_unknown') return nonstandard(`input ${i} spends a ${type} output`);
    if (type !== 'scripthash') continue;
    if (scriptSig.length === 0) return nonstandard(`input ${i} gives no redeem script`);
    const p2sh = p2shSigOps(scriptSig, scriptPubKey);
    if (p2sh > MAX_P2SH_SIGOPS) return nonstandard(`input ${i} has a redeem script of ${p2sh} signature operations`);
  }
  return PASSED;
}

const nonstandard = (detail: string): Check => broken('bad-txns-nonstandard-inputs', detail);

function witnessFault(input: TxIn, scriptPubKey: Uint8Array): string | undefined {
  const { witness } = input;
  if (witness.length === 0) return undefined;
  if (classifyOutput(scriptPubKey).type === 'anchor') return 'an anchor is spent without witness';
  const nested = scriptHashOf(scriptPubKey) !== undefined;
  const program = witnessProgramOf(nested ? (lastPush(input.scriptSig) ?? EMPTY) : scriptPubKey);
  if (program === undefined) return 'it has a witness but spends no witness program';
  const size = program.program.length;
  if (program.version === 0 && size === 32) return scriptHashFault(witness);
  return program.version === 1 && size === 32 && !nested ? taprootFault(witness) : undefined;
}

function scriptHashFault(witness: readonly Uint8Array[]): string | undefined {
  const script = witness.at(-1) as Uint8Array;
  if (script.length > MAX_WITNESS_SCRIPT) return `a witness script of ${script.length} bytes`;
  if (witness.length - 1 > MAX_STACK_ITEMS) return `${witness.length - 1} stack items`;
  const long = witness.slice(0, -1).find((item) => item.length > MAX_STACK_ITEM);
  return long === undefined ? undefined : `a stack item of ${long.length} bytes`;
}

function taprootFault(witness: readonly Uint8Array[]): string | undefined {
  const last = witness.at(-1) as Uint8Array;
  if (witness.length < 2) return undefined;
  if (last[0] === ANNEX_TAG) return 'an annex has no meaning yet';
  if (last.length === 0) return 'an empty control block';
  if (((last[0] as number) & LEAF_VERSION_MASK) !== LEAF_VERSION_TAPSCRIPT) return undefined;
  const long = witness.slice(0, -2).find((item) => item.length > MAX_STACK_ITEM);
  return long === undefined ? undefined : `a stack item of ${long.length} bytes`;
}

/** Witnesses have no room for stuffing (Bitcoin Core IsWitnessStandard). */
function checkWitnesses(tx: Tx, spent: readonly TxOut[]): Check {
  for (const [i, input] of tx.inputs.entries()) {
    const fault = witnessFault(input, (spent[i] as TxOut).scriptPubKey);
    if (fault !== undefined) return broken('bad-witness-nonstandard', `input ${i}: ${fault}`);
  }
  return PASSED;
}

/** Policy on what the inputs spend and how; `spent` are their outputs in order. Input scripts are push-only. */
export function checkStandardInputs(tx: Tx, spent: readonly TxOut[]): Check {
  const outputs = checkSpentOutputs(tx, spent);
  return outputs.ok ? checkWitnesses(tx, spent) : outputs;
}
