import { displayHash, type Hash256 } from '../../primitives/hash.ts';
import { equalBytes } from '../../util/bytes.ts';
import type { Args } from '../args.ts';
import type { HeaderInfo } from '../backend.ts';
import { RPC, RpcError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { type CallContext, type MethodSpec, method, optional, r, required } from '../spec.ts';

const timeout = optional('timeout', 'num', 'Time in milliseconds to wait for a response. 0 indicates no timeout.', {
  default: 0,
});
const result = [r.obj('', '', [r.hex('hash', 'The blockhash'), r.num('height', 'Block height')])];

/** Waits until the tip satisfies `done`, the time is over, or the node stops; gives the tip of that moment. */
async function waitForTip(
  context: CallContext,
  args: Args,
  at: number,
  done: (tip: HeaderInfo) => boolean,
): Promise<JsonObject> {
  const { backend, onEnd } = context;
  const ms = args.long(at, 0);
  if (ms < 0) throw new RpcError(RPC.MISC_ERROR, 'Negative timeout');
  const { headers, node } = backend;
  if (!done(headers.tip())) {
    const over = Promise.withResolvers<void>();
    const unsubscribe = headers.onTip(() => {
      if (done(headers.tip())) over.resolve();
    });
    const cancel = ms > 0 ? node.timers.after(ms, over.resolve) : undefined;
    const unlisten = onEnd(over.resolve);
    try {
      await over.promise;
    } finally {
      unlisten();
      unsubscribe();
      cancel?.();
    }
  }
  const tip = headers.tip();
  return { hash: displayHash(tip.header.hash), height: tip.height };
}

const isBlock =
  (hash: Hash256) =>
  (tip: HeaderInfo): boolean =>
    equalBytes(tip.header.hash, hash);

export const waitMethods: readonly MethodSpec[] = [
  method({
    name: 'waitfornewblock',
    category: 'Blockchain',
    text: 'Waits for any new block and returns useful info about it.\n\nReturns the current block on timeout or exit.',
    params: [
      timeout,
      optional('current_tip', 'hex', 'Method waits for the chain tip to differ from this.', {
        default: 'the tip when called',
      }),
    ],
    result,
    examples: ['1000'],
    needs: [],
    hidden: true,
    waits: true,
    run(args, context) {
      const before = args.optHash(1) ?? context.backend.headers.tip().header.hash;
      return waitForTip(context, args, 0, (tip) => !isBlock(before)(tip));
    },
  }),
  method({
    name: 'waitforblock',
    category: 'Blockchain',
    text: 'Waits for a specific new block and returns useful info about it.\n\nReturns the current block on timeout or exit.',
    params: [required('blockhash', 'hex', 'Block hash to wait for.'), timeout],
    result,
    examples: ['"blockhash" 1000'],
    needs: [],
    hidden: true,
    waits: true,
    run: (args, context) => waitForTip(context, args, 1, isBlock(args.hash(0))),
  }),
  method({
    name: 'waitforblockheight',
    category: 'Blockchain',
    text: 'Waits for (at least) block height and returns the height and hash\nof the current tip.\n\nReturns the current block on timeout or exit.',
    params: [required('height', 'num', 'Block height to wait for.'), timeout],
    result,
    examples: ['100 1000'],
    needs: [],
    hidden: true,
    waits: true,
    run(args, context) {
      const height = args.int(0);
      return waitForTip(context, args, 1, (tip) => tip.height >= height);
    },
  }),
];
