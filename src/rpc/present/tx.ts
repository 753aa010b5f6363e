import { displayHash } from '../../primitives/hash.ts';
import type { Tx, TxIn } from '../../primitives/tx.ts';
import { toHex } from '../../util/hex.ts';
import type { CoinInfo, ScriptBackend } from '../backend.ts';
import { Coins, type JsonObject } from '../json.ts';
import { r } from '../spec.ts';

/** An output script: asm, desc, hex, address, type. */
export function scriptJson(scripts: ScriptBackend, script: Uint8Array): JsonObject {
  const info = scripts.describe(script);
  return { asm: info.asm, desc: info.desc, hex: toHex(script), address: info.address, type: info.type };
}

function inputJson(scripts: ScriptBackend, input: TxIn, coinbase: boolean, coin: CoinInfo | undefined): JsonObject {
  const origin: JsonObject = coinbase
    ? { coinbase: toHex(input.scriptSig) }
    : {
        txid: displayHash(input.prevout.txid),
        vout: input.prevout.index,
        scriptSig: { asm: scripts.asm(input.scriptSig, true), hex: toHex(input.scriptSig) },
      };
  const prevout: JsonObject | undefined = coin && {
    generated: coin.coinbase,
    height: coin.height,
    value: new Coins(coin.out.value),
    scriptPubKey: scriptJson(scripts, coin.out.scriptPubKey),
  };
  return {
    ...origin,
    txinwitness: input.witness.length > 0 ? input.witness.map(toHex) : undefined,
    prevout,
    sequence: input.sequence,
  };
}

export interface TxView {
  /** Coins that the inputs spend, in order, when they are known: adds the fee. */
  readonly spent?: readonly CoinInfo[];
  /** Shows them (verbosity 3 of getblock, 2 of getrawtransaction). */
  readonly prevouts?: boolean;
  readonly hex?: boolean;
}

/** A transaction as decoderawtransaction prints it (Bitcoin Core TxToUniv). */
export function txJson(scripts: ScriptBackend, tx: Tx, view: TxView): JsonObject {
  const { spent } = view;
  let fee: bigint | undefined;
  if (spent !== undefined && !tx.isCoinbase) {
    fee = 0n;
    for (const coin of spent) fee += coin.out.value;
    for (const out of tx.outputs) fee -= out.value;
  }
  return {
    txid: tx.id,
    hash: displayHash(tx.wtxid),
    version: tx.version,
    size: tx.size,
    vsize: tx.vsize,
    weight: tx.weight,
    locktime: tx.lockTime,
    vin: tx.inputs.map((input, at) => {
      return inputJson(scripts, input, tx.isCoinbase, view.prevouts === true ? spent?.[at] : undefined);
    }),
    vout: tx.outputs.map((out, n) => {
      return { value: new Coins(out.value), n, scriptPubKey: scriptJson(scripts, out.scriptPubKey) };
    }),
    fee: fee === undefined ? undefined : new Coins(fee),
    hex: view.hex === true ? toHex(tx.bytes) : undefined,
  };
}

export const scriptShape = (name: string) =>
  r.obj(name, '', [
    r.str('asm', 'Disassembly of the output script'),
    r.str('desc', 'Inferred descriptor for the output'),
    r.hex('hex', 'The raw output script bytes, hex-encoded'),
    r.opt(r.str('address', 'The address (only if a well-defined address exists)')),
    r.str(
      'type',
      'The type (one of: nonstandard, anchor, pubkey, pubkeyhash, scripthash, multisig, nulldata, witness_v0_scripthash, witness_v0_keyhash, witness_v1_taproot, witness_unknown)',
    ),
  ]);

const prevoutShape = r.opt(
  r.obj('prevout', 'The spent output (only with the highest verbosity and if undo information is available)', [
    r.bool('generated', 'Coinbase or not'),
    r.num('height', 'The height of the prevout'),
    r.amount('value', 'The value in coins'),
    scriptShape('scriptPubKey'),
  ]),
);

export const txShape = [
  r.hex('txid', 'The transaction id'),
  r.hex('hash', 'The transaction hash (differs from txid for witness transactions)'),
  r.num('version', 'The version'),
  r.num('size', 'The serialized transaction size'),
  r.num('vsize', 'The virtual transaction size (differs from size for witness transactions)'),
  r.num('weight', "The transaction's weight (between vsize*4-3 and vsize*4)"),
  r.time('locktime', 'The lock time'),
  r.arr(
    'vin',
    '',
    r.obj('', '', [
      r.opt(r.hex('coinbase', 'The coinbase value (only if coinbase transaction)')),
      r.opt(r.hex('txid', 'The transaction id (if not coinbase transaction)')),
      r.opt(r.num('vout', 'The output number (if not coinbase transaction)')),
      r.opt(
        r.obj('scriptSig', 'The script (if not coinbase transaction)', [
          r.str('asm', 'Disassembly of the signature script'),
          r.hex('hex', 'The raw signature script bytes, hex-encoded'),
        ]),
      ),
      r.opt(r.arr('txinwitness', '', r.hex('', 'hex-encoded witness data (if any)'))),
      prevoutShape,
      r.num('sequence', 'The script sequence number'),
    ]),
  ),
  r.arr(
    'vout',
    '',
    r.obj('', '', [r.amount('value', 'The value in coins'), r.num('n', 'index'), scriptShape('scriptPubKey')]),
  ),
  r.opt(r.amount('fee', 'The transaction fee in coins, omitted if undo information is not available')),
];
