import type { Hash256 } from '../../primitives/hash.ts';
import type { Tx } from '../../primitives/tx.ts';
import { equalBytes } from '../../util/bytes.ts';
import type { Backend, BlocksBackend, CoinInfo, HeaderInfo } from '../backend.ts';
import { notFound } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { spentIn } from '../present/block.ts';
import { confirmationsOf, isActive } from '../present/header.ts';
import { txJson } from '../present/tx.ts';
import { bodyOf, entryOf } from './find.ts';

export interface FoundTx {
  readonly tx: Tx;
  /** Undefined for a pool transaction. */
  readonly entry: HeaderInfo | undefined;
  /** Coins it spends, when known. */
  spent(): Promise<readonly CoinInfo[] | undefined>;
}

async function inBlock(blocks: BlocksBackend, entry: HeaderInfo, txid: Hash256): Promise<FoundTx | undefined> {
  const block = await bodyOf(blocks, entry);
  const tx = block.txs.find((one) => equalBytes(one.txid, txid));
  if (tx === undefined) return undefined;
  return { tx, entry, spent: async () => (await spentIn(blocks, entry, block))(tx) };
}

export type FullBackend = Backend & { readonly blocks: BlocksBackend };

/** Finds a transaction in the pool or a block, with Bitcoin Core's messages (-5) when it is not there. */
export async function findTx(backend: FullBackend, txid: Hash256, blockHash: Hash256 | undefined): Promise<FoundTx> {
  const { blocks, mempool, headers, node } = backend;
  const { genesis, consensus } = node.network;
  // The genesis coinbase never entered Bitcoin's coins and index.
  if (consensus.rules === 'bitcoin' && genesis.txs.some((tx) => equalBytes(tx.txid, txid))) {
    throw notFound('The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved');
  }
  if (blockHash !== undefined) {
    const found = await inBlock(blocks, entryOf(headers, blockHash, 'Block hash not found'), txid);
    if (found !== undefined) return found;
    throw notFound('No such transaction found in the provided block. Use gettransaction for wallet transactions.');
  }
  const pooled = mempool?.get(txid);
  if (pooled !== undefined) return { tx: pooled.tx, entry: undefined, spent: () => pooledCoins(backend, pooled.tx) };
  const entry = blocks.txIndex ? await blocks.findTx(txid) : undefined;
  const found = entry === undefined ? undefined : await inBlock(blocks, entry, txid);
  if (found !== undefined) return found;
  const ready = blocks.indexes().some(({ name, synced }) => name === 'txindex' && synced);
  const where = ready
    ? 'No such mempool or blockchain transaction'
    : blocks.txIndex
      ? 'No such mempool transaction. Blockchain transactions are still in the process of being indexed'
      : 'No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries';
  throw notFound(`${where}. Use gettransaction for wallet transactions.`);
}

async function pooledCoins({ blocks, mempool }: FullBackend, tx: Tx): Promise<readonly CoinInfo[] | undefined> {
  const confirmed = await blocks.coins(tx.inputs.map((input) => input.prevout));
  const coins: CoinInfo[] = [];
  for (const [at, { prevout }] of tx.inputs.entries()) {
    const parent = mempool?.get(prevout.txid);
    const out = parent?.tx.outputs[prevout.index];
    const coin = out === undefined ? confirmed[at] : { out, height: parent?.height ?? 0, coinbase: false };
    if (coin === undefined) return undefined;
    coins.push(coin);
  }
  return coins;
}

/** What getrawtransaction prints with verbosity 1 and 2; `asked` when the caller named the block. */
export async function rawTransaction(
  backend: FullBackend,
  found: FoundTx,
  verbosity: number,
  asked: boolean,
): Promise<JsonObject> {
  const { tx, entry } = found;
  const { headers, scripts } = backend;
  const spent = verbosity >= 2 ? await found.spent() : undefined;
  const view = spent === undefined ? { hex: true } : { hex: true, spent, prevouts: true };
  const active = entry !== undefined && isActive(headers, entry);
  return {
    in_active_chain: asked && entry !== undefined ? active : undefined,
    ...txJson(scripts, tx, view),
    blockhash: entry?.header.id,
    confirmations: entry === undefined ? undefined : active ? confirmationsOf(headers, entry) : 0,
    time: active ? entry.header.time : undefined,
    blocktime: active ? entry.header.time : undefined,
  };
}
