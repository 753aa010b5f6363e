import { decodeAddress } from '../../primitives/address.ts';
import { decodeBlock } from '../../primitives/block.ts';
import { difficultyOf } from '../../primitives/compact.ts';
import { displayHash } from '../../primitives/hash.ts';
import { decodeHeader } from '../../primitives/header.ts';
import { reasonOf } from '../../primitives/rules.ts';
import { EMPTY } from '../../util/bytes.ts';
import { DecodeError } from '../../util/codec.ts';
import { fromHex, isHex } from '../../util/hex.ts';
import type { Backend, HeaderInfo } from '../backend.ts';
import { withWitnessNonce } from '../coinbaseNonce.ts';
import { decodeFailed, invalidParameter, notFound, RPC, RpcError } from '../errors.ts';
import { Coins } from '../json.ts';
import { hex32, targetHex } from '../present/header.ts';
import { type MethodSpec, method, optional, r, required } from '../spec.ts';

/** What `decode` makes of the hex text; -22 with `message` when it is no such thing. */
function decodeHex<T>(text: string, decode: (bytes: Uint8Array) => T, message: string): T {
  if (!isHex(text)) throw decodeFailed(message);
  try {
    return decode(fromHex(text));
  } catch (error) {
    if (error instanceof DecodeError) throw decodeFailed(message);
    throw error;
  }
}

/** Hashes per second that `lookup` blocks up to `height` took; -1 stands for "since the last retarget" and "the tip". */
function networkHashRate(backend: Backend, lookup: number, height: number): number {
  const { headers, node } = backend;
  const tip = headers.tip();
  if (lookup < -1 || lookup === 0) throw invalidParameter('Invalid nblocks. Must be a positive number or -1.');
  if (height < -1 || height > tip.height) throw invalidParameter('Block does not exist at specified height');
  const last = height === -1 ? tip : (headers.atHeight(height) as HeaderInfo);
  if (last.height === 0) return 0;
  const sinceRetarget = (last.height % node.network.consensus.pow.interval) + 1;
  const depth = Math.min(lookup === -1 ? sinceRetarget : lookup, last.height);
  const first = headers.atHeight(last.height - depth) as HeaderInfo;
  let earliest = last.header.time;
  let latest = earliest;
  for (let at = last.height - depth; at < last.height; at++) {
    const { time } = (headers.atHeight(at) as HeaderInfo).header;
    earliest = Math.min(earliest, time);
    latest = Math.max(latest, time);
  }
  return latest === earliest ? 0 : Number(last.chainWork - first.chainWork) / (latest - earliest);
}

const nextShape = r.obj('next', 'The next block', [
  r.num('height', 'The next height'),
  r.hex('bits', 'The next target nBits'),
  r.num('difficulty', 'The next difficulty'),
  r.hex('target', 'The next target'),
]);

export const miningMethods: readonly MethodSpec[] = [
  method({
    name: 'getmininginfo',
    category: 'Mining',
    text: 'Returns a json object containing mining-related information.',
    params: [],
    result: [
      r.obj('', '', [
        r.num('blocks', 'The current block'),
        r.opt(r.num('currentblockweight', 'The block weight (including reserved weight) of the last assembled block')),
        r.opt(
          r.num('currentblocktx', 'The number of block transactions (excluding coinbase) of the last assembled block'),
        ),
        r.hex('bits', 'The current nBits, compact representation of the block difficulty target'),
        r.num('difficulty', 'The current difficulty'),
        r.hex('target', 'The current target'),
        r.num('networkhashps', 'The network hashes per second'),
        r.num('pooledtx', 'The size of the mempool'),
        r.amount('blockmintxfee', 'Minimum feerate of packages selected for block inclusion in coins/kvB'),
        r.str('chain', 'current network name (main, test, signet, regtest)'),
        nextShape,
        r.arr('warnings', 'any network and blockchain warnings', r.str('', 'warning')),
        r.bool('mining', 'whether this node produces blocks'),
        r.num('hashrate', "this node's own hashes per second"),
      ]),
    ],
    needs: ['mining'],
    run(_args, { backend }) {
      const { headers, node, mining, mempool } = backend;
      const tip = headers.tip();
      const status = mining.status();
      const nextBits = headers.nextBits(Math.floor(node.clock.nowMs() / 1000));
      return {
        blocks: tip.height,
        currentblockweight: status.template?.weight,
        currentblocktx: status.template?.txs,
        bits: hex32(tip.header.bits),
        difficulty: difficultyOf(tip.header.bits),
        target: targetHex(tip.header.bits),
        networkhashps: networkHashRate(backend, 120, -1),
        pooledtx: mempool?.size ?? 0,
        blockmintxfee: new Coins(mining.minFeeRate),
        chain: node.network.chain,
        next: {
          height: tip.height + 1,
          bits: hex32(nextBits),
          difficulty: difficultyOf(nextBits),
          target: targetHex(nextBits),
        },
        warnings: node.warnings(),
        mining: status.running,
        hashrate: status.hashRate,
      };
    },
  }),
  method({
    name: 'getnetworkhashps',
    category: 'Mining',
    text: 'Returns the estimated network hashes per second based on the last n blocks.\nPass in [blocks] to override # of blocks, -1 specifies since last difficulty change.\nPass in [height] to estimate the network speed at the time when a certain block was found.',
    params: [
      optional(
        'nblocks',
        'num',
        'The number of previous blocks to calculate estimate from, or -1 for blocks since last difficulty change.',
        { default: 120 },
      ),
      optional('height', 'num', 'To estimate at the time of the given height.', { default: -1 }),
    ],
    result: [r.num('', 'Hashes per second estimated')],
    needs: [],
    run: (args, { backend }) => networkHashRate(backend, args.int(0, 120), args.int(1, -1)),
  }),
  method({
    name: 'generatetoaddress',
    category: 'Mining',
    text: 'Mine to a specified address and return the block hashes. Development networks only.',
    params: [
      required('nblocks', 'num', 'How many blocks are generated.'),
      required('address', 'str', 'The address to send the newly generated coins to.'),
      optional('maxtries', 'num', 'How many iterations to try.', { default: 1_000_000 }),
    ],
    result: [r.arr('', 'hashes of blocks generated', r.hex('', 'blockhash'))],
    examples: ['11 "myaddress"'],
    needs: ['mining', 'development'],
    async run(args, { backend }) {
      const count = args.int(0);
      const tries = args.long(2, 1_000_000);
      const address = decodeAddress(args.str(1), backend.node.network.prefixes);
      if (!address.ok) throw notFound('Error: Invalid address');
      return (await backend.mining.generate(Math.max(0, count), address.value.scriptPubKey, tries)).map(displayHash);
    },
  }),
  method({
    name: 'submitblock',
    category: 'Mining',
    text: 'Attempts to submit new block to network.\nSee https://en.bitcoin.it/wiki/BIP_0022 for full specification.',
    params: [
      required('hexdata', 'hex', 'the hex-encoded block data to submit'),
      optional('dummy', 'str', 'dummy value, for compatibility with BIP22. This value is ignored.', {
        default: 'ignored',
      }),
    ],
    result: [r.when('If the block was accepted', r.none()), r.when('Otherwise', r.str('', 'According to BIP22'))],
    examples: ['"mydata"'],
    needs: ['blocks'],
    async run(args, { backend }) {
      const block = decodeHex(args.str(0), decodeBlock, 'Block decode failed');
      const parent = backend.headers.entry(block.header.prevHash);
      const height = (parent?.height ?? -1) + 1;
      const segwit = parent !== undefined && height >= backend.node.network.consensus.heights.segwit;
      const verdict = await backend.blocks.submitBlock(segwit ? withWitnessNonce(block) : block);
      if (!verdict.ok) return reasonOf(verdict);
      if (verdict.value.result === 'known') return 'duplicate';
      return verdict.value.result === 'stored' ? 'inconclusive' : null;
    },
  }),
  method({
    name: 'submitheader',
    category: 'Mining',
    text: 'Decode the given hexdata as a header and submit it as a candidate chain tip if valid.\nThrows when the header is invalid.',
    params: [required('hexdata', 'hex', 'the hex-encoded block header data')],
    result: [r.none('None')],
    examples: ['"aabbcc"'],
    needs: [],
    async run(args, { backend: { headers } }) {
      const header = decodeHex(args.str(0), decodeHeader, 'Block header decode failed');
      if (headers.entry(header.prevHash) === undefined) {
        throw new RpcError(RPC.VERIFY_ERROR, `Must submit previous header (${displayHash(header.prevHash)}) first`);
      }
      const verdict = await headers.acceptHeader({ header, seal: EMPTY });
      if (!verdict.ok) throw new RpcError(RPC.VERIFY_ERROR, reasonOf(verdict));
      return null;
    },
  }),
];
