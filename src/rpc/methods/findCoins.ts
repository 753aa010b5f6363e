import type { OutPoint } from '../../primitives/outpoint.ts';
import type { TxOut } from '../../primitives/tx.ts';
import type { BlocksBackend, HeaderInfo, HeadersBackend, MempoolBackend } from '../backend.ts';

/** An output that nobody has spent. */
export interface UnspentOutput {
  readonly out: TxOut;
  /** Undefined while it is unconfirmed. */
  readonly height: number | undefined;
  readonly coinbase: boolean;
}

export interface UnspentAtTip {
  readonly tip: HeaderInfo;
  /** In the order asked; undefined where there is no such output or it is spent. */
  readonly found: readonly (UnspentOutput | undefined)[];
}

/**
 * Unspent outputs, all at the tip that is given with them. With `pool` its transactions count: their outputs are there,
 * what they spend is not.
 */
export async function unspentOutputs(
  { headers, blocks }: { readonly headers: HeadersBackend; readonly blocks: BlocksBackend },
  outpoints: readonly OutPoint[],
  pool: MempoolBackend | undefined,
): Promise<UnspentAtTip> {
  for (;;) {
    const tip = headers.tip();
    const coins = await blocks.coins(outpoints);
    // A block came while the coins were read: they may be older or newer than the tip.
    if (headers.tip() !== tip) continue;
    const found = outpoints.map((outpoint, at) => {
      if (pool?.spender(outpoint) !== undefined) return undefined;
      const out = pool?.get(outpoint.txid)?.tx.outputs[outpoint.index];
      return out === undefined ? coins[at] : { out, height: undefined, coinbase: false };
    });
    return { tip, found };
  }
}
