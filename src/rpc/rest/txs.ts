import { displayHash } from '../../primitives/hash.ts';
import type { OutPoint } from '../../primitives/outpoint.ts';
import { writeTxOut } from '../../primitives/tx.ts';
import { Writer } from '../../util/codec.ts';
import { RPC, RpcError } from '../errors.ts';
import { Coins, type JsonObject } from '../json.ts';
import { type UnspentAtTip, type UnspentOutput, unspentOutputs } from '../methods/findCoins.ts';
import { type FoundTx, findTx } from '../methods/findTx.ts';
import { scriptJson, txJson } from '../present/tx.ts';
import { badRequest, inFormat, missing, type RestEndpoint, RestRefusal, restHash } from './answer.ts';

/** Bitcoin Core MAX_GETUTXOS_OUTPOINTS. */
const MAX_OUTPOINTS = 15;
/** Height of a coin whose transaction is in the pool (Bitcoin Core MEMPOOL_HEIGHT). */
const POOL_HEIGHT = 0x7fffffff;
const MAX_INDEX = 0xffffffff;

/** /rest/tx/<txid> */
export const transaction: RestEndpoint = async ({ param, format, context }) => {
  const txid = restHash(param);
  let found: FoundTx;
  try {
    found = await findTx(context.backend, txid, undefined);
  } catch (error) {
    if (error instanceof RpcError && error.code === RPC.INVALID_ADDRESS_OR_KEY) throw missing(`${param} not found`);
    throw error;
  }
  return inFormat(format, {
    bin: () => found.tx.bytes,
    json: () => ({
      ...txJson(context.backend.scripts, found.tx, { hex: true }),
      blockhash: found.entry?.header.id,
    }),
  });
};

/** "<txid>-<n>". 400 "Parse error". */
function outPointOf(text: string): OutPoint {
  const dash = text.indexOf('-');
  const digits = text.slice(dash + 1);
  const index = /^\d{1,10}$/.test(digits) ? Number(digits) : Number.NaN;
  if (dash < 0 || !(index <= MAX_INDEX)) throw badRequest('Parse error');
  try {
    return { txid: restHash(text.slice(0, dash)), index };
  } catch (error) {
    throw error instanceof RestRefusal ? badRequest('Parse error') : error;
  }
}

/** The answer in bytes as BIP64 lays it out: height, tip, bitmap (first output in the lowest bit), outputs found. */
function encodeUnspent({ tip, found }: UnspentAtTip): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(found.length / 8));
  for (const [at, one] of found.entries()) if (one !== undefined) bitmap[at >> 3]! |= 1 << (at & 7);
  const hits = found.filter((one) => one !== undefined);
  const w = new Writer();
  w.i32(tip.height).put(tip.header.hash).varBytes(bitmap);
  w.compactSize(hits.length);
  for (const { out, height } of hits) {
    // Where BIP64 has the transaction's version, Bitcoin Core writes 0.
    w.u32(0).u32(height ?? POOL_HEIGHT);
    writeTxOut(w, out);
  }
  return w.finish();
}

/** /rest/getutxos/<txid>-<n>/…, and /rest/getutxos/checkmempool/<txid>-<n>/… to count the pool in. */
export const unspent: RestEndpoint = async ({ param, format, context }) => {
  const { backend } = context;
  const parts = param.length > 1 ? param.slice(1).split('/') : [];
  const withPool = parts[0] === 'checkmempool';
  const outpoints = parts.slice(withPool ? 1 : 0).map(outPointOf);
  if (outpoints.length === 0) throw badRequest('Error: empty request');
  if (outpoints.length > MAX_OUTPOINTS) {
    throw badRequest(`Error: max outpoints exceeded (max: ${MAX_OUTPOINTS}, tried: ${outpoints.length})`);
  }
  const answer = await unspentOutputs(backend, outpoints, withPool ? backend.mempool : undefined);
  const utxo = ({ out, height }: UnspentOutput): JsonObject => ({
    height: height ?? POOL_HEIGHT,
    value: new Coins(out.value),
    scriptPubKey: scriptJson(backend.scripts, out.scriptPubKey),
  });
  return inFormat(format, {
    bin: () => encodeUnspent(answer),
    json: () => ({
      chainHeight: answer.tip.height,
      chaintipHash: displayHash(answer.tip.header.hash),
      bitmap: answer.found.map((one) => (one === undefined ? '0' : '1')).join(''),
      utxos: answer.found.flatMap((one) => (one === undefined ? [] : [utxo(one)])),
    }),
  });
};
