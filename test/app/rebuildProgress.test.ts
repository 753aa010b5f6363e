import assert from 'node:assert/strict';
import { type RebuildInfo, RebuildProgress } from '../../src/app/db/rebuildProgress.ts';
import { silentLogger } from '../../src/util/ports.ts';

describe('app: progress of a rebuild', () => {
  it('tells who asks often, and the log every ten seconds, with rate and time to go', () => {
    let nowMs = 0;
    const told: [string, RebuildInfo][] = [];
    const lines: string[] = [];
    const progress = new RebuildProgress({
      clock: { monotonicMs: () => nowMs },
      log: { ...silentLogger, info: (_fields, message) => void lines.push(message) },
      tell: (message, info) => void told.push([message, info]),
    });
    for (; nowMs <= 20_000; nowMs += 100) progress.connecting(nowMs / 100, 400);
    assert.ok(told.length > 50 && told.length < 110, `${told.length}`);
    assert.deepEqual(
      lines.map((line) => line.replace(/about .*/, 'about')),
      [
        'Connecting blocks: 100 of 400, 25 %, 10 blocks/s, about',
        'Connecting blocks: 200 of 400, 50 %, 10 blocks/s, about',
      ],
    );
    assert.deepEqual(told.at(-1)?.[1], { phase: 'connecting', blocks: 200, headers: 400, verificationprogress: 0.5 });
    progress.reading(0, 0);
    nowMs += 15_000;
    progress.reading(1_500_000, 3_000_000);
    assert.match(lines.at(-1) ?? '', /^Reindexing: 1\.5 of 3\.0 MB, 50 %/);
  });
});
