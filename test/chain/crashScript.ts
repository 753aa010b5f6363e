import type { ChainManager } from '../../src/chain/chainManager.ts';
import type { HeaderEntry } from '../../src/chain/entry.ts';
import type { Block } from '../../src/primitives/block.ts';
import { equalBytes } from '../../src/util/bytes.ts';
import type { MemoryDisk } from '../store/memoryDisk.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from './regtestMiner.ts';
import { acceptAll, coinsOf, openChain, textOfCoin } from './setup.ts';

const COIN = 100_000_000n;
/** Matured blocks below the script, so that it can spend. */
export const BASE = 101;

export interface Step {
  readonly headers?: readonly Block[];
  readonly block?: Block;
  /** Whatever can be deleted is. */
  readonly prune?: true;
}

/** Blocks with spends, a losing branch, a reorganisation over them, an invalid block and a way back. `height`: of the base. */
export function makeScript(height = BASE): { base: Block[]; steps: Step[] } {
  const base = mineChain({ header: regtest.genesis.header, height: 0 }, height);
  const at = placeOf(base[height - 1] as Block, height);
  const coin = coinbaseOf(base[0] as Block);
  const pay = spend(
    [{ tx: coin, index: 0 }],
    [
      { value: 10n * COIN, scriptPubKey: ANYONE },
      { value: 40n * COIN, scriptPubKey: ANYONE },
    ],
  );
  const again = spend([{ tx: pay, index: 1 }], [{ value: 40n * COIN, scriptPubKey: ANYONE }]);
  const a1 = mine(at, { txs: [pay] });
  const a2 = mine(placeOf(a1, height + 1), { txs: [again] });
  const other = spend([{ tx: coin, index: 0 }], [{ value: 50n * COIN, scriptPubKey: ANYONE }]);
  const b1 = mine(at);
  const b2 = mine(placeOf(b1, height + 1), { txs: [other] });
  const b3 = mine(placeOf(b2, height + 2));
  const c4 = mine(placeOf(a2, height + 2), { fees: 1n });
  const c5 = mine(placeOf(c4, height + 3));
  const c6 = mine(placeOf(c5, height + 4));
  const last = mine(placeOf(b3, height + 3));
  const blocks = (list: Block[]): Step[] => list.map((block) => ({ block }));
  return {
    base,
    steps: [
      ...blocks([a1, a2]),
      { headers: [b1, b2, b3] },
      ...blocks([b1, b2, b3]),
      { headers: [c4, c5, c6] },
      ...blocks([c6, c5, c4]),
      ...blocks([last]),
    ],
  };
}

/** What is true of a block whatever was written when. */
export interface Truth {
  /** All coins after it. */
  readonly coins: readonly string[];
  /** The coins it spent. */
  readonly undo: readonly string[];
}

/** The truth after every block of the script that keeps the rules, each branch connected on a disk of its own; and at the start. */
export async function truthByTip(start: MemoryDisk, steps: readonly Step[]): Promise<Map<string, Truth>> {
  const blocks = steps.flatMap((step) => (step.block === undefined ? [] : [step.block]));
  const byId = new Map(blocks.map((block) => [block.header.id, block]));
  const out = new Map<string, Truth>();
  const parentOf = (block: Block): Block | undefined =>
    blocks.find((other) => equalBytes(other.header.hash, block.header.prevHash));
  for (const block of byId.values()) {
    const branch = [block];
    for (let at = parentOf(block); at !== undefined; at = parentOf(at)) branch.unshift(at);
    const { chain, store } = await openChain(await start.clone());
    const keep = async (): Promise<void> => {
      const undo = await undoOf(chain, chain.tip());
      out.set(chain.tip().header.id, { coins: await coinsOf(store), undo: undo ?? [] });
    };
    await keep();
    const outcomes = await acceptAll(chain, branch);
    if (outcomes.every((outcome) => outcome === 'connected')) await keep();
  }
  return out;
}

/** The undo record of a block as text, undefined when it is not there. */
export async function undoOf(chain: ChainManager, entry: HeaderEntry): Promise<string[] | undefined> {
  return (await chain.spentCoins(entry))?.map(textOfCoin);
}
