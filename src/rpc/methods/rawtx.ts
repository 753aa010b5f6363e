import { displayHash } from '../../primitives/hash.ts';
import { isUnspendable } from '../../primitives/outputScript.ts';
import { reasonOf } from '../../primitives/rules.ts';
import type { Tx } from '../../primitives/tx.ts';
import { toHex } from '../../util/hex.ts';
import type { Backend } from '../backend.ts';
import { decodeFailed, invalidParameter, RPC, RpcError, typeError } from '../errors.ts';
import { Coins, type JsonObject } from '../json.ts';
import { txJson, txShape } from '../present/tx.ts';
import { decodeRawTx } from '../rawTx.ts';
import { type MethodSpec, method, optional, r, required } from '../spec.ts';
import { findTx, rawTransaction } from './findTx.ts';
import { alreadyInChain, isMissing, refusal, stateText } from './txRefusal.ts';

/** 0.10 coins per 1000 vbytes (Bitcoin Core DEFAULT_MAX_RAW_TX_FEE_RATE). */
const DEFAULT_MAX_FEE_RATE = 10_000_000n;
/** Transactions that testmempoolaccept takes at once (Bitcoin Core MAX_PACKAGE_COUNT). */
const MAX_TESTED = 25;

const hexstring = required('hexstring', 'hex', 'The transaction hex string');
const maxfeerate = optional(
  'maxfeerate',
  'amount',
  'Reject transactions whose fee rate is higher than the specified value, expressed in coins/kvB.\nFee rates larger than 1 coin/kvB are rejected.\nSet to 0 to accept any fee rate.',
  {
    default: '"0.10"',
  },
);

const MISSING_INPUT_HINT = 'Make sure the tx has at least one input.';

async function testOne(
  backend: Backend & { readonly mempool: NonNullable<Backend['mempool']> },
  tx: Tx,
  maxFeeRate: bigint,
): Promise<JsonObject> {
  const verdict = await backend.mempool.test(tx, maxFeeRate);
  const wtxid = displayHash(tx.wtxid);
  if (!verdict.ok) {
    const reason = isMissing(verdict) ? 'missing-inputs' : reasonOf(verdict);
    const details = isMissing(verdict) ? 'bad-txns-inputs-missingorspent' : stateText(verdict);
    return { txid: tx.id, wtxid, allowed: false, 'reject-reason': reason, 'reject-details': details };
  }
  const { fee } = verdict.value;
  return {
    txid: tx.id,
    wtxid,
    allowed: true,
    vsize: tx.vsize,
    vsize_bip141: tx.vsize,
    vsize_adjusted: tx.vsize,
    fees: {
      base: new Coins(fee),
      'effective-feerate': new Coins((fee * 1000n) / BigInt(tx.vsize)),
      'effective-includes': [wtxid],
    },
  };
}

export const rawTxMethods: readonly MethodSpec[] = [
  method({
    name: 'getrawtransaction',
    category: 'Rawtransactions',
    text: 'Returns hex-encoded data of a transaction in the mempool, in a block found with the transaction index, or in the block given.\nWith verbosity 1 a JSON object, with 2 also the fee and the outputs it spends.',
    params: [
      required('txid', 'hex', 'The transaction id'),
      optional(
        'verbosity|verbose',
        'num',
        '0 for hex-encoded data, 1 for a JSON object, and 2 for JSON object with fee and prevout',
        {
          default: 0,
          typeText: 'numeric',
        },
      ),
      optional('blockhash', 'hex', 'The block in which to look for the transaction'),
    ],
    result: [
      r.when(
        'if verbosity is not set or set to 0',
        r.str('data', "The serialized transaction as a hex-encoded string for 'txid'"),
      ),
      r.when(
        'if verbosity is set to 1 or 2',
        r.obj('', '', [
          r.opt(
            r.bool(
              'in_active_chain',
              'Whether specified block is in the active chain or not (only present with explicit "blockhash" argument)',
            ),
          ),
          ...txShape,
          r.hex('hex', "The serialized, hex-encoded data for 'txid'"),
          r.opt(r.hex('blockhash', 'the block hash')),
          r.opt(r.num('confirmations', 'The confirmations')),
          r.opt(r.time('time', 'Same as "blocktime"')),
          r.opt(r.time('blocktime', 'The block time, Unix seconds')),
        ]),
      ),
    ],
    examples: ['"mytxid"', '"mytxid" 1'],
    needs: ['blocks'],
    async run(args, { backend }) {
      const txid = args.hash(0);
      const verbosity = args.verbosity(1, 0);
      const found = await findTx(backend, txid, args.optHash(2));
      return verbosity <= 0 ? toHex(found.tx.bytes) : rawTransaction(backend, found, verbosity, args.has(2));
    },
  }),
  method({
    name: 'decoderawtransaction',
    category: 'Rawtransactions',
    text: 'Return a JSON object representing the serialized, hex-encoded transaction.',
    params: [
      hexstring,
      optional(
        'iswitness',
        'bool',
        'Whether the transaction hex is a serialized witness transaction.\nIf iswitness is not present, heuristic tests will be used in decoding.',
        {
          default: 'depends on heuristic tests',
        },
      ),
    ],
    result: [r.obj('', '', txShape)],
    examples: ['"hexstring"'],
    needs: [],
    run(args, { backend }) {
      const forms = args.has(1)
        ? { witness: args.bool(1, true), legacy: !args.bool(1, true) }
        : { witness: true, legacy: true };
      const tx = decodeRawTx(args.str(0), { ...forms, looksLikeScript: backend.scripts.looksLikeScript });
      if (tx === undefined) throw decodeFailed('TX decode failed');
      return txJson(backend.scripts, tx, {});
    },
  }),
  method({
    name: 'sendrawtransaction',
    category: 'Rawtransactions',
    text: 'Submit a raw transaction (serialized, hex-encoded) to the network.',
    params: [
      hexstring,
      maxfeerate,
      optional(
        'maxburnamount',
        'amount',
        "Reject transactions with provably unspendable outputs (e.g. 'datacarrier' outputs that use the OP_RETURN opcode) greater than the specified value, expressed in coins.",
        {
          default: '"0.00"',
        },
      ),
    ],
    result: [r.hex('', 'The transaction hash in hex')],
    examples: ['"signedhex"'],
    needs: ['transactions'],
    async run(args, { backend }) {
      const maxBurn = args.amount(2, 0n);
      const tx = decodeRawTx(args.str(0));
      if (tx === undefined) throw decodeFailed(`TX decode failed. ${MISSING_INPUT_HINT}`);
      if (tx.outputs.some((out) => isUnspendable(out.scriptPubKey) && out.value > maxBurn)) {
        throw new RpcError(RPC.VERIFY_ERROR, 'Unspendable output exceeds maximum configured by user (maxburnamount)');
      }
      const rate = args.feeRate(1, DEFAULT_MAX_FEE_RATE);
      const outputs = tx.outputs.map((_, index) => ({ txid: tx.txid, index }));
      if ((await backend.blocks?.coins(outputs))?.some((coin) => coin !== undefined) === true) throw alreadyInChain();
      const verdict = await backend.transactions.submitTx(tx, rate);
      if (!verdict.ok) throw refusal(verdict);
      return tx.id;
    },
  }),
  method({
    name: 'testmempoolaccept',
    category: 'Rawtransactions',
    text: 'Returns result of mempool acceptance tests indicating if raw transactions (serialized, hex-encoded) would be accepted by mempool.\nEach transaction is judged on its own.',
    params: [
      required('rawtxs', 'arr', 'An array of hex strings of raw transactions.', {
        inner: [optional('rawtx', 'hex', '')],
      }),
      maxfeerate,
    ],
    result: [
      r.arr(
        '',
        'The result of the mempool acceptance test for each raw transaction in the input array.',
        r.obj('', '', [
          r.hex('txid', 'The transaction hash in hex'),
          r.hex('wtxid', 'The transaction witness hash in hex'),
          r.opt(r.bool('allowed', 'Whether this tx would be accepted to the mempool')),
          r.opt(r.num('vsize', 'Virtual transaction size as defined in BIP 141')),
          r.opt(r.num('vsize_bip141', 'The same')),
          r.opt(r.num('vsize_adjusted', 'The same: sigops do not raise it here')),
          r.opt(
            r.obj('fees', "Transaction fees (only present if 'allowed' is true)", [
              r.amount('base', 'transaction fee in coins'),
              r.amount('effective-feerate', 'the effective feerate in coins per KvB'),
              r.arr(
                'effective-includes',
                'transactions whose fees and vsizes are included in effective-feerate.',
                r.hex('', 'transaction wtxid in hex'),
              ),
            ]),
          ),
          r.opt(r.str('reject-reason', "Rejection reason (only present when 'allowed' is false)")),
          r.opt(r.str('reject-details', "Rejection details (only present when 'allowed' is false)")),
        ]),
      ),
    ],
    needs: ['mempool'],
    async run(args, { backend }) {
      const raw = args.array(0);
      if (raw.length < 1 || raw.length > MAX_TESTED) {
        throw invalidParameter(`Array must contain between 1 and ${MAX_TESTED} transactions.`);
      }
      const rate = args.feeRate(1, DEFAULT_MAX_FEE_RATE);
      const txs = raw.map((text) => {
        if (typeof text !== 'string') throw typeError(text, 'string');
        const tx = decodeRawTx(text);
        if (tx === undefined) throw decodeFailed(`TX decode failed: ${text.slice(0, 200)} ${MISSING_INPUT_HINT}`);
        return tx;
      });
      const results: JsonObject[] = [];
      for (const tx of txs) results.push(await testOne(backend, tx, rate));
      return results;
    },
  }),
  method({
    name: 'decodescript',
    category: 'Rawtransactions',
    text: 'Decode a hex-encoded script.',
    params: [required('hexstring', 'hex', 'the hex-encoded script')],
    result: [
      r.obj('', '', [
        r.str('asm', 'Disassembly of the script'),
        r.str('desc', 'Inferred descriptor for the script'),
        r.str('type', 'The output type'),
        r.opt(r.str('address', 'The address (only if a well-defined address exists)')),
        r.opt(
          r.str(
            'p2sh',
            'address of P2SH script wrapping this redeem script (not returned for types that should not be wrapped)',
          ),
        ),
        r.opt(
          r.obj('segwit', 'Result of a witness output script wrapping this redeem script', [
            r.str('asm', 'Disassembly of the output script'),
            r.str('desc', 'Inferred descriptor for the script'),
            r.hex('hex', 'The raw output script bytes, hex-encoded'),
            r.opt(r.str('address', 'The address')),
            r.str('type', 'The type of the output script'),
            r.str('p2sh-segwit', 'address of the P2SH script wrapping this witness redeem script'),
          ]),
        ),
      ]),
    ],
    examples: ['"hexstring"'],
    needs: [],
    run(args, { backend: { scripts } }) {
      const script = args.data(0);
      const { asm, desc, type, address } = scripts.describe(script);
      const { p2sh, segwit } = scripts.wrappings(script);
      const inner = segwit && scripts.describe(segwit.script);
      return {
        asm,
        desc,
        address,
        type,
        p2sh,
        segwit: segwit && {
          asm: inner?.asm,
          desc: segwit.desc,
          hex: toHex(segwit.script),
          address: inner?.address,
          type: inner?.type,
          'p2sh-segwit': segwit.p2sh,
        },
      };
    },
  }),
];
