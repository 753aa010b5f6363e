import type { Hash256 } from '../primitives/hash.ts';

/** What changes in the transaction index at once. */
export interface TxIndexChange {
  /** Per transaction the block that holds it now; undefined: none does any more. */
  readonly txs: readonly { readonly txid: Hash256; readonly block: Hash256 | undefined }[];
  /** Locator of the block up to which the index reaches with this change; the block itself first. */
  readonly locator: readonly Hash256[];
}

/** Storage of the transaction index, apart from that of the chain: it can be damaged or deleted without harm to it. */
export interface TxIndexStore {
  /** Locator of the last change, undefined in a new index. Throws when it is damaged. */
  locator(): Promise<readonly Hash256[] | undefined>;
  /** The block that holds the transaction. Throws when the entry is damaged. */
  find(txid: Hash256): Promise<Hash256 | undefined>;
  /** All of the change or nothing. What a crash takes back was written last. */
  write(change: TxIndexChange): Promise<void>;
}
