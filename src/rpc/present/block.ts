import type { Block } from '../../primitives/block.ts';
import { outPointKey } from '../../primitives/outpoint.ts';
import type { Tx, TxIn } from '../../primitives/tx.ts';
import { toHex } from '../../util/hex.ts';
import type { BlocksBackend, CoinInfo, HeaderInfo, HeadersBackend, ScriptBackend } from '../backend.ts';
import type { JsonObject } from '../json.ts';
import { r } from '../spec.ts';
import { headerJson, headerShape } from './header.ts';
import { txJson } from './tx.ts';

/** For each transaction of a block the coins it spends, in input order; undefined where undo data do not tell. */
export type SpentByTx = (tx: Tx) => readonly CoinInfo[] | undefined;

/** Coins spent in a block: from its undo record, and those made inside the block from the block itself. */
export async function spentIn(blocks: BlocksBackend, entry: HeaderInfo, block: Block): Promise<SpentByTx> {
  const undo = entry.height === 0 ? undefined : await blocks.spentCoins(entry.header.hash);
  if (undo === undefined) return () => undefined;
  const coins = new Map<string, CoinInfo>(undo.map(({ outpoint, coin }) => [outPointKey(outpoint), coin]));
  for (const [at, tx] of block.txs.entries()) {
    for (const [index, out] of tx.outputs.entries()) {
      const key = outPointKey({ txid: tx.txid, index });
      if (!coins.has(key)) coins.set(key, { out, height: entry.height, coinbase: at === 0 });
    }
  }
  return (tx) => {
    if (tx.isCoinbase) return undefined;
    const found: CoinInfo[] = [];
    for (const input of tx.inputs) {
      const coin = coins.get(outPointKey(input.prevout));
      if (coin === undefined) return undefined;
      found.push(coin);
    }
    return found;
  };
}

function coinbaseJson(block: Block): JsonObject {
  const tx = block.txs[0] as Tx;
  const input = tx.inputs[0] as TxIn;
  const witness = input.witness[0];
  return {
    version: tx.version,
    locktime: tx.lockTime,
    sequence: input.sequence,
    coinbase: toHex(input.scriptSig),
    witness: witness === undefined ? undefined : toHex(witness),
  };
}

export interface BlockView {
  readonly headers: HeadersBackend;
  readonly scripts: ScriptBackend;
  /** 1: txids; 2: transactions with fees; 3: also the outputs they spend. */
  readonly verbosity: number;
  readonly spent: SpentByTx;
}

/** A block as getblock prints it with verbosity 1 and more. */
export function blockJson(entry: HeaderInfo, block: Block, view: BlockView): JsonObject {
  const prevouts = view.verbosity >= 3;
  const tx = block.txs.map((one) => {
    if (view.verbosity < 2) return one.id;
    const spent = view.spent(one);
    return txJson(view.scripts, one, spent === undefined ? { hex: true } : { spent, prevouts, hex: true });
  });
  return {
    ...headerJson(view.headers, entry),
    nTx: block.txs.length,
    strippedsize: block.strippedSize,
    size: block.size,
    weight: block.weight,
    coinbase_tx: coinbaseJson(block),
    tx,
  };
}

export const blockShape = [
  ...headerShape,
  r.num('strippedsize', 'The block size excluding witness data'),
  r.num('size', 'The block size'),
  r.num('weight', 'The block weight as defined in BIP 141'),
  r.obj('coinbase_tx', 'Coinbase transaction metadata', [
    r.num('version', 'The coinbase transaction version'),
    r.num('locktime', "The coinbase transaction's locktime"),
    r.num('sequence', "The coinbase input's sequence number"),
    r.hex('coinbase', "The coinbase input's script"),
    r.opt(r.hex('witness', "The coinbase input's first (and only) witness stack element, if present")),
  ]),
];
