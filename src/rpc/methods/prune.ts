import type { HeadersBackend } from '../backend.ts';
import { invalidParameter, RPC, RpcError } from '../errors.ts';
import { type MethodSpec, method, r, required } from '../spec.ts';

/** Larger numbers are Unix times (as Bitcoin Core). */
const FIRST_TIME = 1_000_000_000;
/** Block times may lie so far apart from the time of their block (Bitcoin Core TIMESTAMP_WINDOW). */
const TIME_WINDOW = 7200;
/** Blocks below the tip that stay (Bitcoin Core MIN_BLOCKS_TO_KEEP). */
const KEPT = 288;

/** Height of the first block whose time is at least `time`. */
function heightAtTime(headers: HeadersBackend, time: number): number | undefined {
  const tip = headers.tip().height;
  for (let height = 0; height <= tip; height++) if ((headers.atHeight(height)?.header.time ?? 0) >= time) return height;
  return undefined;
}

export const pruneMethods: readonly MethodSpec[] = [
  method({
    name: 'pruneblockchain',
    category: 'Blockchain',
    text: 'Attempts to delete block and undo data up to a specified height or timestamp, if eligible for pruning.\nRequires prune to be enabled at startup. While pruned data may be re-fetched in some cases, local deletion is irreversible. Whole files are deleted.',
    params: [
      required(
        'height',
        'num',
        'The block height to prune up to. May be set to a discrete height, or to a UNIX epoch time to prune blocks whose block time is at least 2 hours older than the provided timestamp.',
      ),
    ],
    result: [r.num('', 'Height of the last block pruned')],
    examples: ['1000'],
    needs: ['blocks'],
    async run(args, { backend }) {
      const { headers, blocks } = backend;
      const { pruning } = blocks;
      if (pruning === undefined)
        throw new RpcError(RPC.MISC_ERROR, 'Cannot prune blocks because node is not in prune mode.');
      let height = args.int(0);
      if (height < 0) throw invalidParameter('Negative block height.');
      if (height > FIRST_TIME) {
        const found = heightAtTime(headers, height - TIME_WINDOW);
        if (found === undefined) throw invalidParameter('Could not find block with at least the specified timestamp.');
        height = found;
      }
      const tip = headers.tip().height;
      if (tip <= KEPT) throw new RpcError(RPC.MISC_ERROR, 'Blockchain is too short for pruning.');
      if (height > tip) throw invalidParameter('Blockchain is shorter than the attempted prune height.');
      await pruning.prune(Math.min(height, tip - KEPT));
      return pruning.lowest() - 1;
    },
  }),
];
