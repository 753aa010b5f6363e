import { strict as assert } from 'node:assert';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import { DecodeError, Reader } from '../../src/util/codec.ts';
import { diceFor, generate } from './generate.ts';
import { fuzz, numberFrom } from './run.ts';
import { FUZZ_TARGETS } from './targets.ts';

/** The same inputs in every run; test/long has more, and others each time. */
const SEED = numberFrom('CAIRN_FUZZ_SEED') ?? 20_260_101;
const FIRST = numberFrom('CAIRN_FUZZ_FIRST') ?? 0;
const INPUTS = numberFrom('CAIRN_FUZZ_INPUTS') ?? 2000;

describe('decoders: any bytes end in a value or a verdict, in time and without believing a length', () => {
  before(() => usePlatformCrypto());

  it('have names of their own, which choose their inputs', () => {
    assert.equal(new Set(FUZZ_TARGETS.map((target) => target.name)).size, FUZZ_TARGETS.length);
  });

  for (const target of FUZZ_TARGETS) {
    it(`${target.name}: ${INPUTS} inputs`, async () => {
      const { taken, refused } = await fuzz(target, INPUTS, SEED, FIRST);
      if (INPUTS >= 1000) assert.ok(taken > 0, 'some inputs are taken, or nothing behind the decoder is tried');
      assert.equal(taken + refused, INPUTS);
    });
  }

  it('an input is made again from seed, name and number alone', () => {
    const samples = [Uint8Array.of(1, 2, 3), new Uint8Array(50)];
    for (const index of [0, 1, 999]) {
      const make = (): Uint8Array => generate(samples, diceFor(5, 'x', index));
      assert.deepEqual(make(), make());
    }
    const texts = (seed: number, name: string) =>
      Array.from({ length: 20 }, (_, i) => Buffer.from(generate(samples, diceFor(seed, name, i))).toString('hex'));
    assert.notDeepEqual(texts(5, 'x'), texts(6, 'x'));
    assert.notDeepEqual(texts(5, 'x'), texts(5, 'y'));
  });

  it('the harness notices what it looks for', async () => {
    const samples = [Uint8Array.of(3, 1, 2, 3)];
    const target = (run: (bytes: Uint8Array) => boolean) => ({ name: 'bad decoder', samples, run });
    const crash = target((bytes) => {
      if (bytes.length === 2) throw new TypeError('crash');
      return true;
    });
    await assert.rejects(fuzz(crash, 2000, 1), /bad decoder, CAIRN_FUZZ_SEED=1 CAIRN_FUZZ_FIRST=\d+: TypeError: crash/);
    const greedy = target((bytes) => {
      const r = new Reader(bytes);
      return new Uint8Array(r.u32() % 0x02000000).length >= 0;
    });
    await assert.rejects(fuzz(greedy, 2000, 1), /bytes asked for/);
    const strict = target((bytes) => {
      if (bytes.length !== 4) throw new DecodeError('four bytes');
      return true;
    });
    assert.ok((await fuzz(strict, 200, 1)).refused > 0);
  });
});
