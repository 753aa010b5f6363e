import { strict as assert } from 'node:assert';
import { judgeOf } from '../../src/consensus/registry.ts';
import { workOf } from '../../src/primitives/compact.ts';
import { type BlockHeader, decodeHeader, HEADER_SIZE } from '../../src/primitives/header.ts';
import { vectorBytes } from '../support/vectors.ts';
import { Branch } from './branch.ts';
import { MAINNET } from './mainnet.ts';

const GENESIS = '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f';

function headersOf(bytes: Uint8Array): BlockHeader[] {
  assert.equal(bytes.length % HEADER_SIZE, 0);
  return Array.from({ length: bytes.length / HEADER_SIZE }, (_, i) =>
    decodeHeader(bytes.subarray(i * HEADER_SIZE, (i + 1) * HEADER_SIZE)),
  );
}

/** Judges headers one after another, from genesis; all must pass. */
function replay(headers: readonly BlockHeader[]): Branch<unknown> {
  const [genesis, ...rest] = headers;
  assert.equal(genesis?.id, GENESIS);
  const branch = new Branch(judgeOf(MAINNET), genesis as BlockHeader);
  for (const header of rest) {
    const verdict = branch.add(header);
    assert.ok(verdict.ok, verdict.ok ? '' : `height ${branch.headers.length}: ${verdict.rule} ${verdict.detail}`);
  }
  return branch;
}

describe('consensus: real Bitcoin headers', () => {
  it('the first 4500 of mainnet pass in order, through two retargets', function () {
    const branch = replay(headersOf(vectorBytes(this, 'headers/mainnet-0-4499.bin')));
    assert.equal(branch.headers.length, 4500);
    // Mainnet's target first changed at height 32256: these two retargets gave the limit again.
    assert.deepEqual(new Set(branch.headers.map((h) => h.bits)), new Set([0x1d00ffff]));
    const work = branch.headers.reduce((sum, h) => sum + workOf(h.bits), 0n);
    assert.equal(work, 4500n * 0x100010001n);
  });

  it('a side chain with real work passes its retarget to harder bits', function () {
    const branch = replay(headersOf(vectorBytes(this, 'headers/mainnet-alt-0-2016.bin')));
    assert.equal(branch.headers.length, 2017);
    assert.notEqual(branch.tip.bits, 0x1d00ffff);
  });

  it('the same headers with one bit flipped anywhere are refused or lose their successor', function () {
    const bytes = vectorBytes(this, 'headers/mainnet-0-4499.bin').slice(0, 40 * HEADER_SIZE);
    const whole = replay(headersOf(bytes));
    for (let i = HEADER_SIZE * 8; i < bytes.length * 8; i += 97) {
      const copy = bytes.slice();
      const at = i >> 3;
      copy[at] = (copy[at] as number) ^ (1 << (i & 7));
      const height = Math.floor(at / HEADER_SIZE);
      const branch = new Branch(judgeOf(MAINNET), whole.headers[0] as BlockHeader);
      for (let h = 1; h < height; h++) branch.add(whole.headers[h] as BlockHeader);
      const verdict = branch.add(headersOf(copy)[height] as BlockHeader);
      assert.equal(verdict.ok, false, `bit ${i} of height ${height}`);
    }
  });
});
