import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { scriptToAsm } from '../../src/script/asm.ts';
import { fromHex } from '../../src/util/hex.ts';
import { vectorJson } from '../support/vectors.ts';

const SIG = `3044022001${'11'.repeat(31)}022002${'22'.repeat(31)}`;

describe('Scripts as text', () => {
  const cases: [string, string, boolean?][] = [
    ['', ''],
    ['00', '0'],
    ['4f5160', '-1 1 16'],
    ['0181', '-1'],
    ['01800100', '0 0'],
    ['04ffffff7f04ffffffff', '2147483647 -2147483647'],
    ['050102030405', '0102030405'],
    ['4c00', '0'],
    ['76a9b1b2b3ba', 'OP_DUP OP_HASH160 OP_CHECKLOCKTIMEVERIFY OP_CHECKSEQUENCEVERIFY OP_NOP4 OP_CHECKSIGADD'],
    ['bbfeff', 'OP_UNKNOWN OP_UNKNOWN OP_INVALIDOPCODE'],
    ['50626589', 'OP_RESERVED OP_VER OP_VERIF OP_RESERVED1'],
    ['5102', '1 [error]'],
    ['4c', '[error]'],
    ['4d0500aa', '[error]'],
    ['4effffffff00', '[error]'],
    [`47${SIG}01`, `${SIG}01`],
    [`47${SIG}01`, `${SIG}[ALL]`, true],
    [`47${SIG}02`, `${SIG}[NONE]`, true],
    [`47${SIG}83`, `${SIG}[SINGLE|ANYONECANPAY]`, true],
    [`47${SIG}04`, `${SIG}04`, true],
    [`6a47${SIG}01`, `OP_RETURN ${SIG}01`, true],
  ];
  for (const [hex, text, decode] of cases)
    it(`${hex.slice(0, 24) || 'empty'}${decode ? ' as input script' : ''} reads ${text.slice(-40)}`, () => {
      assert.equal(scriptToAsm(fromHex(hex), decode), text);
    });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (bytes, decode) => typeof scriptToAsm(bytes, decode) === 'string'),
    );
  });

  it("prints what Bitcoin Core's bitcoin-tx prints", function () {
    const files = [
      'txcreate1',
      'txcreate2',
      'txcreatedata1',
      'txcreatemultisig1',
      'txcreatescript1',
      'txcreatesignv1',
      'tt-delin1-out',
    ];
    let seen = 0;
    for (const file of files) {
      const tx = vectorJson<{
        vin: { scriptSig: { asm: string; hex: string } }[];
        vout: { scriptPubKey: { asm: string; hex: string } }[];
      }>(this, `core/util/${file}.json`);
      for (const { scriptSig } of tx.vin) {
        assert.equal(scriptToAsm(fromHex(scriptSig.hex), true), scriptSig.asm, file);
        seen++;
      }
      for (const { scriptPubKey } of tx.vout) {
        assert.equal(scriptToAsm(fromHex(scriptPubKey.hex)), scriptPubKey.asm, file);
        seen++;
      }
    }
    assert.ok(seen > 10);
  });
});
