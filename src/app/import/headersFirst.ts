import type { Chain } from '../../chain/chain.ts';
import { hashKey } from '../../primitives/hash.ts';
import { type BlockHeader, decodeHeader, HEADER_SIZE } from '../../primitives/header.ts';
import { EMPTY } from '../../util/bytes.ts';
import type { BlockFiles } from './importBlocks.ts';

/** Headers handed over at once, as a peer would send them. */
const RUN = 2000;
/** Headers looked at; an assumed-valid block behind them is not found, and scripts are run. */
const MAX_HEADERS = 2_000_000;

/**
 * Gives the chain the headers of all blocks in the files before any of the blocks: what lies on top of a block decides
 * whether its scripts may be assumed valid. What is wrong with them is told when the blocks come. Seals are not in block
 * files of Bitcoin's format, and neither are they here.
 */
export async function importHeadersFirst(
  files: BlockFiles,
  chain: Pick<Chain, 'entry' | 'acceptHeaders'>,
  stopped: () => boolean,
): Promise<void> {
  const byParent = new Map<string, BlockHeader[]>();
  const ready: BlockHeader[] = [];
  let count = 0;
  for (const file of files.paths.keys()) {
    const records = await files.open(file);
    for (let record = await records.next(); record !== undefined; record = await records.next()) {
      if (stopped() || count >= MAX_HEADERS) break;
      if ('fault' in record) continue;
      const header = decodeHeader(await files.read(file, record.at, HEADER_SIZE));
      count++;
      if (chain.entry(header.hash) !== undefined) continue;
      if (chain.entry(header.prevHash) !== undefined) ready.push(header);
      else {
        const key = hashKey(header.prevHash);
        const siblings = byParent.get(key);
        if (siblings === undefined) byParent.set(key, [header]);
        else siblings.push(header);
      }
    }
  }
  while (ready.length > 0 && !stopped()) {
    const run = ready.splice(0, RUN);
    for (let i = 0; i < run.length && run.length < RUN; i++) {
      const { key } = run[i] as BlockHeader;
      run.push(...(byParent.get(key) ?? []));
      byParent.delete(key);
    }
    // Those behind a refused header are left to come with their blocks.
    await chain.acceptHeaders(run.map((header) => ({ header, seal: EMPTY })));
    for (const { key } of run) {
      ready.push(...(byParent.get(key) ?? []));
      byParent.delete(key);
    }
  }
}
