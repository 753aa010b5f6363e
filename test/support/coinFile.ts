import { closeSync, openSync, writeSync } from 'node:fs';
import { type Block, encodeBlock } from '../../src/primitives/block.ts';
import { ANYONE, coinbaseOf, mine, mineChain, placeOf, regtest, spend } from '../chain/regtestMiner.ts';

/** What lies between two blocks that pay out a coinbase (params' maturity). */
const MATURITY = 100;

/**
 * Writes a file of regtest blocks whose last `count` blocks make `coins` coins each, of few bytes: much to flush, little to
 * verify. Returns the number of blocks.
 */
export function writeCoinFile(path: string, count: number, coins: number): number {
  const file = openSync(path, 'w');
  const put = (block: Block): void => {
    const bytes = encodeBlock(block);
    const head = Buffer.alloc(8);
    head.set(regtest.magic);
    head.writeUInt32LE(bytes.length, 4);
    writeSync(file, head);
    writeSync(file, bytes);
  };
  const base = mineChain({ header: regtest.genesis.header, height: 0 }, MATURITY + count);
  base.forEach(put);
  let at = placeOf(base.at(-1) as Block, base.length);
  const outputs = Array.from({ length: coins }, () => ({ value: 1000n, scriptPubKey: ANYONE }));
  for (const block of base.slice(0, count)) {
    const next = mine(at, { txs: [spend([{ tx: coinbaseOf(block), index: 0 }], outputs)] });
    put(next);
    at = placeOf(next, at.height + 1);
  }
  closeSync(file);
  return base.length + count;
}
