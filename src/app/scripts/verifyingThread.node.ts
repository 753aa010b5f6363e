import { parentPort } from 'node:worker_threads';
import { usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { verifyScript } from '../../script/verifyScript.ts';
import type { RunAnswer, RunMessage } from './scriptPool.node.ts';
import { takeBatches } from './scriptRun.ts';

/** One verifying thread. It answers every run with its first failure. */
if (parentPort !== null) {
  const port = parentPort;
  usePlatformCrypto();
  port.on('message', ({ id, shared }: RunMessage) => {
    const answer: RunAnswer = { id, fault: takeBatches(shared, verifyScript) };
    port.postMessage(answer);
  });
}
