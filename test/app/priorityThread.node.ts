import { getPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { lowerThreadPriority, threadNumber } from '../../src/app/scripts/threadPriority.node.ts';

/** A worker thread that lowers its priority and tells it. */
const thread = threadNumber() ?? 0;
const before = getPriority(thread);
lowerThreadPriority();
parentPort?.postMessage({ thread, before, after: getPriority(thread) });
