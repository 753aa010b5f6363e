import { parseHash } from '../../primitives/hash.ts';
import { displayOutPoint, outPointKey } from '../../primitives/outpoint.ts';
import { readTxOut, type Tx, type TxOut } from '../../primitives/tx.ts';
import { amountOf } from '../../rpc/args.ts';
import { RpcError } from '../../rpc/errors.ts';
import { parseJson, typeName } from '../../rpc/json.ts';
import { DecodeError, decodeAll } from '../../util/codec.ts';
import { fromHex, isHex } from '../../util/hex.ts';
import { EXIT, ExitError } from '../exit.ts';

export const PREVOUTS_HELP =
  'the outputs that the inputs spend, as JSON or a file of it: [{"txid","vout","scriptPubKey","amount"}] as for ' +
  'signrawtransactionwithkey, or without txid and vout in the order of the inputs, or serialized outputs in hex';

type Fields = Readonly<Record<string, unknown>>;

function refuse(what: string): never {
  throw new ExitError(EXIT.usage, `--prevouts: ${what}`);
}

function scriptOf(fields: Fields, where: string): Uint8Array {
  const given = fields.scriptPubKey;
  const hex = typeof given === 'object' && given !== null ? (given as Fields).hex : given;
  if (typeof hex !== 'string' || !isHex(hex)) refuse(`${where}.scriptPubKey must be hex, not ${JSON.stringify(given)}`);
  return fromHex(hex);
}

function amountIn(fields: Fields, where: string): bigint {
  const key = fields.amount === undefined && fields.value !== undefined ? 'value' : 'amount';
  const given = fields[key];
  try {
    return amountOf(given as string);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return refuse(`${where}.${key} must be coins such as 0.5, not ${JSON.stringify(given)}: ${error.message}`);
  }
}

function outPointOf(fields: Fields, where: string): string | undefined {
  const { txid, vout } = fields;
  if (txid === undefined && vout === undefined) return undefined;
  if (typeof txid !== 'string' || txid.length !== 64 || !isHex(txid))
    refuse(`${where}.txid must be 64 hex digits, not ${JSON.stringify(txid)}`);
  if (typeof vout !== 'number' || !Number.isInteger(vout) || vout < 0 || vout > 0xffffffff)
    refuse(`${where}.vout must be a whole number, not ${JSON.stringify(vout)}`);
  return outPointKey({ txid: parseHash(txid), index: vout });
}

function entryOf(json: unknown, where: string): { readonly place: string | undefined; readonly out: TxOut } {
  if (typeof json === 'string') {
    if (!isHex(json)) refuse(`${where} must be hex of a serialized output, not ${JSON.stringify(json)}`);
    try {
      return { place: undefined, out: decodeAll(fromHex(json), readTxOut, 'output') };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return refuse(`${where} is no serialized output: ${error.message}`);
    }
  }
  if (typeName(json as string) !== 'object') refuse(`${where} must be an object or hex, not ${JSON.stringify(json)}`);
  const fields = json as Fields;
  return {
    place: outPointOf(fields, where),
    out: { value: amountIn(fields, where), scriptPubKey: scriptOf(fields, where) },
  };
}

/**
 * The outputs that the inputs of `tx` spend, in their order, from JSON text. Entries that name their outpoint may come in
 * any order and be more than needed; without, there is one per input. Throws ExitError (64) naming field, value and rule.
 */
export function parsePrevouts(text: string, tx: Tx): TxOut[] {
  const json = parseJson(text)?.value;
  if (!Array.isArray(json)) return refuse('must be a JSON array');
  const entries = json.map((item, i) => entryOf(item, `[${i}]`));
  if (entries.every(({ place }) => place === undefined)) {
    if (entries.length !== tx.inputs.length)
      refuse(
        `${entries.length} outputs for ${tx.inputs.length} inputs; name them by txid and vout, or give one per input`,
      );
    return entries.map(({ out }) => out);
  }
  const unnamed = entries.findIndex(({ place }) => place === undefined);
  if (unnamed >= 0) refuse(`[${unnamed}] has no txid and vout, others have`);
  const byPlace = new Map(entries.map(({ place, out }) => [place, out]));
  return tx.inputs.map(({ prevout }, i) => {
    const out = byPlace.get(outPointKey(prevout));
    return out ?? refuse(`nothing for input ${i}, which spends ${displayOutPoint(prevout)}`);
  });
}
