import assert from 'node:assert/strict';
import { boundMemory } from '../../src/net/gossipRouter.ts';

type Memory = Parameters<typeof boundMemory>[0];

function memory(seen: number, delivered: number) {
  const ids = Array.from({ length: delivered }, (_, i) => ({ msgId: `d${i}` }));
  const entries = new Map(Array.from({ length: seen }, (_, i) => [`s${i}`, {}]));
  const records = new Map(ids.map(({ msgId }) => [msgId, {}]));
  const router: Memory = { seenCache: { entries }, score: { deliveryRecords: { records, queue: ids } } };
  return { router, entries, records, ids };
}

describe('net: what gossip remembers', () => {
  it('below its bounds nothing is forgotten', () => {
    const { router, entries, records } = memory(200_000, 100_000);
    boundMemory(router);
    assert.equal(entries.size, 200_000);
    assert.equal(records.size, 100_000);
  });

  it('above them the oldest go first', () => {
    const { router, entries, records, ids } = memory(200_003, 100_002);
    boundMemory(router);
    assert.equal(entries.size, 200_000);
    assert.ok(!entries.has('s2') && entries.has('s3'));
    assert.equal(records.size, 100_000);
    assert.equal(ids.length, 100_000);
    assert.ok(!records.has('d1') && records.has('d2'));
  });
});
