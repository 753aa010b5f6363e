import { strict as assert } from 'node:assert';
import { classifyOutput } from '../../src/script/templates.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { fromHex } from '../../src/util/hex.ts';

const K = `02${'11'.repeat(32)}`;
const U = `04${'11'.repeat(64)}`;
const key = (hex: string): string => (hex.length / 2).toString(16).padStart(2, '0') + hex;

describe('Output templates', () => {
  const cases: [string, string][] = [
    [`${key(K)}ac`, 'pubkey'],
    [`${key(U)}ac`, 'pubkey'],
    [`${key(`06${'11'.repeat(64)}`)}ac`, 'pubkey'],
    [`${key(`05${'11'.repeat(32)}`)}ac`, 'nonstandard'],
    [`${key(`04${'11'.repeat(32)}`)}ac`, 'nonstandard'],
    [`4c21${K}ac`, 'nonstandard'],
    [`76a914${'22'.repeat(20)}88ac`, 'pubkeyhash'],
    [`76a913${'22'.repeat(19)}88ac`, 'nonstandard'],
    [`76a94c14${'22'.repeat(20)}88ac`, 'nonstandard'],
    [`a914${'22'.repeat(20)}87`, 'scripthash'],
    [`a914${'22'.repeat(20)}88`, 'nonstandard'],
    [`0014${'22'.repeat(20)}`, 'witness_v0_keyhash'],
    [`0020${'22'.repeat(32)}`, 'witness_v0_scripthash'],
    [`0015${'22'.repeat(21)}`, 'nonstandard'],
    [`5120${'22'.repeat(32)}`, 'witness_v1_taproot'],
    ['51024e73', 'anchor'],
    ['51024e74', 'witness_unknown'],
    [`5114${'22'.repeat(20)}`, 'witness_unknown'],
    [`6028${'22'.repeat(40)}`, 'witness_unknown'],
    [`6029${'22'.repeat(41)}`, 'nonstandard'],
    ['510122', 'nonstandard'],
    [`6120${'22'.repeat(32)}`, 'nonstandard'],
    ['6a', 'nulldata'],
    ['6a50', 'nulldata'],
    [`6a4c50${'22'.repeat(80)}`, 'nulldata'],
    ['6a61', 'nonstandard'],
    ['6a0222', 'nonstandard'],
    ['', 'nonstandard'],
    ['51', 'nonstandard'],
    [`51${key(K)}51ae`, 'multisig'],
    [`52${key(K)}${key(U)}52ae`, 'multisig'],
    [`52${key(K)}51ae`, 'nonstandard'],
    [`51${key(K)}52ae`, 'nonstandard'],
    [`00${key(K)}51ae`, 'nonstandard'],
    [`51${key(K)}51af`, 'nonstandard'],
    [`51${key(K)}5161ae`, 'nonstandard'],
    [`0101${key(K)}51ae`, 'nonstandard'],
    [`51${key(K).repeat(17)}0111ae`, 'multisig'],
    [`51${key(K).repeat(20)}0114ae`, 'multisig'],
    [`51${key(K).repeat(21)}0115ae`, 'nonstandard'],
    [`51${key(K).repeat(17)}4c0111ae`, 'nonstandard'],
    [`51${key(K).repeat(17)}021100ae`, 'nonstandard'],
    ['5151ae', 'nonstandard'],
    ['ae', 'nonstandard'],
  ];
  for (const [hex, type] of cases)
    it(`${hex.length > 40 ? `${hex.slice(0, 40)}…` : hex || 'empty'} is ${type}`, () => {
      assert.equal(classifyOutput(fromHex(hex)).type, type);
    });

  it('hands out hashes, keys and counts', () => {
    const multisig = classifyOutput(fromHex(`52${key(K)}${key(U)}${key(K)}53ae`));
    assert.ok(multisig.type === 'multisig');
    assert.equal(multisig.required, 2);
    assert.deepEqual(
      multisig.keys.map((k) => k.length),
      [33, 65, 33],
    );
    const taproot = classifyOutput(concatBytes(fromHex('5120'), new Uint8Array(32).fill(9)));
    assert.ok(taproot.type === 'witness_v1_taproot');
    assert.deepEqual([taproot.version, taproot.program.length, taproot.program[0]], [1, 32, 9]);
  });
});
