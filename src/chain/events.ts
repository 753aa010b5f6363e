import type { UtxoDiff } from '../ledger/coin.ts';
import type { Block } from '../primitives/block.ts';
import type { HeaderEntry } from './entry.ts';

/** One stream, in commit order: each event is emitted after its commit is durable. Listeners are synchronous and short. */
export interface ChainEvents {
  /** A new header was accepted (it may not be on the best chain). */
  header: { readonly entry: HeaderEntry };
  /** The best header changed. */
  bestHeader: { readonly entry: HeaderEntry };
  /** The block is now the tip. */
  connected: { readonly entry: HeaderEntry; readonly block: Block; readonly diff: UtxoDiff };
  /** The block was the tip; its parent is now. */
  disconnected: { readonly entry: HeaderEntry; readonly block: Block };
  /** After all connects and disconnects of one activation. `entry` is `previous` when a reorganisation failed and was taken back. */
  tip: { readonly entry: HeaderEntry; readonly previous: HeaderEntry };
}
