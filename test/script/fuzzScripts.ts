import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { hash160, sha256 } from '../../src/crypto/hash.ts';
import { payToPubKeyHash, payToScriptHash, payToWitness } from '../../src/primitives/outputScript.ts';
import { Tx, type TxOut } from '../../src/primitives/tx.ts';
import { SCRIPT_ERRORS } from '../../src/script/errors.ts';
import { pushData, pushNumber } from '../../src/script/push.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { concatBytes, EMPTY } from '../../src/util/bytes.ts';
import { toHex } from '../../src/util/hex.ts';
import { fillFlags, trimFlags } from './flagSets.ts';
import { oneLeaf } from './signedSpends.ts';

const KEYS = [33, 65, 32].map((n) => new Uint8Array(n).fill(2));
/** The shape of a signature; a real one of something else. */
const SIG = Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1, 1);

const item = fc.oneof(
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 6 }) },
  { weight: 2, arbitrary: fc.constantFrom(EMPTY, Uint8Array.of(1), Uint8Array.of(0x80), SIG, ...KEYS) },
  { weight: 1, arbitrary: fc.constantFrom(64, 65, 519, 520, 521).map((n) => new Uint8Array(n).fill(1)) },
);
const word = fc.oneof(
  { weight: 4, arbitrary: item.map(pushData) },
  { weight: 4, arbitrary: fc.integer({ min: -1, max: 17 }).map(pushNumber) },
  { weight: 1, arbitrary: fc.integer({ min: -(2 ** 39), max: 2 ** 39 }).map(pushNumber) },
  { weight: 9, arbitrary: fc.integer({ min: 0x61, max: 0xba }).map((opcode) => Uint8Array.of(opcode)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 5 }) },
);
const script = fc.array(word, { maxLength: 40 }).map((words) => concatBytes(...words));
const pushes = fc.array(item, { maxLength: 6 }).map((items) => concatBytes(...items.map(pushData)));

/** An output, and what its spender must add behind the given pushes and witness items so that the script runs at all. */
interface Shape {
  readonly scriptPubKey: Uint8Array;
  readonly scriptSig: Uint8Array;
  readonly witness: readonly Uint8Array[];
}
const KINDS: readonly ((inner: Uint8Array) => Shape)[] = [
  (inner) => ({ scriptPubKey: inner, scriptSig: EMPTY, witness: [] }),
  (inner) => ({ scriptPubKey: payToScriptHash(hash160(inner)), scriptSig: pushData(inner), witness: [] }),
  (inner) => ({
    scriptPubKey: payToWitness({ version: 0, program: sha256(inner) }),
    scriptSig: EMPTY,
    witness: [inner],
  }),
  (inner) => {
    const program = payToWitness({ version: 0, program: sha256(inner) });
    return { scriptPubKey: payToScriptHash(hash160(program)), scriptSig: pushData(program), witness: [inner] };
  },
  (inner) => {
    const { scriptPubKey, control } = oneLeaf(1, inner);
    return { scriptPubKey, scriptSig: EMPTY, witness: [inner, control] };
  },
  (inner) => ({ scriptPubKey: payToPubKeyHash(hash160(inner)), scriptSig: pushData(inner), witness: [] }),
];

const spend = fc
  .record({
    inner: script,
    kind: fc.nat(KINDS.length - 1),
    // Mostly what the kind needs, so that most scripts run.
    scriptSig: fc.oneof(
      { weight: 4, arbitrary: fc.constant(EMPTY) },
      { weight: 1, arbitrary: fc.oneof(pushes, script) },
    ),
    items: fc.array(item, { maxLength: 6 }),
    tail: fc.oneof(
      { weight: 8, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(item, { maxLength: 2 }) },
    ),
    version: fc.constantFrom(0, 1, 2, 0xffffffff),
    lockTime: fc.constantFrom(0, 16, 499_999_999, 500_000_000, 0xffffffff),
    sequence: fc.constantFrom(0, 16, 0x400010, 0x80000000, 0xfffffffe, 0xffffffff),
  })
  .map(({ inner, kind, scriptSig, items, tail, version, lockTime, sequence }) => {
    const shape = (KINDS[kind] as (inner: Uint8Array) => Shape)(inner);
    const witnessed = shape.witness.length > 0;
    const below = witnessed ? scriptSig : concatBytes(...items.map(pushData), scriptSig);
    const spent: TxOut[] = [{ value: 1000n, scriptPubKey: shape.scriptPubKey }];
    const tx = new Tx({
      version,
      lockTime,
      inputs: [
        {
          prevout: { txid: new Uint8Array(32).fill(1), index: 0 },
          scriptSig: concatBytes(below, shape.scriptSig),
          sequence,
          witness: [...(witnessed ? items : []), ...shape.witness, ...tail],
        },
      ],
      outputs: [{ value: 1n, scriptPubKey: EMPTY }],
    });
    return { tx, spent };
  });

/** CPU time, far above what the longest of these scripts needs on a slow machine. */
const MAX_MS = 1000;

/**
 * Random spends end in a verdict in bounded time; fewer flags never refuse what more flags accept, and the same question
 * gets the same answer. Returns how many ended in each way.
 */
export function fuzzScripts(runs: number): Map<string, number> {
  const seen = new Map<string, number>();
  const flagBits = fc.nat(0x1fffff);
  fc.assert(
    fc.property(spend, flagBits, flagBits, ({ tx, spent }, bits, others) => {
      const flags = fillFlags(bits);
      const start = process.cpuUsage();
      const verdict = verifyScript(tx, 0, spent, flags);
      const ms = process.cpuUsage(start).user / 1000;
      const text = (): string => `${toHex(tx.bytes)} ${toHex((spent[0] as TxOut).scriptPubKey)} ${flags}`;
      assert.ok(ms < MAX_MS, `${ms} ms: ${text()}`);
      const name = verdict.ok ? 'OK' : verdict.error;
      assert.ok(verdict.ok || Object.hasOwn(SCRIPT_ERRORS, verdict.error), name);
      seen.set(name, (seen.get(name) ?? 0) + 1);
      assert.deepEqual(verifyScript(tx, 0, spent, flags), verdict);
      const changed = verdict.ok ? trimFlags(flags & others) : fillFlags(flags | others);
      assert.equal(verifyScript(tx, 0, spent, changed).ok, verdict.ok, `${changed}: ${text()}`);
    }),
    { numRuns: runs },
  );
  return seen;
}
