import { strict as assert } from 'node:assert';
import { fuzzScripts } from '../script/fuzzScripts.ts';
import { useMemoSecp } from '../script/memoSecp.ts';

const PARTS = 10;
const RUNS = 100_000;

describe('A million random scripts', () => {
  useMemoSecp();

  for (let part = 1; part <= PARTS; part++)
    it(`end in a verdict, and flags only ever forbid (${part} of ${PARTS})`, function () {
      this.timeout(10 * 60_000);
      assert.ok(fuzzScripts(RUNS).size > 20);
    });
});
