import { randomInt } from 'node:crypto';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import { fuzz, numberFrom } from '../fuzz/run.ts';
import { FUZZ_TARGETS } from '../fuzz/targets.ts';

/** Other inputs in every run; a failure names the seed and the number of its input, which replay it. */
const SEED = numberFrom('CAIRN_FUZZ_SEED') ?? randomInt(2 ** 31);
const FIRST = numberFrom('CAIRN_FUZZ_FIRST') ?? 0;
const INPUTS = numberFrom('CAIRN_FUZZ_INPUTS') ?? 1_000_000;

describe(`every decoder: ${INPUTS} inputs of seed ${SEED}`, () => {
  before(() => usePlatformCrypto());

  for (const target of FUZZ_TARGETS) {
    it(target.name, async function () {
      this.timeout(60 * 60_000);
      const { taken, slowest, greediest } = await fuzz(target, INPUTS, SEED, FIRST);
      console.log(`      ${taken} taken; slowest ${slowest.toFixed(1)} ms; at most ${greediest} bytes asked for`);
    });
  }
});
