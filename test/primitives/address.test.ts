import { strict as assert } from 'node:assert';
import { bech32, bech32m } from '@scure/base';
import fc from 'fast-check';
import { type AddressPrefixes, decodeAddress, encodeAddress } from '../../src/primitives/address.ts';
import { decodeBase58, decodeBase58Check, encodeBase58, encodeBase58Check } from '../../src/primitives/base58.ts';
import { payToWitness } from '../../src/primitives/outputScript.ts';
import { decodeWif, encodeWif } from '../../src/primitives/wif.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { vectorJson, vectorText } from '../support/vectors.ts';

const test = {
  pubKeyHash: 111,
  scriptHash: 196,
  wif: 239,
  bip32Public: 0x043587cf,
  bip32Private: 0x04358394,
  bip44CoinType: 1,
};
const PREFIXES: Record<string, AddressPrefixes> = {
  main: {
    pubKeyHash: 0,
    scriptHash: 5,
    wif: 128,
    bech32: 'bc',
    bip32Public: 0x0488b21e,
    bip32Private: 0x0488ade4,
    bip44CoinType: 0,
  },
  test: { ...test, bech32: 'tb' },
  testnet4: { ...test, bech32: 'tb' },
  signet: { ...test, bech32: 'tb' },
  regtest: { ...test, bech32: 'bcrt' },
};
const REGTEST = PREFIXES.regtest as AddressPrefixes;

describe('Addresses and keys as text', () => {
  it("are read and written as in Bitcoin Core's key_io_valid.json", function () {
    interface Info {
      readonly chain: string;
      readonly isPrivkey: boolean;
      readonly isCompressed?: boolean;
      readonly tryCaseFlip?: boolean;
    }
    const rows = vectorJson<[string, string, Info][]>(this, 'core/key_io_valid.json');
    assert.ok(rows.length >= 70);
    for (const [text, hex, info] of rows) {
      const prefixes = PREFIXES[info.chain];
      assert.ok(prefixes !== undefined, `unknown chain ${info.chain}`);
      if (info.isPrivkey) {
        const key = decodeWif(text, prefixes);
        assert.equal(toHex(key?.privateKey as Uint8Array), hex);
        assert.equal(key?.compressed, info.isCompressed);
        assert.equal(encodeWif({ privateKey: fromHex(hex), compressed: info.isCompressed === true }, prefixes), text);
        assert.equal(decodeAddress(text, prefixes).ok, false, 'a key is no address');
        continue;
      }
      const address = decodeAddress(text, prefixes);
      assert.ok(address.ok, text);
      assert.equal(toHex(address.value.scriptPubKey), hex);
      assert.equal(
        encodeAddress(address.value.scriptPubKey, prefixes),
        text.toLowerCase().startsWith(prefixes.bech32) ? text.toLowerCase() : text,
      );
      assert.equal(decodeWif(text, prefixes), undefined, 'an address is no key');
      const flipped = [...text].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join('');
      const other = decodeAddress(flipped, prefixes);
      assert.equal(other.ok, info.tryCaseFlip === true, flipped);
    }
  });

  it("are refused on every network as in Bitcoin Core's key_io_invalid.json, with a reason", function () {
    const rows = vectorJson<[string][]>(this, 'core/key_io_invalid.json');
    assert.ok(rows.length >= 70);
    for (const [text] of rows) {
      for (const [chain, prefixes] of Object.entries(PREFIXES)) {
        const address = decodeAddress(text, prefixes);
        assert.ok(!address.ok && address.error.length > 0, `${chain} ${text}`);
        assert.equal(decodeWif(text, prefixes), undefined, `${chain} ${text}`);
      }
    }
  });

  for (const file of ['bip173', 'bip350']) {
    it(`are read as in ${file}`, function () {
      const text = vectorText(this, `bips/${file}-testvectors.txt`);
      const valid = [...text.matchAll(/<tt>([a-zA-Z0-9]+)<\/tt>: <tt>([0-9a-f]+)<\/tt>/g)];
      assert.ok(valid.length >= 4, `${valid.length} valid`);
      for (const [, address, script] of valid as unknown as [string, string, string][]) {
        const prefixes = PREFIXES[address.toLowerCase().startsWith('bc1') ? 'main' : 'test'] as AddressPrefixes;
        const decoded = decodeAddress(address, prefixes);
        // BIP173 gave witness versions 1 and up the old checksum; BIP350 withdrew that.
        const withdrawn = file === 'bip173' && !script.startsWith('00');
        assert.equal(decoded.ok, !withdrawn, address);
        if (!decoded.ok) continue;
        assert.equal(toHex(decoded.value.scriptPubKey), script);
        assert.equal(encodeAddress(decoded.value.scriptPubKey, prefixes), address.toLowerCase());
      }
      const section = text.slice(text.search(/invalid segwit addresses|not valid segwit|invalid segwit/i));
      const invalid = [...section.matchAll(/<tt>([a-zA-Z0-9]+)<\/tt>/g)];
      assert.ok(invalid.length >= 8, `${invalid.length} invalid`);
      for (const [, address] of invalid as unknown as [string, string][])
        for (const prefixes of Object.values(PREFIXES))
          assert.equal(decodeAddress(address, prefixes).ok, false, address);
    });
  }
});

describe('Errors of decodeAddress', () => {
  const program20 = new Uint8Array(20).fill(3);
  const good = bech32.encode('bcrt', [0, ...bech32.toWords(program20)]);
  const segwit = (code: typeof bech32, version: number, program: Uint8Array): string =>
    code.encode('bcrt', [version, ...bech32.toWords(program)]);
  const base58 = (...bytes: number[]): string => encodeBase58Check(Uint8Array.from(bytes));
  const swap = (text: string, ...at: number[]): string =>
    [...text].map((c, i) => (at.includes(i) ? (c === 'q' ? 'p' : 'q') : c)).join('');

  const cases: [what: string, text: string, error: string, locations?: number[]][] = [
    ['empty', '', 'Invalid checksum or length of Base58 address (P2PKH or P2SH)'],
    ['other characters', 'asfah14i8fajz0123f', 'Invalid or unsupported Segwit (Bech32) or Base58 encoding.'],
    [
      'another network',
      'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
      'Invalid or unsupported Segwit (Bech32) or Base58 encoding.',
    ],
    ['base58 of another network', base58(0, ...program20), 'Invalid or unsupported Base58-encoded address.'],
    [
      'base58 one byte short',
      base58(111, ...program20.subarray(1)),
      'Invalid length for Base58 address (P2PKH or P2SH)',
    ],
    [
      'base58 one byte long',
      base58(111, 1, ...program20),
      'Invalid checksum or length of Base58 address (P2PKH or P2SH)',
    ],
    [
      'base58 with a wrong character',
      swapLast(base58(111, ...program20)),
      'Invalid checksum or length of Base58 address (P2PKH or P2SH)',
    ],
    ['base58 of great length', '1'.repeat(1_000_000), 'Invalid or unsupported Segwit (Bech32) or Base58 encoding.'],
    [
      'version 0 with the new checksum',
      segwit(bech32m, 0, program20),
      'Version 0 witness address must use Bech32 checksum',
    ],
    [
      'version 1 with the old checksum',
      segwit(bech32, 1, new Uint8Array(32)),
      'Version 1+ witness address must use Bech32m checksum',
    ],
    ['version 17', segwit(bech32m, 17, new Uint8Array(32)), 'Invalid Bech32 address witness version'],
    [
      'version 0 with 21 bytes',
      segwit(bech32, 0, new Uint8Array(21)),
      'Invalid Bech32 v0 address program size (21 bytes), per BIP141',
    ],
    [
      'version 1 with 41 bytes',
      segwit(bech32m, 1, new Uint8Array(41)),
      'Invalid Bech32 address program size (41 bytes)',
    ],
    ['version 1 with 1 byte', segwit(bech32m, 1, new Uint8Array(1)), 'Invalid Bech32 address program size (1 byte)'],
    ['no data', bech32.encode('bcrt', []), 'Empty Bech32 data section'],
    [
      'padding that is not zero',
      bech32.encode('bcrt', [0, ...bech32.toWords(program20), 1]),
      'Invalid padding in Bech32 data section',
    ],
    [
      'a longer prefix',
      bech32.encode('bcrtx', [0, ...bech32.toWords(program20)]),
      'Invalid or unsupported prefix for Segwit (Bech32) address (expected bcrt, got bcrtx).',
    ],
    ['too long', `${good}${'q'.repeat(91 - good.length)}`, 'Bech32 string too long', [90]],
    ['no separator', 'bcrtqqqqqqqqqqqqqqqqqq', 'Missing separator', []],
    ['separator at the end', 'bcrt1qqqqq', 'Invalid separator position', [4]],
    [
      'mixed case',
      `${good.slice(0, 10)}${good.slice(10, 11).toUpperCase()}${good.slice(11)}`,
      'Invalid character or mixed case',
      [10],
    ],
    ['a character outside ASCII', `${good.slice(0, 10)}é${good.slice(11)}`, 'Invalid character or mixed case', [10]],
    ['a character bech32 lacks', `${good.slice(0, 10)}b${good.slice(11)}`, 'Invalid Base 32 character', [10]],
    ['one wrong character', swap(good, 20), 'Invalid Bech32 checksum', [20]],
    ['one wrong character, upper case', swap(good, 20).toUpperCase(), 'Invalid Bech32 checksum', [20]],
    ['two wrong characters', swap(good, 12, 37), 'Invalid Bech32 checksum', [12, 37]],
    [
      'a wrong character, new checksum',
      swap(segwit(bech32m, 1, new Uint8Array(32).fill(7)), 30),
      'Invalid Bech32m checksum',
      [30],
    ],
    ['a wrong checksum character', swap(good, good.length - 1), 'Invalid Bech32 checksum', [good.length - 1]],
  ];
  for (const [what, text, error, locations = []] of cases)
    it(`${what}: ${error}`, () => {
      const address = decodeAddress(text, REGTEST);
      assert.ok(!address.ok);
      assert.equal(address.error, error);
      assert.deepEqual([...address.errorLocations], locations);
    });

  it('locate any one or two wrong characters of the data part', () => {
    const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
    const change = fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 31 }));
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 0, max: 16 }),
        change,
        change,
        (program, version, a, b) => {
          const text = (version === 0 ? segwit(bech32, 0, program) : segwit(bech32m, version, program)) as string;
          const chars = [...text];
          const places = new Set<number>();
          for (const [at, shift] of [a, b]) {
            const place = 5 + (at % (text.length - 5));
            if (places.has(place)) continue;
            places.add(place);
            chars[place] = CHARSET[(CHARSET.indexOf(chars[place] as string) ^ shift) & 31] as string;
          }
          const address = decodeAddress(chars.join(''), REGTEST);
          assert.ok(!address.ok);
          const named = version === 0 ? 'Invalid Bech32 checksum' : 'Invalid Bech32m checksum';
          // The other checksum may explain the string with as few errors.
          if (address.error === named)
            assert.deepEqual(
              [...address.errorLocations],
              [...places].sort((x, y) => x - y),
            );
          else assert.ok(address.errorLocations.length <= places.size);
        },
      ),
      { numRuns: 200 },
    );
  });
});

function swapLast(text: string): string {
  return text.slice(0, -1) + (text.endsWith('z') ? 'y' : 'z');
}

describe('encodeAddress', () => {
  it('has no address for scripts without one', () => {
    for (const hex of ['', '51', '6a', `21${'02'.repeat(33)}ac`, `0015${'11'.repeat(21)}`])
      assert.equal(encodeAddress(fromHex(hex), REGTEST), undefined, hex);
  });

  it('is undone by decodeAddress for every witness program', () => {
    const lengths = fc.integer({ min: 2, max: 40 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        lengths.chain((n) => fc.uint8Array({ minLength: n, maxLength: n })),
        (version, program) => {
          const script = payToWitness({ version, program });
          const decoded = decodeAddress(encodeAddress(script, REGTEST) as string, REGTEST);
          assert.ok(decoded.ok);
          assert.deepEqual(decoded.value.scriptPubKey, script);
          assert.equal(decoded.value.witness?.version, version);
          assert.deepEqual(decoded.value.witness?.program, program);
        },
      ),
    );
  });

  it('names the kind of destination', () => {
    const types: [string, string][] = [
      [`76a914${'11'.repeat(20)}88ac`, 'pubkeyhash'],
      [`a914${'11'.repeat(20)}87`, 'scripthash'],
      [`0014${'11'.repeat(20)}`, 'witness_v0_keyhash'],
      [`0020${'11'.repeat(32)}`, 'witness_v0_scripthash'],
      [`5120${'11'.repeat(32)}`, 'witness_v1_taproot'],
      ['51024e73', 'anchor'],
      [`5220${'11'.repeat(32)}`, 'witness_unknown'],
    ];
    for (const [hex, type] of types) {
      const decoded = decodeAddress(encodeAddress(fromHex(hex), REGTEST) as string, REGTEST);
      assert.ok(decoded.ok && decoded.value.type === type, type);
    }
  });
});

describe('Base58', () => {
  it("passes Bitcoin Core's vectors", function () {
    for (const [hex, text] of vectorJson<[string, string][]>(this, 'core/base58_encode_decode.json')) {
      assert.equal(encodeBase58(fromHex(hex)), text);
      assert.equal(toHex(decodeBase58(text) ?? fromHex('ee')), hex.length / 2 <= 100 ? hex.toLowerCase() : 'ee');
    }
  });
  it('skips white space around, not within', () => {
    assert.equal(toHex(decodeBase58(' \t\n\v\f\r2g \r\f\v\n\t ') as Uint8Array), '61');
    assert.equal(decodeBase58('2 g'), undefined);
    assert.equal(decodeBase58('2g\u00a0'), undefined);
  });
  it('takes linear time over blanks, wherever they are', () => {
    const start = performance.now();
    for (const blank of [' ', '\n', '\t'])
      for (const text of [`z${blank.repeat(1_000_000)}z`, `${blank.repeat(1_000_000)}0`, blank.repeat(1_000_000)])
        assert.ok((decodeBase58(text) ?? []).length === 0);
    // Quadratic time would be minutes.
    assert.ok(performance.now() - start < 5000);
  });

  it('refuses 0, O, I, l and more bytes than asked for', () => {
    for (const text of ['0', 'O', 'I', 'l', '2g!']) assert.equal(decodeBase58(text), undefined);
    assert.equal(decodeBase58('1111', 3), undefined);
    assert.equal(decodeBase58('111', 3)?.length, 3);
  });
  it('reads up to 100 bytes, whatever they are', () => {
    assert.equal(decodeBase58(encodeBase58(new Uint8Array(100).fill(255)))?.length, 100);
    assert.equal(decodeBase58(encodeBase58(new Uint8Array(101).fill(1))), undefined);
    assert.equal(decodeBase58('1'.repeat(100))?.length, 100);
    assert.equal(decodeBase58('1'.repeat(101)), undefined);
  });
  it('check: refuses fewer than four bytes and any changed character', () => {
    assert.equal(decodeBase58Check('', 10), undefined);
    assert.equal(decodeBase58Check('1', 10), undefined);
    const text = encodeBase58Check(fromHex('0102030405'));
    assert.equal(toHex(decodeBase58Check(text, 5) as Uint8Array), '0102030405');
    assert.equal(decodeBase58Check(text, 4), undefined);
    for (let i = 0; i < text.length; i++) {
      const changed = text.slice(0, i) + (text[i] === 'z' ? 'y' : 'z') + text.slice(i + 1);
      assert.equal(decodeBase58Check(changed, 5), undefined);
    }
  });
});

describe('Wallet import format', () => {
  it('refuses keys that are zero or above the order, another suffix, another prefix', () => {
    const order = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
    for (const privateKey of [new Uint8Array(32), order])
      assert.equal(decodeWif(encodeWif({ privateKey, compressed: true }, REGTEST), REGTEST), undefined);
    const key = new Uint8Array(32).fill(1);
    assert.equal(decodeWif(encodeBase58Check(Uint8Array.from([239, ...key, 2])), REGTEST), undefined);
    assert.equal(decodeWif(encodeBase58Check(Uint8Array.from([239, ...key.subarray(1)])), REGTEST), undefined);
    assert.equal(decodeWif(encodeWif({ privateKey: key, compressed: true }, { wif: 128 }), REGTEST), undefined);
  });
});
