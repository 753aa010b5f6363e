import type { IndexEntry } from '../../chain/headerIndex.ts';
import { diffOfConnected, judgeBody } from '../../chain/judgeBlock.ts';
import type { CoinChange } from '../../chain/ports.ts';
import type { Network } from '../../params/network.ts';
import { type Block, decodeSealedBlock, encodeSealedBlock } from '../../primitives/block.ts';
import { displayOutPoint, outPointKey } from '../../primitives/outpoint.ts';
import { readUndoRecord } from '../../store/undoCodec.ts';
import { AssertionFailure } from '../../util/assert.ts';
import { equalBytes } from '../../util/bytes.ts';
import { DecodeError, decodeAll } from '../../util/codec.ts';

/** The block of a stored body, or what is wrong: it is that of its header, with merkle root and witness commitment right. */
export function blockOfBody(
  payload: Uint8Array,
  entry: IndexEntry,
  network: Network,
): Block | { readonly fault: string } {
  let block: Block;
  try {
    block = decodeSealedBlock(payload);
  } catch (error) {
    if (error instanceof DecodeError) return { fault: `body: ${error.message}` };
    throw error;
  }
  if (block.header.key !== entry.header.key) return { fault: `body is that of block ${block.header.id}` };
  if (block.txs.length !== entry.txCount)
    return { fault: `body has ${block.txs.length} transactions, its header says ${entry.txCount}` };
  if (entry.parent === undefined)
    return equalBytes(payload, encodeSealedBlock(network.genesis)) ? block : { fault: 'not the genesis block' };
  const verdict = judgeBody(block, entry.parent, network.consensus);
  return verdict.ok ? block : { fault: `${verdict.rule}: ${verdict.detail}` };
}

/** The coins of an undo record, or what is wrong: they are those that the block spends, in its order. */
export function undoOfBlock(
  payload: Uint8Array,
  entry: IndexEntry,
  block: Block,
): readonly CoinChange[] | { readonly fault: string } {
  let undo: readonly CoinChange[];
  try {
    undo = decodeAll(payload, readUndoRecord, 'undo record');
  } catch (error) {
    if (error instanceof DecodeError) return { fault: error.message };
    throw error;
  }
  let spent: readonly CoinChange[];
  try {
    ({ spent } = diffOfConnected(block, entry.height, undo));
  } catch (error) {
    if (error instanceof AssertionFailure) return { fault: 'undo record lacks coins that the block spends' };
    throw error;
  }
  const key = ({ outpoint }: CoinChange): string => outPointKey(outpoint);
  const other = undo.find((change, i) => spent[i] === undefined || key(change) !== key(spent[i]));
  if (other !== undefined) return { fault: `undo record has coin ${displayOutPoint(other.outpoint)} out of place` };
  const late = undo.find((change) => change.coin.height > entry.height);
  if (late !== undefined) return { fault: `undo record has a coin of height ${late.coin.height}` };
  return undo;
}
