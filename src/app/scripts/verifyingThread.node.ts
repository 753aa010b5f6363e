import { parentPort } from 'node:worker_threads';
import { usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { verifyScript } from '../../script/verifyScript.ts';
import { hashInPlace } from './hashRun.ts';
import type { RunAnswer, RunMessage } from './scriptPool.node.ts';
import { takeBatches } from './scriptRun.ts';
import { lowerThreadPriority } from './threadPriority.node.ts';

/** One verifying thread. It answers every run with its first failure, and blocks to hash when they are hashed. */
if (parentPort !== null) {
  const port = parentPort;
  usePlatformCrypto();
  // The main thread answers peers and hands out work: it must not wait for a core.
  lowerThreadPriority();
  port.on('message', ({ id, work, shared }: RunMessage) => {
    const answer: RunAnswer = {
      id,
      fault: work === 'scripts' ? takeBatches(shared, verifyScript) : hashInPlace(shared),
    };
    port.postMessage(answer);
  });
}
