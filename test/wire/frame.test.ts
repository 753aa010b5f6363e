import assert from 'node:assert/strict';
import { DecodeError } from '../../src/util/codec.ts';
import { toHex } from '../../src/util/hex.ts';
import { decodeEnvelope, decodeError, encodeEnvelope, encodeError, isRequestType } from '../../src/wire/frame.ts';
import { MAX_FRAME_BYTES, MAX_MESSAGE_PAYLOAD } from '../../src/wire/limits.ts';
import { chainOfHello, protocolIds } from '../../src/wire/protocolIds.ts';

describe('wire: request frames', () => {
  it('are type, request id (little-endian) and payload', () => {
    const frame = encodeEnvelope(0x01020304, { type: 0x82, payload: new Uint8Array([9, 8]) });
    assert.equal(toHex(frame), '82040302010908');
    assert.deepEqual(decodeEnvelope(frame), { type: 0x82, requestId: 0x01020304, payload: new Uint8Array([9, 8]) });
  });

  it('carry 4 MiB and not a byte more', () => {
    assert.equal(MAX_MESSAGE_PAYLOAD, 4_194_304);
    const payload = new Uint8Array(4_194_304);
    assert.equal(encodeEnvelope(1, { type: 1, payload }).length, MAX_FRAME_BYTES);
    assert.throws(() => encodeEnvelope(1, { type: 1, payload: new Uint8Array(4_194_305) }), RangeError);
    assert.throws(() => decodeEnvelope(new Uint8Array(4_194_305 + 5)), DecodeError);
  });

  it('need their five bytes of header', () => {
    for (let n = 0; n < 5; n++) assert.throws(() => decodeEnvelope(new Uint8Array(n)), DecodeError);
    assert.equal(decodeEnvelope(new Uint8Array(5)).payload.length, 0);
  });

  it('have request types below 0x7f, so that an answer never looks like an error', () => {
    assert.deepEqual([0, 1, 0x7e, 0x7f, 0x80, 0xff, 1.5, -1].map(isRequestType), [
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('say why in an error answer', () => {
    const { type, payload } = encodeError(3, 'too fast\n');
    assert.equal(type, 0xff);
    assert.equal(toHex(payload), '0309746f6f20666173743f');
    assert.deepEqual(decodeError(payload), { code: 3, text: 'too fast?' });
    assert.throws(() => decodeError(new Uint8Array([0, 0])), DecodeError);
    assert.throws(() => decodeError(new Uint8Array([200, 0])), DecodeError);
    assert.throws(() => decodeError(new Uint8Array([3, 1, 65, 66])), DecodeError);
    assert.throws(() => decodeError(new Uint8Array([3])), DecodeError);
  });
});

describe('wire: protocol ids', () => {
  it('contain the chain', () => {
    const ids = protocolIds('0123456789abcdef');
    assert.equal(ids.hello, '/cairn/0123456789abcdef/hello/1');
    assert.equal(ids.kad, '/cairn/0123456789abcdef/kad/1');
    assert.equal(ids.streams.sync, '/cairn/0123456789abcdef/sync/1');
    assert.equal(ids.streams.light, '/cairn/0123456789abcdef/light/1');
    assert.equal(ids.topics.block, '/cairn/0123456789abcdef/block/1');
  });

  it('refuse a short id that is none', () => {
    for (const bad of ['', '0123', '0123456789ABCDEF', '0123456789abcdeg', '0123456789abcdef0'])
      assert.throws(() => protocolIds(bad), RangeError);
  });

  it('tell the chain of a hello protocol', () => {
    assert.equal(chainOfHello('/cairn/0123456789abcdef/hello/2'), '0123456789abcdef');
    assert.equal(chainOfHello('/cairn/0123456789abcdef/sync/1'), undefined);
    assert.equal(chainOfHello('/meshsub/1.2.0'), undefined);
  });
});
