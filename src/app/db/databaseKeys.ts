import { displayHash } from '../../primitives/hash.ts';
import { displayOutPoint } from '../../primitives/outpoint.ts';
import { SINGLE_RECORDS } from '../../store/recordNames.ts';
import { outPointOfCoinKey, PREFIX, placeOfHeaderKey } from '../../store/schema.ts';
import type { Finding } from './findings.ts';

/** The part of a node's data that a record belongs to. */
export function partOf(key: Uint8Array): Finding['part'] {
  if (key[0] === PREFIX.COIN) return 'coins';
  return key[0] === PREFIX.HEADER ? 'headers' : 'tip';
}

/** A key of the chain's database in words; LevelDB's own bounds may be the first bytes of a key only. */
function describeKey(key: Uint8Array): string {
  const prefix = key[0] ?? 0;
  if (prefix === PREFIX.HEADER)
    return key.length >= 5 ? `headers of height ${placeOfHeaderKey(key).height}` : 'headers';
  if (prefix === PREFIX.COIN) return key.length === 37 ? `coin ${displayOutPoint(outPointOfCoinKey(key))}` : 'coins';
  if (prefix === PREFIX.TX)
    return key.length === 33 ? `transaction ${displayHash(key.slice(1))} of the index` : 'the transaction index';
  return SINGLE_RECORDS[prefix] ?? (prefix > PREFIX.TX ? 'the end' : 'the beginning');
}

/** "records from headers of height 5 to coins" */
export function describeKeys({ after, last }: { readonly after: Uint8Array; readonly last: Uint8Array }): string {
  const [from, to] = [describeKey(after), describeKey(last)];
  return from === to ? `records of ${to}` : `records from ${from} to ${to}`;
}
