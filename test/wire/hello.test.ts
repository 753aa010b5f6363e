import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DecodeError } from '../../src/util/codec.ts';
import { toHex } from '../../src/util/hex.ts';
import { decodeHelloMessage, encodeHelloMessage } from '../../src/wire/hello.ts';
import { checkHello } from '../../src/wire/helloCheck.ts';
import type { Hello } from '../../src/wire/peer.ts';

const base: Hello = {
  minVersion: 1,
  maxVersion: 1,
  chainId: new Uint8Array(32).fill(1),
  group: 'g',
  role: 'full',
  services: 7,
  userAgent: 'cairn/0.1.0',
  height: 3,
  bestHash: new Uint8Array(32).fill(2),
  chainWork: 0x0102n,
  timeMs: 1_700_000_000_000,
};

const text = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
  maxLength: 256,
});
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const hello: fc.Arbitrary<Hello> = fc.record(
  {
    minVersion: fc.constant(1),
    maxVersion: fc.integer({ min: 1, max: 0xffff }),
    chainId: hash,
    group: text,
    role: text,
    services: fc.integer({ min: 0, max: 0xffffffff }),
    userAgent: text,
    height: fc.integer({ min: 0, max: 0xffffffff }),
    bestHash: hash,
    chainWork: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
    timeMs: fc.integer({ min: 0, max: 253_402_300_800_000 }),
  },
  { noNullPrototype: true },
);

describe('wire: hello', () => {
  it('has these bytes', () => {
    assert.equal(
      toHex(encodeHelloMessage({ kind: 'hello', hello: base })),
      `01${'0100'.repeat(2)}${'01'.repeat(32)}0167${'04'}66756c6c07000000${'0b'}636169726e2f302e312e3003000000${'02'.repeat(32)}` +
        `0201${'00'.repeat(30)}0068e5cf8b010000`,
    );
    assert.equal(toHex(encodeHelloMessage({ kind: 'accept' })), '02');
    assert.equal(toHex(encodeHelloMessage({ kind: 'refuse', refusal: 'wrong-group', detail: 'x' })), '03020178');
  });

  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(hello, (h) => {
        assert.deepEqual(decodeHelloMessage(encodeHelloMessage({ kind: 'hello', hello: h })), {
          kind: 'hello',
          hello: h,
        });
      }),
      { numRuns: 200 },
    );
  });

  it('answers any bytes with a message or a DecodeError, and every message with the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1100 }), fc.integer({ min: 1, max: 3 }), (bytes, kind) => {
        if (bytes.length > 0) bytes[0] = kind;
        try {
          assert.deepEqual(encodeHelloMessage(decodeHelloMessage(bytes)), bytes);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is refused cut off at any byte, and with a byte too many', () => {
    const bytes = encodeHelloMessage({ kind: 'hello', hello: base });
    for (let n = 0; n < bytes.length; n++) assert.throws(() => decodeHelloMessage(bytes.subarray(0, n)), DecodeError);
    assert.throws(() => decodeHelloMessage(new Uint8Array([...bytes, 0])), DecodeError);
  });

  it('carries printable ASCII up to 256 bytes and nothing else', () => {
    const long = { ...base, userAgent: 'x'.repeat(257) };
    assert.throws(() => encodeHelloMessage({ kind: 'hello', hello: long }), RangeError);
    assert.throws(() => encodeHelloMessage({ kind: 'hello', hello: { ...base, role: 'voll\u0007' } }), RangeError);
    const bytes = encodeHelloMessage({ kind: 'hello', hello: base });
    bytes[38] = 0x1b; // the only character of group: an escape would reach terminals
    assert.throws(() => decodeHelloMessage(bytes), DecodeError);
  });

  it('refuses reversed versions, unknown kinds and unknown refusals', () => {
    const bytes = encodeHelloMessage({ kind: 'hello', hello: { ...base, minVersion: 2, maxVersion: 1 } });
    assert.throws(() => decodeHelloMessage(bytes), DecodeError);
    assert.throws(() => decodeHelloMessage(new Uint8Array([4])), DecodeError);
    assert.throws(() => decodeHelloMessage(new Uint8Array([3, 99, 0])), DecodeError);
  });

  it('replaces what a refusal cannot carry', () => {
    const sent = encodeHelloMessage({ kind: 'refuse', refusal: 'malformed', detail: `ü${'y'.repeat(400)}` });
    assert.deepEqual(decodeHelloMessage(sent), {
      kind: 'refuse',
      refusal: 'malformed',
      detail: `?${'y'.repeat(255)}`,
    });
  });
});

describe('wire: who may be a peer', () => {
  const refusal = (theirs: Partial<Hello>) => checkHello(base, { ...base, ...theirs })?.refusal;

  it('the same chain, group and an overlapping version range', () => {
    assert.equal(refusal({}), undefined);
    assert.equal(refusal({ minVersion: 0, maxVersion: 9 }), undefined);
    assert.equal(refusal({ role: 'light', height: 0 }), undefined);
  });

  it('not another chain, version range or group', () => {
    assert.equal(refusal({ chainId: new Uint8Array(32) }), 'wrong-chain');
    assert.equal(refusal({ minVersion: 2, maxVersion: 3 }), 'wrong-version');
    assert.equal(refusal({ minVersion: 0, maxVersion: 0 }), 'wrong-version');
    assert.equal(refusal({ group: 'h' }), 'wrong-group');
    assert.equal(refusal({ group: 'h', chainId: new Uint8Array(32) }), 'wrong-chain');
  });

  it('without telling the group, which is what admits to it', () => {
    assert.doesNotMatch(checkHello(base, { ...base, group: 'secret' })?.detail ?? '', /secret|g'/);
  });
});
