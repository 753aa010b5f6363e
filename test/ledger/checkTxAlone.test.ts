import { strict as assert } from 'node:assert';
import { checkTxAlone } from '../../src/ledger/tx/checkTxAlone.ts';
import { ZERO_HASH } from '../../src/primitives/hash.ts';
import { displayOutPoint, NULL_INDEX, type OutPoint } from '../../src/primitives/outpoint.ts';
import { decodeTx } from '../../src/primitives/tx.ts';
import { fromHex } from '../../src/util/hex.ts';
import { vectorJson } from '../support/vectors.ts';
import { accepted, freshOutPoint, input, output, refused, tx } from './fixture.ts';

const MAX_MONEY = 2_100_000_000_000_000n;
const NULL = { txid: ZERO_HASH, index: NULL_INDEX };
const coinbase = (length: number) => tx({ inputs: [input(NULL, { scriptSig: new Uint8Array(length) })] });

describe('ledger/checkTxAlone', () => {
  it('passes a sane transaction and returns that very one', () => {
    const t = tx();
    assert.equal(accepted(checkTxAlone(t)), t);
  });

  it("'bad-txns-vin-empty', before anything else", () => {
    refused(checkTxAlone(tx({ inputs: [], outputs: [] })), 'bad-txns-vin-empty');
  });

  it("'bad-txns-vout-empty'", () => {
    refused(checkTxAlone(tx({ outputs: [] })), 'bad-txns-vout-empty');
  });

  it("'bad-txns-oversize': 1,000,000 bytes without witness pass, one more does not", () => {
    const overhead = tx({ outputs: [output(0n, new Uint8Array(65_536))] }).strippedSize - 65_536;
    const sized = (size: number) => tx({ outputs: [output(0n, new Uint8Array(size - overhead))] });
    assert.equal(sized(1_000_000).strippedSize, 1_000_000);
    accepted(checkTxAlone(sized(1_000_000)));
    refused(checkTxAlone(sized(1_000_001)), 'bad-txns-oversize');
  });

  it('witness bytes do not count towards the size', () => {
    const big = tx({ inputs: [input(freshOutPoint(), { witness: [new Uint8Array(3_000_000)] })] });
    accepted(checkTxAlone(big));
  });

  it("'bad-txns-vout-negative': minus one satoshi and the smallest 64-bit number", () => {
    for (const value of [-1n, -(1n << 63n)])
      refused(checkTxAlone(tx({ outputs: [output(0n), output(value)] })), 'bad-txns-vout-negative');
  });

  it("'bad-txns-vout-toolarge': one satoshi above 21,000,000 coins", () => {
    accepted(checkTxAlone(tx({ outputs: [output(MAX_MONEY)] })));
    refused(checkTxAlone(tx({ outputs: [output(MAX_MONEY + 1n)] })), 'bad-txns-vout-toolarge');
    refused(checkTxAlone(tx({ outputs: [output((1n << 63n) - 1n)] })), 'bad-txns-vout-toolarge');
  });

  it("'bad-txns-txouttotal-toolarge': outputs that only together exceed it", () => {
    accepted(checkTxAlone(tx({ outputs: [output(MAX_MONEY - 1n), output(1n)] })));
    refused(checkTxAlone(tx({ outputs: [output(MAX_MONEY), output(1n)] })), 'bad-txns-txouttotal-toolarge');
  });

  it("'bad-txns-inputs-duplicate' (CVE-2018-17144), also when other inputs stand between", () => {
    const [a, b] = [freshOutPoint(), freshOutPoint()];
    refused(checkTxAlone(tx({ inputs: [input(a), input(b), input(a)] })), 'bad-txns-inputs-duplicate');
    accepted(checkTxAlone(tx({ inputs: [input(a), input({ ...a, index: 1 }), input(b)] })));
  });

  it("'bad-txns-inputs-duplicate' names the repeated outpoint, at any two places among any number of inputs", () => {
    for (const count of [2, 3, 8, 9, 20]) {
      const outpoints = Array.from({ length: count }, (_, i) => ({ ...freshOutPoint(), index: i % 2 }));
      accepted(checkTxAlone(tx({ inputs: outpoints.map((o) => input(o)) })));
      for (let k = 1; k < count; k++) {
        for (let i = 0; i < k; i++) {
          const again = outpoints[i] as OutPoint;
          const inputs = outpoints.map((o, at) => input(at === k ? { ...again, txid: again.txid.slice() } : o));
          const verdict = checkTxAlone(tx({ inputs }));
          refused(verdict, 'bad-txns-inputs-duplicate');
          assert.equal(verdict.ok ? '' : verdict.detail, `${displayOutPoint(again)} is spent twice`);
        }
      }
    }
  });

  it("'bad-cb-length': coinbase scripts of 2 to 100 bytes pass", () => {
    for (const length of [2, 100]) accepted(checkTxAlone(coinbase(length)));
    for (const length of [0, 1, 101]) refused(checkTxAlone(coinbase(length)), 'bad-cb-length');
  });

  it("'bad-txns-prevout-null': the null outpoint beside another input", () => {
    for (const inputs of [
      [input(NULL), input(freshOutPoint())],
      [input(freshOutPoint()), input(NULL)],
    ])
      refused(checkTxAlone(tx({ inputs })), 'bad-txns-prevout-null');
  });

  it('half of a null outpoint is an ordinary one', () => {
    accepted(checkTxAlone(tx({ inputs: [input({ txid: ZERO_HASH, index: 0 })] })));
    accepted(checkTxAlone(tx({ inputs: [input({ ...freshOutPoint(), index: NULL_INDEX })] })));
  });

  it('every transaction of tx_valid.json passes', function () {
    let seen = 0;
    for (const row of vectorJson<unknown[][]>(this, 'core/tx_valid.json')) {
      if (row.length === 1) continue;
      accepted(checkTxAlone(decodeTx(fromHex(row[1] as string))));
      seen++;
    }
    assert.ok(seen > 40);
  });

  it('every BADTX of tx_invalid.json fails, and every other passes', function () {
    let bad = 0;
    for (const row of vectorJson<unknown[][]>(this, 'core/tx_invalid.json')) {
      if (row.length === 1) continue;
      const verdict = checkTxAlone(decodeTx(fromHex(row[1] as string)));
      assert.equal(verdict.ok, row[2] !== 'BADTX', `${row[1]}`);
      if (!verdict.ok) bad++;
    }
    assert.ok(bad >= 5);
  });
});
