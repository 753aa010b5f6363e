import { difficultyOf } from '../../primitives/compact.ts';
import { displayHash } from '../../primitives/hash.ts';
import type { Backend, ChainStateInfo } from '../backend.ts';
import { decodeFailed, invalidParameter, RPC, RpcError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { hex32, targetHex } from '../present/header.ts';
import { type MethodSpec, method, r, required } from '../spec.ts';

function stateJson({ headers }: Backend, state: ChainStateInfo): JsonObject {
  const { header, height } = state.tip;
  return {
    blocks: height,
    bestblockhash: header.id,
    bits: hex32(header.bits),
    target: targetHex(header.bits),
    difficulty: difficultyOf(header.bits),
    verificationprogress: Math.min(1, height / Math.max(1, headers.bestHeader().height)),
    coins_db_cache_bytes: state.dbCacheBytes,
    coins_tip_cache_bytes: state.tipCacheBytes,
    ...(state.snapshot === undefined ? {} : { snapshot_blockhash: displayHash(state.snapshot) }),
    validated: state.validated,
  };
}

export const snapshotMethods: readonly MethodSpec[] = [
  method({
    name: 'loadtxoutset',
    category: 'Blockchain',
    text:
      'Makes the coins of a file that dumptxoutset wrote, here or in Bitcoin Core, those of this node, which is at their ' +
      'block then. Their hash must be one that the network file or the option assumeutxo gives. Meanwhile the blocks below ' +
      'are fetched and connected with all rules; if they lead to other coins the node stops.',
    params: [required('path', 'str', 'Path of the file. A relative one starts at the data directory.')],
    result: [
      r.obj('', '', [
        r.num('coins_loaded', 'Number of coins in the file'),
        r.hex('tip_hash', 'Hash of the block after which the coins are these'),
        r.num('base_height', 'Its height'),
        r.str('path', 'Absolute path of the file'),
      ]),
    ],
    examples: ['utxo.dat'],
    needs: ['coinSet'],
    async run(args, { backend: { coinSet } }): Promise<JsonObject> {
      const outcome = await coinSet.load(args.str(0));
      if (outcome.ok) {
        const { coins, base, path } = outcome.value;
        return { coins_loaded: coins, tip_hash: base.header.id, base_height: base.height, path };
      }
      const { reason, path, detail } = outcome;
      if (reason === 'cannot-open') throw invalidParameter(`Couldn't open file ${path} for reading.`);
      if (reason === 'malformed') throw decodeFailed(`Unable to parse metadata: ${detail}`);
      if (reason === 'stopping') throw new RpcError(RPC.CLIENT_NOT_CONNECTED, `Shutting down: ${detail}`);
      throw new RpcError(RPC.INTERNAL_ERROR, `Unable to load UTXO snapshot: ${detail}. (${path})`);
    },
  }),
  method({
    name: 'getchainstates',
    category: 'Blockchain',
    text: 'Tells of the chains that are being connected: beside the active one the past of a snapshot that was loaded.',
    params: [],
    result: [
      r.obj('', '', [
        r.num('headers', 'Height of the best header'),
        r.arr(
          'chainstates',
          'The active one last',
          r.obj('', '', [
            r.num('blocks', 'Height of its tip'),
            r.hex('bestblockhash', 'Hash of its tip'),
            r.hex('bits', 'Compact target of its tip'),
            r.hex('target', 'Target of its tip'),
            r.num('difficulty', 'Difficulty of its tip'),
            r.num('verificationprogress', 'How far it is towards the best header, 0 … 1'),
            r.opt(r.hex('snapshot_blockhash', 'Block of the snapshot that it began with')),
            r.num('coins_db_cache_bytes', 'Memory of the database of its coins'),
            r.num('coins_tip_cache_bytes', 'Memory for coins before the database'),
            r.bool('validated', 'Whether all its blocks were connected from genesis on'),
          ]),
        ),
      ]),
    ],
    examples: [''],
    needs: ['coinSet'],
    run: (_args, { backend }) => ({
      headers: backend.headers.bestHeader().height,
      chainstates: backend.coinSet.chainStates().map((state) => stateJson(backend, state)),
    }),
  }),
];
