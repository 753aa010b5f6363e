import type { Coin } from '../ledger/coin.ts';
import type { OutPoint } from '../primitives/outpoint.ts';
import type { Broken } from '../primitives/rules.ts';
import type { ReadCoins } from './judgeBlock.ts';
import type { ChainStore } from './ports.ts';

/** Coins that were read from storage for a block, and what it said of them. */
export class ReadForBlock {
  readonly #read: ReadCoins;
  /** The last question, and the answer. */
  #asked: readonly OutPoint[] = [];
  #coins: readonly (Coin | undefined)[] = [];

  /** `read`: straight from storage. What a block ahead of the tip made or spent, storage does not know yet. */
  constructor(read: ReadCoins) {
    this.#read = read;
  }

  readonly read: ReadCoins = async (outpoints) => {
    this.#asked = outpoints;
    this.#coins = await this.#read(outpoints);
    return this.#coins;
  };

  /**
   * Before a block is refused for good. Coins that were read are what was written, their records have checksums; that one is
   * missing, or is there though it should not be, nobody vouches for: storage looks closely at such a one first. One of
   * several is enough, for if it is truly missing the verdict is right. Throws when storage is damaged.
   */
  async confirm({ rule }: Broken, store: Pick<ChainStore, 'confirm'>): Promise<void> {
    const missing = rule === 'bad-txns-inputs-missingorspent';
    if (!missing && rule !== 'bad-txns-BIP30') return;
    // What BIP30 looks at comes last in the order of reading.
    const at = missing ? this.#coins.indexOf(undefined) : this.#coins.findLastIndex((coin) => coin !== undefined);
    if (at >= 0) await store.confirm(this.#asked[at] as OutPoint, !missing);
  }
}
