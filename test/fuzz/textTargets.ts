import { strict as assert } from 'node:assert';
import { parseScriptText } from '../../src/app/cli/scriptWords.ts';
import { parsePrevouts } from '../../src/app/cli/txPrevouts.ts';
import { ExitError } from '../../src/app/exit.ts';
import { decodeDump, encodeDump } from '../../src/mempool/dump.ts';
import { parseJson, writeJson } from '../../src/rpc/json.ts';
import { decodeRawTx } from '../../src/rpc/rawTx.ts';
import { scriptToAsm } from '../../src/script/asm.ts';
import { looksLikeScript } from '../../src/script/validOps.ts';
import { toHex } from '../../src/util/hex.ts';
import { lookAtTx } from './primitiveTargets.ts';
import type { FuzzTarget } from './run.ts';
import { isPassed } from './same.ts';
import * as S from './samples.ts';

const utf8 = (...texts: string[]): Uint8Array[] => texts.map((t) => new Uint8Array(Buffer.from(t)));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** What people type is refused with exit code 64 and words, never with a crash. */
function refusedInWords(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    assert.equal(error.exitCode, 64);
    assert.ok(error.message.length > 0);
    return false;
  }
}

const FORMS = { witness: true, legacy: true, looksLikeScript };
const SPENT = { scriptPubKey: toHex(S.P2WPKH), amount: 0.5 };
const PREVOUTS = [
  [SPENT, { ...SPENT, amount: '20999999.99999999' }],
  [
    { ...SPENT, txid: '02'.repeat(32), vout: 2 },
    { scriptPubKey: { hex: '51' }, value: 1e-8, txid: '01'.repeat(32), vout: 1 },
  ],
  [`0100000000000000016a`, `00000000000000000151`],
].map((json) => JSON.stringify(json));

/** Text, and the file of the pool: what people, RPC clients and the disk give. */
export const TEXT_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'pool file',
    samples: [
      encodeDump([
        { tx: S.LEGACY_TX, timeMs: 1_700_000_000_000 },
        { tx: S.SEGWIT_TX, timeMs: 0 },
      ]),
      encodeDump([]),
    ],
    run: (bytes) => {
      const read = decodeDump(bytes);
      if (read.ok) for (const { tx } of read.value) lookAtTx(tx);
      return isPassed(read);
    },
  },
  {
    name: 'transaction in hex',
    samples: utf8(...[S.LEGACY_TX, S.SEGWIT_TX, S.EMPTY_TX].map((tx) => toHex(tx.bytes))),
    run: (bytes) => {
      // Not every change leaves hex: the bytes themselves are written as hex, too.
      const texts = [textOf(bytes), toHex(bytes)];
      const found = texts.map((text) => decodeRawTx(text, FORMS));
      for (const tx of found) if (tx !== undefined) lookAtTx(tx);
      return found.some((tx) => tx !== undefined);
    },
  },
  {
    name: 'request text',
    samples: utf8(
      '{"jsonrpc":"2.0","id":12345678901234567890,"method":"getblock","params":["00ff",2,{"a":[null,true,-1.5e-7]}]}',
      `${'['.repeat(40)}"\\u00e9\\n"${']'.repeat(40)}`,
    ),
    run: (bytes) => {
      const parsed = parseJson(textOf(bytes));
      if (parsed === undefined) return false;
      // What was taken can be echoed, and means the same when it is read again.
      const written = writeJson(parsed.value, 2);
      assert.equal(writeJson(parseJson(written)?.value ?? null), writeJson(parsed.value));
      return true;
    },
  },
  {
    name: 'script in words',
    samples: utf8(
      '2 3 OP_ADD 5 equal',
      "OP_IF <00ff> 'text' 0x4c01 else -1 ENDIF",
      scriptToAsm(S.P2PKH),
      toHex(S.P2TR),
    ),
    run: (bytes) =>
      refusedInWords(() => {
        const script = parseScriptText(textOf(bytes), '--script');
        assert.ok(script.length <= 6 * bytes.length);
        assert.deepEqual(parseScriptText(toHex(script), '--script'), script);
      }),
  },
  {
    name: 'prevouts',
    samples: utf8(...PREVOUTS),
    run: (bytes) =>
      refusedInWords(() => {
        const spent = parsePrevouts(textOf(bytes), S.LEGACY_TX);
        assert.equal(spent.length, S.LEGACY_TX.inputs.length);
      }),
  },
];
