import type { Backend, HeaderInfo } from '../backend.ts';
import { invalidParameter } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { isActive } from '../present/header.ts';
import { type MethodSpec, method, optional, r } from '../spec.ts';
import { entryOf } from './find.ts';

/** A month, as Bitcoin Core's default window. */
const MONTH_SECONDS = 30 * 24 * 60 * 60;

/** Script flags of every block but a network's exceptions, whatever its height (Bitcoin Core GetBlockScriptFlags). */
const EARLY_FLAGS: readonly string[] = ['P2SH', 'WITNESS', 'TAPROOT'];

/** The rules that getdeploymentinfo names, with the script flags that come at their heights. */
const DEPLOYMENTS = [
  ['bip34', []],
  ['bip66', ['DERSIG']],
  ['bip65', ['CHECKLOCKTIMEVERIFY']],
  ['csv', ['CHECKSEQUENCEVERIFY']],
  ['segwit', ['NULLDUMMY']],
  ['taproot', []],
] as const;

function deploymentInfo(backend: Backend, entry: HeaderInfo): JsonObject {
  const { heights, exceptions } = backend.node.network.consensus;
  // A rule is active here when the next block must obey it; the flags are those of the block itself.
  const isOn = (name: (typeof DEPLOYMENTS)[number][0]): boolean => entry.height + 1 >= heights[name];
  const early = exceptions?.scriptFlags.find(({ block }) => block === entry.header.id)?.flags ?? EARLY_FLAGS;
  const later = DEPLOYMENTS.flatMap(([name, brings]) => (entry.height >= heights[name] ? brings : []));
  return {
    hash: entry.header.id,
    height: entry.height,
    script_flags: [...early, ...later].sort(),
    deployments: Object.fromEntries(
      DEPLOYMENTS.map(([name]) => [name, { type: 'buried', active: isOn(name), height: heights[name] }]),
    ),
  };
}

function txStats({ headers }: Backend, last: HeaderInfo, count: number): JsonObject {
  const first = headers.atHeight(last.height - count) as HeaderInfo;
  const interval = last.medianTime - first.medianTime;
  const txCount = headers.chainTx(last);
  const before = count > 0 ? headers.chainTx(first) : undefined;
  const txs = txCount !== undefined && before !== undefined ? txCount - before : undefined;
  return {
    time: last.header.time,
    txcount: txCount,
    window_final_block_hash: last.header.id,
    window_final_block_height: last.height,
    window_block_count: count,
    window_interval: count > 0 ? interval : undefined,
    window_tx_count: txs,
    txrate: txs !== undefined && interval > 0 ? txs / interval : undefined,
  };
}

export const historyMethods: readonly MethodSpec[] = [
  method({
    name: 'getdeploymentinfo',
    category: 'Blockchain',
    text: 'Returns an object containing various state info regarding deployments of consensus changes.',
    params: [
      optional('blockhash', 'hex', 'The block hash at which to query deployment state', {
        default: 'hash of current chain tip',
      }),
    ],
    result: [
      r.obj('', '', [
        r.str('hash', 'requested block hash (or tip)'),
        r.num('height', 'requested block height (or tip)'),
        r.arr('script_flags', 'script verify flags for the block', r.str('flag', '')),
        r.dyn(
          'deployments',
          '',
          r.obj('xxxx', 'name of the deployment', [
            r.str('type', 'always "buried": heights are fixed by the network'),
            r.num('height', 'height of the first block which the rules are enforced for'),
            r.bool('active', 'true if the rules are enforced for the mempool and the next block'),
          ]),
        ),
      ]),
    ],
    needs: [],
    run(args, { backend }) {
      const hash = args.optHash(0);
      return deploymentInfo(backend, hash === undefined ? backend.headers.tip() : entryOf(backend.headers, hash));
    },
  }),
  method({
    name: 'getchaintxstats',
    category: 'Blockchain',
    text: 'Compute statistics about the total number of transactions in the chain, and their rate over a window of blocks.',
    params: [
      optional('nblocks', 'num', 'Size of the window in number of blocks', { default: 'one month' }),
      optional('blockhash', 'hex', 'The hash of the block that ends the window.', { default: 'chain tip' }),
    ],
    result: [
      r.obj('', '', [
        r.time('time', 'The timestamp for the final block in the window, Unix seconds'),
        r.opt(
          r.num(
            'txcount',
            'The total number of transactions in the chain up to that point, if known. Below a snapshot of coins it may be unknown',
          ),
        ),
        r.hex('window_final_block_hash', 'The hash of the final block in the window'),
        r.num('window_final_block_height', 'The height of the final block in the window.'),
        r.num('window_block_count', 'Size of the window in number of blocks'),
        r.opt(
          r.num(
            'window_interval',
            'The elapsed time in the window in seconds. Only returned if "window_block_count" is > 0',
          ),
        ),
        r.opt(
          r.num(
            'window_tx_count',
            'The number of transactions in the window, if "txcount" is known for its start and its end',
          ),
        ),
        r.opt(
          r.num(
            'txrate',
            'The average rate of transactions per second in the window. Only returned if "window_interval" is > 0',
          ),
        ),
      ]),
    ],
    needs: [],
    run(args, { backend }) {
      const { headers, node } = backend;
      const hash = args.optHash(1);
      const last = hash === undefined ? headers.tip() : entryOf(headers, hash);
      if (!isActive(headers, last)) throw invalidParameter('Block is not in main chain');
      const month = Math.floor(MONTH_SECONDS / node.network.consensus.pow.spacing);
      const count = args.has(0) ? args.int(0) : Math.max(0, Math.min(month, last.height - 1));
      if (count < 0 || (count > 0 && count >= last.height)) {
        throw invalidParameter("Invalid block count: should be between 0 and the block's height - 1");
      }
      return txStats(backend, last, count);
    },
  }),
];
