import { checkTxAlone } from '../../ledger/tx/checkTxAlone.ts';
import { checkTxInUtxoView } from '../../ledger/tx/checkTxInUtxoView.ts';
import { txSigOpCost } from '../../ledger/tx/sigOpCost.ts';
import { CoinMap } from '../../ledger/utxoOverlay.ts';
import { usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { displayHash } from '../../primitives/hash.ts';
import { displayOutPoint } from '../../primitives/outpoint.ts';
import { type Check, passed } from '../../primitives/rules.ts';
import type { Tx, TxOut } from '../../primitives/tx.ts';
import { Coins, type JsonObject, writeJson } from '../../rpc/json.ts';
import { txJson } from '../../rpc/present/tx.ts';
import { classifyOutput } from '../../script/templates.ts';
import { verifyScript } from '../../script/verifyScript.ts';
import { scriptBackend } from '../backend/scripts.ts';
import { loadNetwork } from '../config/network.node.ts';
import { EXIT, ExitError } from '../exit.ts';
import { flagNames, parseFlagNames } from './scriptFlagNames.ts';
import { parsePrevouts } from './txPrevouts.ts';
import { textOf, txOf } from './txText.node.ts';

/** `cairn tx decode`. */
export async function decodeTransaction(argument: string, options: { readonly network: string }): Promise<void> {
  usePlatformCrypto();
  const network = await loadNetwork(options.network);
  const tx = await txOf(argument, 'tx');
  process.stdout.write(`${writeJson(txJson(scriptBackend(network.prefixes), tx, {}), 2)}\n`);
}

/** Coins of the outputs as if they had been mined long ago. */
function feeOf(tx: Tx, spent: readonly TxOut[]): Check<bigint> {
  const alone = checkTxAlone(tx);
  if (!alone.ok) return alone;
  const coins = spent.map((out) => ({ out, height: 0, coinbase: false }));
  const view = CoinMap.of(
    tx.inputs.map(({ prevout }) => prevout),
    coins,
  );
  const spend = checkTxInUtxoView(tx, view, 1, 1);
  return spend.ok ? passed(spend.value.fee) : spend;
}

function verdictOf(tx: Tx, spent: readonly TxOut[], flags: number) {
  const fee = feeOf(tx, spent);
  const inputs = tx.inputs.map(({ prevout }, index) => {
    const result = verifyScript(tx, index, spent, flags);
    const out = spent[index] as TxOut;
    return { index, prevout, out, type: classifyOutput(out.scriptPubKey).type, result };
  });
  return {
    fee,
    inputs,
    sigOpCost: txSigOpCost(tx, spent, flags),
    valid: fee.ok && inputs.every(({ result }) => result.ok),
  };
}

type Verdict = ReturnType<typeof verdictOf>;

function asJson(tx: Tx, { fee, inputs, sigOpCost, valid }: Verdict, flags: number): JsonObject {
  return {
    txid: tx.id,
    hash: displayHash(tx.wtxid),
    valid,
    rule: fee.ok ? undefined : fee.rule,
    detail: fee.ok ? undefined : fee.detail,
    fee: fee.ok ? new Coins(fee.value) : undefined,
    vsize: tx.vsize,
    weight: tx.weight,
    sigopcost: sigOpCost,
    flags: flagNames(flags),
    inputs: inputs.map(({ prevout, out, type, result }) => ({
      txid: displayHash(prevout.txid),
      vout: prevout.index,
      amount: new Coins(out.value),
      type,
      valid: result.ok,
      error: result.ok ? undefined : result.error,
      detail: result.ok ? undefined : result.detail,
    })),
  };
}

function asText(tx: Tx, { fee, inputs, sigOpCost, valid }: Verdict): string {
  const rate = fee.ok ? `${(Number(fee.value) / tx.vsize).toFixed(2)} sat/vB` : '';
  return [
    `${tx.id}: ${valid ? 'valid' : 'invalid'}`,
    fee.ok ? `fee: ${writeJson(new Coins(fee.value))} (${rate})` : `rule broken: ${fee.rule}: ${fee.detail}`,
    `size: ${tx.vsize} vbytes, weight ${tx.weight}; signature operation cost: ${sigOpCost}`,
    ...inputs.map(({ index, prevout, out, type, result }) => {
      const verdict = result.ok ? 'OK' : `${result.error}: ${result.detail}`;
      return `input ${index}: ${displayOutPoint(prevout)}, ${type}, ${writeJson(new Coins(out.value))}: ${verdict}`;
    }),
    '',
  ].join('\n');
}

/** `cairn tx verify`. */
export async function verifyTransaction(
  argument: string,
  options: { readonly prevouts: string; readonly flags: string; readonly json?: true },
): Promise<void> {
  usePlatformCrypto();
  const flags = parseFlagNames(options.flags);
  const tx = await txOf(argument, 'tx');
  if (tx.isCoinbase) throw new ExitError(EXIT.usage, 'tx: a coinbase spends nothing: it is judged with its block');
  const json = await textOf(options.prevouts, '--prevouts', (text) => text.startsWith('['));
  const verdict = verdictOf(tx, parsePrevouts(json, tx), flags);
  process.stdout.write(options.json === true ? `${writeJson(asJson(tx, verdict, flags), 2)}\n` : asText(tx, verdict));
  process.exitCode = verdict.valid ? EXIT.ok : EXIT.failure;
}
