import { encodeBlock } from '../../primitives/block.ts';
import { difficultyOf } from '../../primitives/compact.ts';
import { encodeHeader } from '../../primitives/header.ts';
import { toHex } from '../../util/hex.ts';
import type { Backend, HeaderInfo } from '../backend.ts';
import { Coins, type JsonObject } from '../json.ts';
import { blockJson, blockShape, spentIn } from '../present/block.ts';
import { headerJson, headerShape, hex32, hex256, targetHex } from '../present/header.ts';
import { scriptJson, scriptShape, txShape } from '../present/tx.ts';
import { type MethodSpec, method, optional, r, required } from '../spec.ts';
import { bodyOf, entryAt, entryOf } from './find.ts';
import { unspentOutputs } from './findCoins.ts';

const blockhash = required('blockhash', 'hex', 'The block hash');

/** 0 … 1, exactly 1 when every known header has its block, so that progress bars end. */
function progress(backend: Backend): number {
  const { headers, blocks } = backend.node.sync();
  return headers <= blocks ? 1 : blocks / Math.max(1, headers);
}

/** How far the blocks below a loaded snapshot are validated; undefined when nothing is left of them. */
function backgroundValidation({ headers, coinSet }: Backend): JsonObject | undefined {
  const states = coinSet?.chainStates() ?? [];
  const snapshot = states.at(-1)?.snapshot;
  const base = snapshot && headers.entry(snapshot);
  const tip = states.length > 1 ? states[0]?.tip : undefined;
  if (base === undefined || tip === undefined) return undefined;
  return {
    snapshotheight: base.height,
    blocks: tip.height,
    bestblockhash: tip.header.id,
    mediantime: tip.medianTime,
    chainwork: hex256(tip.chainWork),
    verificationprogress: tip.height / Math.max(1, base.height),
  };
}

async function chainInfo(backend: Backend): Promise<JsonObject> {
  const { headers, node } = backend;
  const tip = headers.tip();
  const pruning = backend.blocks?.pruning;
  return {
    chain: node.network.chain,
    blocks: tip.height,
    headers: headers.bestHeader().height,
    bestblockhash: tip.header.id,
    bits: hex32(tip.header.bits),
    target: targetHex(tip.header.bits),
    difficulty: difficultyOf(tip.header.bits),
    time: tip.header.time,
    mediantime: tip.medianTime,
    verificationprogress: progress(backend),
    initialblockdownload: node.sync().initialDownload,
    backgroundvalidation: backgroundValidation(backend),
    chainwork: hex256(tip.chainWork),
    size_on_disk: (await backend.blocks?.sizeOnDisk()) ?? 0,
    pruned: pruning !== undefined,
    pruneheight: pruning?.lowest(),
    automatic_pruning: pruning && pruning.targetBytes !== undefined,
    prune_target_size: pruning?.targetBytes,
    warnings: node.warnings(),
    networkid: node.network.name,
  };
}

/** Height of the last block that the entry's branch shares with the active chain. */
function forkHeight(backend: Backend, entry: HeaderInfo): number {
  const { headers } = backend;
  let at: HeaderInfo | undefined = entry;
  while (at !== undefined && headers.atHeight(at.height)?.header.key !== at.header.key) {
    at = headers.entry(at.header.prevHash);
  }
  return at?.height ?? 0;
}

function tipStatus(backend: Backend, entry: HeaderInfo): string {
  if (entry.header.key === backend.headers.tip().header.key) return 'active';
  if (entry.status === 'invalid' || entry.status === 'invalid-ancestor') return 'invalid';
  if (entry.status === 'valid') return 'valid-fork';
  return entry.status === 'stored' ? 'valid-headers' : 'headers-only';
}

export const chainMethods: readonly MethodSpec[] = [
  method({
    name: 'getblockchaininfo',
    category: 'Blockchain',
    text: 'Returns an object containing various state info regarding blockchain processing.',
    params: [],
    result: [
      r.obj('', '', [
        r.str('chain', 'current network as Bitcoin tools know it (main, test, signet, regtest)'),
        r.num('blocks', 'the height of the most-work fully-validated chain. The genesis block has height 0'),
        r.num('headers', 'the current number of headers we have validated'),
        r.str('bestblockhash', 'the hash of the currently best block'),
        r.hex('bits', 'nBits: compact representation of the block difficulty target'),
        r.hex('target', 'The difficulty target'),
        r.num('difficulty', 'the current difficulty'),
        r.time('time', 'The block time, Unix seconds'),
        r.time('mediantime', 'The median block time, Unix seconds'),
        r.num('verificationprogress', 'estimate of verification progress [0..1]'),
        r.bool('initialblockdownload', 'estimate of whether this node is in Initial Block Download mode'),
        r.opt(
          r.obj(
            'backgroundvalidation',
            'validation of the blocks below a loaded snapshot of coins (only while it lasts)',
            [
              r.num('snapshotheight', 'the height of the snapshot’s block: validation ends there'),
              r.num('blocks', 'the height of the last block that was validated'),
              r.str('bestblockhash', 'its hash'),
              r.time('mediantime', 'its median block time, Unix seconds'),
              r.hex('chainwork', 'work of the chain up to it, in hexadecimal'),
              r.num('verificationprogress', 'how far it is towards the snapshot [0..1]'),
            ],
          ),
        ),
        r.hex('chainwork', 'total amount of work in active chain, in hexadecimal'),
        r.num('size_on_disk', 'the estimated size of the block and undo files on disk'),
        r.bool('pruned', 'if the blocks are subject to pruning'),
        r.opt(r.num('pruneheight', 'height of the last block pruned, plus one (only present if pruning is enabled)')),
        r.opt(r.bool('automatic_pruning', 'whether automatic pruning is enabled (only present if pruning is enabled)')),
        r.opt(
          r.num('prune_target_size', 'the target size used by pruning (only present if automatic pruning is enabled)'),
        ),
        r.arr('warnings', 'any network and blockchain warnings', r.str('', 'warning')),
        r.str('networkid', "Cairn's own name of the network"),
      ]),
    ],
    needs: [],
    run: (_args, { backend }) => chainInfo(backend),
  }),
  method({
    name: 'getblockcount',
    category: 'Blockchain',
    text: 'Returns the height of the most-work fully-validated chain.\nThe genesis block has height 0.',
    params: [],
    result: [r.num('', 'The current block count')],
    needs: [],
    run: (_args, { backend }) => backend.headers.tip().height,
  }),
  method({
    name: 'getbestblockhash',
    category: 'Blockchain',
    text: 'Returns the hash of the best (tip) block in the most-work fully-validated chain.',
    params: [],
    result: [r.hex('', 'the block hash, hex-encoded')],
    needs: [],
    run: (_args, { backend }) => backend.headers.tip().header.id,
  }),
  method({
    name: 'getblockhash',
    category: 'Blockchain',
    text: 'Returns hash of block in best-block-chain at height provided.',
    params: [required('height', 'num', 'The height index')],
    result: [r.hex('', 'The block hash')],
    examples: ['100'],
    needs: [],
    run: (args, { backend }) => entryAt(backend.headers, args.int(0)).header.id,
  }),
  method({
    name: 'getblockheader',
    category: 'Blockchain',
    text: "If verbose is false, returns a string that is serialized, hex-encoded data for blockheader 'hash'.\nIf verbose is true, returns an Object with information about blockheader 'hash'.",
    params: [
      blockhash,
      optional('verbose', 'bool', 'true for a json object, false for the hex-encoded data', { default: true }),
    ],
    result: [
      r.when('for verbose = true', r.obj('', '', headerShape)),
      r.when('for verbose=false', r.hex('', "A string that is serialized, hex-encoded data for block 'hash'")),
    ],
    needs: [],
    run(args, { backend }) {
      const entry = entryOf(backend.headers, args.hash(0));
      return args.bool(1, true) ? headerJson(backend.headers, entry) : toHex(encodeHeader(entry.header));
    },
  }),
  method({
    name: 'getblock',
    category: 'Blockchain',
    text: "If verbosity is 0, returns a string that is serialized, hex-encoded data for block 'hash'.\nIf verbosity is 1, returns an Object with information about block <hash>.\nIf verbosity is 2, returns an Object with information about block <hash> and information about each transaction.\nIf verbosity is 3, returns an Object with information about block <hash> and information about each transaction, including prevout information for inputs.",
    params: [
      blockhash,
      optional(
        'verbosity|verbose',
        'num',
        '0 for hex-encoded data, 1 for a JSON object, 2 for JSON object with transaction data, and 3 for JSON object with transaction data including prevout information for inputs',
        {
          default: 1,
          typeText: 'numeric',
        },
      ),
    ],
    result: [
      r.when('for verbosity = 0', r.hex('', "A string that is serialized, hex-encoded data for block 'hash'")),
      r.when(
        'for verbosity = 1',
        r.obj('', '', [...blockShape, r.arr('tx', 'The transaction ids', r.hex('', 'The transaction id'))]),
      ),
      r.when(
        'for verbosity = 2 and 3',
        r.obj('', '', [
          ...blockShape,
          r.arr('tx', '', r.obj('', '', [...txShape, r.hex('hex', 'The hex-encoded transaction data')])),
        ]),
      ),
    ],
    needs: ['blocks'],
    async run(args, { backend }) {
      const verbosity = args.verbosity(1, 1);
      const entry = entryOf(backend.headers, args.hash(0));
      const block = await bodyOf(backend.blocks, entry);
      if (verbosity <= 0) return toHex(encodeBlock(block));
      const spent = verbosity >= 2 ? await spentIn(backend.blocks, entry, block) : () => undefined;
      return blockJson(entry, block, { headers: backend.headers, scripts: backend.scripts, verbosity, spent });
    },
  }),
  method({
    name: 'getdifficulty',
    category: 'Blockchain',
    text: 'Returns the proof-of-work difficulty as a multiple of the minimum difficulty.',
    params: [],
    result: [r.num('', 'the proof-of-work difficulty as a multiple of the minimum difficulty.')],
    needs: [],
    run: (_args, { backend }) => difficultyOf(backend.headers.tip().header.bits),
  }),
  method({
    name: 'getchaintips',
    category: 'Blockchain',
    text: 'Return information about all known tips in the block tree, including the main chain as well as orphaned branches.',
    params: [],
    result: [
      r.arr(
        '',
        '',
        r.obj('', '', [
          r.num('height', 'height of the chain tip'),
          r.hex('hash', 'block hash of the tip'),
          r.num('branchlen', 'zero for main chain, otherwise length of branch connecting the tip to the main chain'),
          r.str('status', 'status of the chain: "invalid", "headers-only", "valid-headers", "valid-fork" or "active"'),
        ]),
      ),
    ],
    needs: [],
    run(_args, { backend }) {
      const tip = backend.headers.tip();
      const others = backend.headers.tips().filter((entry) => entry.header.key !== tip.header.key);
      return [tip, ...others]
        .sort((a, b) => b.height - a.height)
        .map((entry) => ({
          height: entry.height,
          hash: entry.header.id,
          branchlen: entry.height - forkHeight(backend, entry),
          status: tipStatus(backend, entry),
        }));
    },
  }),
  method({
    name: 'getblockseal',
    category: 'Cairn',
    text: 'Returns the seal of a block: the witness of its producer, kept outside the block hash. Empty for proof of work.',
    params: [blockhash],
    result: [r.hex('', 'The seal, hex-encoded')],
    needs: [],
    run: (args, { backend }) => toHex(entryOf(backend.headers, args.hash(0)).seal),
  }),
  method({
    name: 'gettxout',
    category: 'Blockchain',
    text: 'Returns details about an unspent transaction output.',
    params: [
      required('txid', 'str', 'The transaction id'),
      required('n', 'num', 'vout number'),
      optional(
        'include_mempool',
        'bool',
        'Whether to include the mempool. Note that an unspent output that is spent in the mempool will not appear.',
        {
          default: true,
        },
      ),
    ],
    result: [
      r.when('If the UTXO was not found', r.none()),
      r.when(
        'Otherwise',
        r.obj('', '', [
          r.hex('bestblock', 'The hash of the block at the tip of the chain'),
          r.num('confirmations', 'The number of confirmations'),
          r.amount('value', 'The transaction value in coins'),
          scriptShape('scriptPubKey'),
          r.bool('coinbase', 'Coinbase or not'),
        ]),
      ),
    ],
    needs: ['blocks'],
    async run(args, { backend }) {
      const outpoint = { txid: args.hash(0), index: args.uint(1) };
      const pool = args.bool(2, true) ? backend.mempool : undefined;
      const { tip, found } = await unspentOutputs(backend, [outpoint], pool);
      const [unspent] = found;
      if (unspent === undefined) return null;
      return {
        bestblock: tip.header.id,
        confirmations: unspent.height === undefined ? 0 : tip.height - unspent.height + 1,
        value: new Coins(unspent.out.value),
        scriptPubKey: scriptJson(backend.scripts, unspent.out.scriptPubKey),
        coinbase: unspent.coinbase,
      };
    },
  }),
];
