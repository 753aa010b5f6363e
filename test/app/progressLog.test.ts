import assert from 'node:assert/strict';
import { type ProgressInfo, ProgressLog, progressLine } from '../../src/app/progressLog.ts';
import { percentOf } from '../../src/app/progressText.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { SimClock } from '../support/simClock.ts';

const INFO: ProgressInfo = {
  ...{ phase: 'synced', headers: 0, blocks: 0, peerHeight: 0 },
  ...{ rate: 0, eta: undefined, stalledReason: undefined },
};

describe('progress of a node in its log', () => {
  let clock: SimClock;
  let lines: string[];
  let info: ProgressInfo;
  let syncing: boolean;
  let log: ProgressLog;
  const lifetime = new Lifetime();
  after(() => lifetime.close());
  beforeEach(() => {
    clock = new SimClock();
    lines = [];
    info = INFO;
    syncing = false;
    log = new ProgressLog({
      unit: 'blocks',
      ...{ clock, timers: clock, lifetime },
      log: { ...silentLogger, info: (_fields, message) => lines.push(message) },
      view: () => ({ syncing, behind: info.headers - info.blocks }),
      info: () => info,
    });
  });

  /** Connects blocks up to `height`. */
  function connect(height: number): void {
    while (info.blocks < height) {
      info = { ...info, blocks: info.blocks + 1, headers: Math.max(info.headers, info.blocks + 1) };
      if (info.blocks === info.headers) {
        syncing = false;
        info = { ...info, phase: 'synced' };
      }
      log.advanced({}, `block ${info.blocks}`);
    }
  }
  function sync(headers: number): void {
    syncing = true;
    info = { ...info, headers, peerHeight: headers, phase: 'blocks' };
  }

  it('one line per block when the node follows its network, also when two are found at once', async () => {
    connect(1);
    sync(3);
    connect(3);
    await clock.run(60_000);
    assert.deepEqual(lines, ['block 1', 'block 2', 'block 3']);
  });

  it('one line every ten seconds of a sync instead, and one at its end', async () => {
    sync(1000);
    for (let i = 1; i <= 25; i++) {
      connect(10 * i);
      info = { ...info, rate: 10, eta: 75 };
      await clock.run(1000);
    }
    assert.equal(lines.length, 2, lines.join('\n'));
    assert.match(lines[0]!, /^syncing blocks: 1\d\d of 1000, 1\d(\.\d)? %, 10 blocks\/s, about 1m 15s to go$/);
    connect(1000);
    await clock.run(60_000);
    assert.deepEqual(lines.slice(2), ['synced: all 1000 blocks, 100 %']);
    connect(1001);
    assert.equal(lines.at(-1), 'block 1001');
  });

  it('a sync of a moment is told by one line', async () => {
    sync(500);
    connect(500);
    await clock.run(30_000);
    assert.deepEqual(lines, ['synced: all 500 blocks, 100 %']);
  });

  it('many at once are a sync, too', async () => {
    info = { ...info, headers: 2000, blocks: 2000 };
    log.advanced({}, 'block 2000', 2000);
    info = { ...info, headers: 2002, blocks: 2002 };
    log.advanced({}, 'block 2002', 2);
    assert.deepEqual(lines, ['synced: all 2000 blocks, 100 %', 'block 2002']);
  });

  it('goes on telling why nothing moves, and does not claim to be synced because all peers left', async () => {
    sync(500);
    connect(100);
    syncing = false;
    info = { ...info, phase: 'waiting-for-peers', stalledReason: 'no peer is connected' };
    await clock.run(25_000);
    assert.deepEqual(lines, Array(2).fill('syncing blocks: 100 of 500, 20 %: no peer is connected'));
  });

  it('says nothing while nothing happens, nor of headers that came in a moment', async () => {
    await clock.run(60_000);
    syncing = true;
    info = { ...info, phase: 'headers' };
    await clock.run(3000);
    syncing = false;
    info = { ...info, phase: 'synced' };
    connect(1);
    await clock.run(60_000);
    assert.deepEqual(lines, ['block 1']);
  });

  it('headers come first on a node that downloads blocks', async () => {
    syncing = true;
    info = { ...INFO, phase: 'headers', headers: 0, peerHeight: 40_000, rate: 3 };
    await clock.run(12_000);
    assert.deepEqual(lines, ['syncing headers: 0 of 40000, 0 %']);
  });

  it('is 100 % when all is there, and never before', () => {
    assert.deepEqual(
      [percentOf(0, 0), percentOf(5, 5), percentOf(6, 5), percentOf(999_999, 1_000_000), percentOf(1, 3)],
      [100, 100, 100, 99.9, 33.3],
    );
    const light = { ...INFO, phase: 'headers', headers: 1999, peerHeight: 2000, rate: 0.51, eta: 2 };
    assert.equal(
      progressLine('headers', light),
      'syncing headers: 1999 of 2000, 99.9 %, 0.5 headers/s, about 2s to go',
    );
  });
});
