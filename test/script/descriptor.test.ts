import assert from 'node:assert/strict';
import { builtInNetwork } from '../../src/params/networks.ts';
import { descriptorChecksum, inferDescriptor, inferWshDescriptor } from '../../src/script/descriptor.ts';
import { fromHex } from '../../src/util/hex.ts';

describe('descriptors of output scripts', () => {
  it('have the checksum of BIP380', () => {
    assert.equal(descriptorChecksum('raw(deadbeef)'), '89f8spxm');
  });

  it('say what the bytes alone say', () => {
    const desc = (hex: string): string =>
      inferDescriptor(fromHex(hex), builtInNetwork('regtest')!.prefixes).replace(/#.{8}$/, '');
    assert.equal(
      desc('0014751e76e8199196d454941c45d1b3a323f1433bd6'),
      'addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)',
    );
    assert.equal(desc('6a0142'), 'raw(6a0142)');
    const key = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    assert.equal(desc(`21${key}ac`), `pk(${key})`);
    assert.equal(desc(`5121${key}21${key}52ae`), `multi(1,${key},${key})`);
    assert.equal(desc(`5120${key.slice(2)}`), `rawtr(${key.slice(2)})`);
  });

  it('name what a witness script says, with the checksums of Bitcoin Core', () => {
    const wsh = (hex: string): string | undefined => inferWshDescriptor(fromHex(hex));
    const key = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    assert.equal(wsh(`5121${key}51ae`), `wsh(multi(1,${key}))#ukecy0kt`);
    assert.equal(wsh(`5221${key}21${key}52ae`), `wsh(multi(2,${key},${key}))#e2vfg425`);
    for (const unknown of ['51', '02eeee', `21${key}ac`]) assert.equal(wsh(unknown), undefined, unknown);
  });
});
