import assert from 'node:assert/strict';
import { OP } from '../../src/script/opcodes.ts';
import { pushData } from '../../src/script/push.ts';
import { hasValidOps, holdsOpSuccess, looksLikeScript } from '../../src/script/validOps.ts';
import { concatBytes } from '../../src/util/bytes.ts';

describe('script/validOps', () => {
  it('opcodes up to OP_NOP10 exist, later ones do not', () => {
    assert.equal(hasValidOps(Uint8Array.of()), true);
    assert.equal(hasValidOps(Uint8Array.of(OP.OP_RESERVED, OP.OP_VERIF, OP.OP_CAT, OP.OP_NOP10)), true);
    assert.equal(hasValidOps(Uint8Array.of(OP.OP_NOP10 + 1)), false);
    assert.equal(hasValidOps(Uint8Array.of(OP.OP_1, OP.OP_INVALIDOPCODE)), false);
  });

  it('pushes are whole and have at most 520 bytes', () => {
    assert.equal(hasValidOps(pushData(new Uint8Array(520))), true);
    assert.equal(hasValidOps(pushData(new Uint8Array(521))), false);
    for (const length of [20, 76, 300]) {
      const script = pushData(new Uint8Array(length));
      assert.equal(hasValidOps(script), true);
      for (let cut = 1; cut < script.length; cut++) assert.equal(hasValidOps(script.subarray(0, cut)), false);
    }
    assert.equal(hasValidOps(Uint8Array.of(OP.OP_PUSHDATA4, 0xff, 0xff, 0xff, 0xff, 1)), false);
  });

  it('a script of a real transaction has at most 10,000 bytes as well', () => {
    assert.equal(looksLikeScript(new Uint8Array(10_000)), true);
    assert.equal(looksLikeScript(new Uint8Array(10_001)), false);
    assert.equal(looksLikeScript(Uint8Array.of(OP.OP_INVALIDOPCODE)), false);
  });

  it('OP_SUCCESS opcodes count where they are opcodes, before the first broken push', () => {
    assert.equal(holdsOpSuccess(Uint8Array.of(OP.OP_1, OP.OP_CAT)), true);
    assert.equal(holdsOpSuccess(pushData(Uint8Array.of(OP.OP_CAT))), false);
    assert.equal(holdsOpSuccess(concatBytes(pushData(Uint8Array.of(1)), Uint8Array.of(5, OP.OP_CAT))), false);
    assert.equal(holdsOpSuccess(Uint8Array.of(OP.OP_1, OP.OP_CHECKSIG)), false);
  });
});
