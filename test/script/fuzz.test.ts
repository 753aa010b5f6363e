import { strict as assert } from 'node:assert';
import { fuzzScripts } from './fuzzScripts.ts';
import { useMemoSecp } from './memoSecp.ts';

describe('Random scripts', () => {
  useMemoSecp();

  it('end in a verdict, and flags only ever forbid', function () {
    this.timeout(20_000);
    const seen = fuzzScripts(4000);
    const text = JSON.stringify([...seen]);
    // Otherwise the scripts would not be worth running.
    assert.ok((seen.get('OK') ?? 0) > 20, text);
    assert.ok(seen.size > 20, text);
  });
});
