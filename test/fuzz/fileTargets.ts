import { strict as assert } from 'node:assert';
import { BlockRecords, framingOf } from '../../src/app/import/blockRecords.ts';
import { type ByteSource, deobfuscated } from '../../src/app/import/byteSource.ts';
import { FrameError, FrameReader } from '../../src/net/frames.ts';
import { BITCOIN_MAIN_DEFINITION } from '../../src/params/bitcoinMain.ts';
import { NetworkFileError } from '../../src/params/definition.ts';
import { parseNetworkFile } from '../../src/params/networkFile.ts';
import { CAIRN_DEVNET_DEFINITION, REGTEST_DEFINITION } from '../../src/params/networks.ts';
import { concatBytes } from '../../src/util/bytes.ts';
import { Writer } from '../../src/util/codec.ts';
import { fromHex } from '../../src/util/hex.ts';
import type { FuzzTarget } from './run.ts';
import * as S from './samples.ts';

const MAGIC = fromHex('fabfb5da');

const record = (block: Uint8Array): Uint8Array => new Writer().put(MAGIC).u32(block.length).put(block).finish();

/** A file in memory. */
const sourceOf = (bytes: Uint8Array): ByteSource => ({
  path: 'memory',
  size: bytes.length,
  read: async (at, size) => bytes.slice(at, at + size),
});

async function walkFile(source: ByteSource): Promise<boolean> {
  const framing = await framingOf(source, MAGIC);
  if (framing === undefined) return false;
  const records = new BlockRecords(source, framing, MAGIC);
  let at = -1;
  for (let found = await records.next(); found !== undefined; found = await records.next()) {
    assert.ok(found.offset > at && found.offset < source.size, 'records move on');
    at = found.offset;
    if ('length' in found) assert.ok(found.at + found.length <= source.size);
    else assert.equal(found.fault.rule, 'malformed');
  }
  return true;
}

/** What FrameReader needs of a stream: events, and answers that mean "go on". */
class FakeStream extends EventTarget {
  readonly status = 'open';
  readonly readStatus = 'readable';
  readonly readableEnded = false;
  readonly readBufferLength = 0;
  resume(): void {}
  pause(): void {}
}

const MAX_FRAME = 4096;

/** Gives the bytes in pieces, then the end; every frame is within the limit, and bad framing is a FrameError. */
async function readFrames(bytes: Uint8Array): Promise<boolean> {
  const stream = new FakeStream();
  const reader = new FrameReader(stream as unknown as ConstructorParameters<typeof FrameReader>[0], {
    maxFrame: MAX_FRAME,
    frameTimeoutMs: 1000,
    timers: { after: () => () => {}, every: () => () => {} },
  });
  const step = 1 + (bytes.length % 7) * 9;
  for (let at = 0; at < bytes.length; at += step)
    stream.dispatchEvent(Object.assign(new Event('message'), { data: bytes.subarray(at, at + step) }));
  stream.dispatchEvent(new Event('end'));
  try {
    let total = 0;
    for (let frame = await reader.read(); frame !== undefined; frame = await reader.read()) {
      assert.ok(frame.length <= MAX_FRAME);
      total += frame.length;
    }
    assert.ok(total <= bytes.length);
    return true;
  } catch (error) {
    if (error instanceof FrameError) return false;
    throw error;
  }
}

const frame = (size: number): Uint8Array =>
  concatBytes(size < 0x80 ? Uint8Array.of(size) : Uint8Array.of((size & 0x7f) | 0x80, size >> 7), new Uint8Array(size));

const JSON_SAMPLES = [CAIRN_DEVNET_DEFINITION, REGTEST_DEFINITION, BITCOIN_MAIN_DEFINITION].map(
  (definition) => new Uint8Array(Buffer.from(JSON.stringify(definition))),
);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const ODD: readonly Json[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 32,
  1e300,
  '',
  'ff',
  '00'.repeat(32),
  [],
  {},
  [[]],
  'x'.repeat(5000),
];

/** One value of the definition replaced, or one key removed, added or renamed; which one the bytes decide. */
function withOneChange(json: Json, bytes: Uint8Array): Json {
  let at = 0;
  const next = (n: number): number => (bytes[at++ % Math.max(1, bytes.length)] ?? 0) % n;
  const copy = structuredClone(json);
  let value: Json = copy;
  for (let depth = 0; depth < 6; depth++) {
    if (typeof value !== 'object' || value === null) break;
    const holder = value as { [key: string]: Json };
    const keys = Object.keys(holder);
    if (keys.length === 0) break;
    const key = keys[next(keys.length)] as string;
    const inner: Json = holder[key] as Json;
    if (typeof inner === 'object' && inner !== null && next(4) !== 0) {
      value = inner;
      continue;
    }
    const odd = ODD[next(ODD.length)] as Json;
    const what = next(4);
    if (what === 0) delete holder[key];
    else if (what === 1) holder[`${key}x`] = odd;
    else holder[key] = odd;
    break;
  }
  return copy;
}

function readDefinition(json: unknown): boolean {
  try {
    const network = parseNetworkFile(json);
    assert.equal(network.id16.length, 16);
    return true;
  } catch (error) {
    if (!(error instanceof NetworkFileError)) throw error;
    assert.ok(error.problems.length > 0 && error.problems.every((p) => p.length > 0 && p.length < 1000));
    return false;
  }
}

export const FILE_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'block file',
    samples: [
      concatBytes(record(S.BLOCK_BYTES), new Uint8Array(8), record(S.BLOCK_BYTES)),
      new Writer().u32(S.BLOCK_BYTES.length).put(S.BLOCK_BYTES).finish(),
    ],
    run: async (bytes) => {
      await walkFile(deobfuscated(sourceOf(bytes), S.hash(7).subarray(0, 8)));
      return walkFile(sourceOf(bytes));
    },
  },
  {
    name: 'frames',
    samples: [concatBytes(frame(3), frame(200)), frame(0), concatBytes(frame(127), frame(128), frame(1))],
    run: readFrames,
  },
  {
    name: 'network file',
    samples: JSON_SAMPLES,
    run: (bytes) => {
      let json: unknown;
      try {
        json = JSON.parse(Buffer.from(bytes).toString('utf8'));
      } catch {
        // What is no JSON is changed at one place instead, so that every input reaches the schema.
        const sample = JSON_SAMPLES[bytes.length % JSON_SAMPLES.length] as Uint8Array;
        json = withOneChange(JSON.parse(Buffer.from(sample).toString('utf8')) as Json, bytes);
      }
      return readDefinition(json);
    },
  },
];
