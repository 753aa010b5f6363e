import type { Block } from '../../src/primitives/block.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from './regtestMiner.ts';

const COIN = 100_000_000n;
/** Matured blocks below the script, so that it can spend. */
export const BASE = 101;

export interface Step {
  readonly headers?: readonly Block[];
  readonly block?: Block;
}

/** Blocks with spends, a losing branch, a reorganisation over them, an invalid block and a way back. */
export function makeScript(): { base: Block[]; steps: Step[] } {
  const base = mineChain({ header: regtest.genesis.header, height: 0 }, BASE);
  const at = placeOf(base[BASE - 1] as Block, BASE);
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
  const a2 = mine(placeOf(a1, BASE + 1), { txs: [again] });
  const other = spend([{ tx: coin, index: 0 }], [{ value: 50n * COIN, scriptPubKey: ANYONE }]);
  const b1 = mine(at);
  const b2 = mine(placeOf(b1, BASE + 1), { txs: [other] });
  const b3 = mine(placeOf(b2, BASE + 2));
  const c4 = mine(placeOf(a2, BASE + 2), { fees: 1n });
  const c5 = mine(placeOf(c4, BASE + 3));
  const c6 = mine(placeOf(c5, BASE + 4));
  const last = mine(placeOf(b3, BASE + 3));
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
