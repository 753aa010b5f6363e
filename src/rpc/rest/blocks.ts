import { type Block, encodeBlock } from '../../primitives/block.ts';
import { encodeHeader } from '../../primitives/header.ts';
import { type Tx, writeTxOut } from '../../primitives/tx.ts';
import { concatBytes } from '../../util/bytes.ts';
import { Writer } from '../../util/codec.ts';
import type { CoinInfo, HeaderInfo, HeadersBackend } from '../backend.ts';
import { RPC, RpcError } from '../errors.ts';
import { Coins } from '../json.ts';
import { bodyOf, entryOf } from '../methods/find.ts';
import { spentIn } from '../present/block.ts';
import { headerJson, isActive } from '../present/header.ts';
import { scriptJson } from '../present/tx.ts';
import { badRequest, inFormat, missing, type RestEndpoint, type RestRequest, restHash } from './answer.ts';
import { runMethod } from './method.ts';

/** Bitcoin Core MAX_REST_HEADERS_RESULTS. */
const MAX_HEADERS = 2000;
const DEFAULT_HEADERS = '5';
const MAX_HEIGHT = 2 ** 31 - 1;

/** A whole number in decimal digits, NaN for anything else. */
const digits = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : Number.NaN);

/** The block that the path names. 400 for what is no hash; 404 when it is unknown or its body is not here. */
async function blockOf({ param, context }: RestRequest): Promise<{ entry: HeaderInfo; block: Block }> {
  const hash = restHash(param);
  try {
    const entry = entryOf(context.backend.headers, hash);
    return { entry, block: await bodyOf(context.backend.blocks, entry) };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    throw missing(error.code === RPC.MISC_ERROR ? error.message.replace(/^Block\b/, param) : `${param} not found`);
  }
}

/** /rest/block/<hash>: `verbosity` of getblock for JSON. */
export function block(verbosity: number): RestEndpoint {
  return async (request) => {
    const found = await blockOf(request);
    return inFormat(request.format, {
      bin: () => encodeBlock(found.block),
      json: () => runMethod(request.context, 'getblock', [request.param, verbosity]),
    });
  };
}

/** Up to `count` entries of the active chain, upwards from the one of the hash; none when it is not on it. */
function headersFrom(headers: HeadersBackend, first: HeaderInfo | undefined, count: number): HeaderInfo[] {
  const out: HeaderInfo[] = [];
  if (first === undefined || !isActive(headers, first)) return out;
  for (let at: HeaderInfo | undefined = first; at !== undefined && out.length < count; ) {
    out.push(at);
    at = headers.atHeight(at.height + 1);
  }
  return out;
}

/** /rest/headers/<hash>?count=<n>, and /rest/headers/<n>/<hash> as it was before Bitcoin Core 24. */
export const headers: RestEndpoint = async ({ param, format, query, context }) => {
  const parts = param.split('/');
  if (parts.length > 2) {
    throw badRequest('Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>');
  }
  const raw = parts.length === 2 ? (parts[0] as string) : (query.get('count') ?? DEFAULT_HEADERS);
  const count = digits(raw);
  if (!(count >= 1 && count <= MAX_HEADERS)) {
    throw badRequest(`Header count is invalid or out of acceptable range (1-${MAX_HEADERS}): ${raw}`);
  }
  const chain = context.backend.headers;
  const found = headersFrom(chain, chain.entry(restHash(parts.at(-1) as string)), count);
  return inFormat(format, {
    bin: () => concatBytes(...found.map((entry) => encodeHeader(entry.header))),
    json: () => found.map((entry) => headerJson(chain, entry)),
  });
};

/** /rest/blockhashbyheight/<height> */
export const blockHashByHeight: RestEndpoint = async ({ param, format, context }) => {
  const height = digits(param);
  if (!(height <= MAX_HEIGHT)) throw badRequest(`Invalid height: ${param}`);
  const entry = context.backend.headers.atHeight(height);
  if (entry === undefined) throw missing('Block height out of range');
  return inFormat(format, {
    bin: () => entry.header.hash,
    hex: () => entry.header.id,
    json: () => ({ blockhash: entry.header.id }),
  });
};

/** Lists of outputs, one list per transaction, as Bitcoin serializes vectors. */
function encodeOutputs(lists: readonly (readonly CoinInfo[])[]): Uint8Array {
  const w = new Writer();
  w.compactSize(lists.length);
  for (const list of lists) {
    w.compactSize(list.length);
    for (const { out } of list) writeTxOut(w, out);
  }
  return w.finish();
}

/** /rest/spenttxouts/<hash>: for each transaction of the block the outputs it spends, none for the coinbase. */
export const spentTxOuts: RestEndpoint = async (request) => {
  const { entry, block } = await blockOf(request);
  const { blocks, scripts } = request.context.backend;
  const spent = await spentIn(blocks, entry, block);
  const coinsOf = (tx: Tx): readonly CoinInfo[] => {
    const coins = tx.isCoinbase ? [] : spent(tx);
    if (coins === undefined) throw missing(`${request.param} undo not available`);
    return coins;
  };
  const lists = block.txs.map(coinsOf);
  return inFormat(request.format, {
    bin: () => encodeOutputs(lists),
    json: () =>
      lists.map((list) =>
        list.map(({ out }) => ({
          value: new Coins(out.value),
          scriptPubKey: scriptJson(scripts, out.scriptPubKey),
        })),
      ),
  });
};
