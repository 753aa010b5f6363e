import type { IndexEntry } from '../../chain/headerIndex.ts';
import type { CoinChange } from '../../chain/ports.ts';
import { genesisDiff } from '../../ledger/genesisDiff.ts';
import type { Network } from '../../params/network.ts';
import type { Block } from '../../primitives/block.ts';
import { displayOutPoint, type OutPoint } from '../../primitives/outpoint.ts';
import { isUnspendable } from '../../primitives/outputScript.ts';
import { encodeCoin } from '../../store/coinCodec.ts';
import { coinKey, outPointOfCoinKey, PREFIX, rangeOf } from '../../store/schema.ts';
import { compareBytes, equalBytes } from '../../util/bytes.ts';
import type { Kv, KvOp } from '../../util/ports.ts';
import { blockOf, type VerifyPorts } from './findings.ts';

/** Operations per batch into the scratch database. */
const CHUNK = 20_000;

export interface CoinsToReplay extends VerifyPorts {
  readonly network: Network;
  readonly kv: Pick<Kv, 'iterate'>;
  readonly path: string;
  /** Whose coins they are. */
  readonly part: 'coins' | 'past';
  /** An empty database for the coins that are computed; the caller removes it. */
  readonly scratch: Kv;
  /** Genesis … the block that the coins represent. */
  readonly chain: readonly IndexEntry[];
  readonly readBlock: (entry: IndexEntry) => Promise<Block | undefined>;
  /** The undo record, undefined when it cannot be read. */
  readonly readUndo: (entry: IndexEntry, block: Block) => Promise<readonly CoinChange[] | undefined>;
  /** Undo records are compared with the coins they are about. */
  readonly undoPath: (entry: IndexEntry) => string;
}

/** Computes the coins again from the blocks, compares undo records on the way and every coin at the end. */
export async function replayCoins(options: CoinsToReplay): Promise<void> {
  const { chain, network, scratch, readBlock, progress, stopped, found, path, part } = options;
  let ops: KvOp[] = genesisDiff(network).added.map(putCoin);
  for (const entry of chain) {
    if (stopped()) return;
    if (entry.parent === undefined) continue;
    const block = await readBlock(entry);
    if (block === undefined) {
      found({
        part,
        path,
        offset: undefined,
        block: blockOf(entry),
        detail: 'coins not computed beyond this block: its body is missing',
      });
      return;
    }
    await scratch.batch(ops, { sync: false });
    ops = [];
    await compareUndo(options, entry, block);
    for (const tx of block.txs) {
      if (!tx.isCoinbase) for (const { prevout } of tx.inputs) ops.push({ type: 'del', key: coinKey(prevout) });
      tx.outputs.forEach((out, index) => {
        const coin = { out, height: entry.height, coinbase: tx.isCoinbase };
        if (!isUnspendable(out.scriptPubKey)) ops.push(putCoin({ outpoint: { txid: tx.txid, index }, coin }));
      });
    }
    progress({ stage: 'replay', done: entry.height, total: chain.length - 1, unit: 'blocks' });
  }
  await scratch.batch(ops, { sync: false });
  await compare(options);
}

function putCoin({ outpoint, coin }: CoinChange): KvOp {
  return { type: 'put', key: coinKey(outpoint), value: encodeCoin(coin) };
}

/** The undo record of a block holds the coins as they were before it. */
async function compareUndo(options: CoinsToReplay, entry: IndexEntry, block: Block): Promise<void> {
  const undo = await options.readUndo(entry, block);
  if (undo === undefined) return;
  for (let at = 0; at < undo.length; at += CHUNK) {
    const part = undo.slice(at, at + CHUNK);
    const coins = await options.scratch.getMany(part.map(({ outpoint }) => coinKey(outpoint)));
    const wrong = part.find(({ coin }, i) => {
      const stored = coins[i];
      return stored === undefined || !equalBytes(stored, encodeCoin(coin));
    });
    if (wrong === undefined) continue;
    const detail = `undo record gives coin ${displayOutPoint(wrong.outpoint)} otherwise than the blocks do`;
    const offset = entry.undo?.offset;
    options.found({ part: 'undo', path: options.undoPath(entry), offset, block: blockOf(entry), detail });
    return;
  }
}

/** Both sets in key order, side by side. */
async function compare({ kv, scratch, path, part, found, stopped }: CoinsToReplay): Promise<void> {
  const tell = (key: Uint8Array, detail: string): void => {
    const outpoint: OutPoint = outPointOfCoinKey(key);
    found({
      part,
      path,
      offset: undefined,
      block: undefined,
      detail: `coin ${displayOutPoint(outpoint)} ${detail}`,
    });
  };
  const stored = kv.iterate(rangeOf(PREFIX.COIN))[Symbol.asyncIterator]();
  const computed = scratch.iterate(rangeOf(PREFIX.COIN))[Symbol.asyncIterator]();
  let [a, b] = [await stored.next(), await computed.next()];
  while (!stopped() && (a.done !== true || b.done !== true)) {
    const order = a.done === true ? 1 : b.done === true ? -1 : compareBytes(a.value[0], b.value[0]);
    if (order < 0 && a.done !== true) tell(a.value[0], 'is no coin: the blocks never made it, or spent it');
    else if (order > 0 && b.done !== true) tell(b.value[0], 'is missing');
    else if (a.done !== true && b.done !== true && !equalBytes(a.value[1], b.value[1]))
      tell(a.value[0], 'differs from what the blocks say');
    if (order <= 0) a = await stored.next();
    if (order >= 0) b = await computed.next();
  }
  await stored.return?.();
  await computed.return?.();
}
