import assert from 'node:assert/strict';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { lowerThreadPriority, threadNumber } from '../../src/app/scripts/threadPriority.node.ts';

describe('app: priority of script threads', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  it('a worker thread gets nicer, and only that one', async () => {
    const own = getPriority(process.pid);
    const worker = new Worker(new URL('./priorityThread.node.ts', import.meta.url));
    const [told] = await once(worker, 'message');
    await worker.terminate();
    assert.notEqual(told.thread, process.pid);
    assert.equal(told.before, own);
    assert.equal(told.after, Math.min(19, own + 5));
    assert.equal(getPriority(process.pid), own);
  });

  it('the main thread keeps its priority', () => {
    const own = getPriority(process.pid);
    assert.equal(threadNumber(), process.pid);
    lowerThreadPriority();
    assert.equal(getPriority(process.pid), own);
  });
});
