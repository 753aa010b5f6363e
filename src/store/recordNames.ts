import { displayHash } from '../primitives/hash.ts';
import { displayOutPoint } from '../primitives/outpoint.ts';
import { toHex } from '../util/hex.ts';
import { outPointOfCoinKey, PREFIX, placeOfHeaderKey } from './schema.ts';

/** Record kinds of which there is one each, in words. */
export const SINGLE_RECORDS: Readonly<Record<number, string>> = {
  [PREFIX.TIP]: 'the tip',
  [PREFIX.FILE_ENDS]: 'the ends of the block files',
  [PREFIX.COIN_COUNT]: 'the number of coins',
  [PREFIX.SYNCED_ENDS]: 'the synced ends of the block files',
  [PREFIX.FLUSHING]: 'the flush under way',
  [PREFIX.REBUILD]: 'the rebuild under way',
  [PREFIX.SNAPSHOT]: 'the snapshot that the coins come from',
  [PREFIX.PAST_AGAIN]: 'the note on earlier tries',
  [PREFIX.COPIED]: 'how far a copy of the database has come',
};

/** A record of a database by its key: "coin 00ab…:1", "header 00cd… at height 7", "the tip". */
export function recordName(key: Uint8Array): string {
  const prefix = key[0] ?? 0;
  if (prefix === PREFIX.COIN && key.length === 37) return `coin ${displayOutPoint(outPointOfCoinKey(key))}`;
  if (prefix === PREFIX.HEADER && key.length === 37) {
    const { height, hash } = placeOfHeaderKey(key);
    return `header ${displayHash(hash)} at height ${height}`;
  }
  return SINGLE_RECORDS[prefix] ?? `record ${toHex(key)}`;
}
