import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import type { CrewData, CrewRate } from './crew.ts';
import { warmed } from './work.ts';

const { name, gate } = workerData as CrewData;
const port = parentPort;
assert(port !== null);
usePlatformCrypto();
const round = warmed(name);
const phase = new Int32Array(gate);
port.postMessage('ready');
for (let run = 0; ; run++) {
  // Odd values mean go, even ones stop; a negative one ends the thread.
  Atomics.wait(phase, 0, 2 * run);
  if (Atomics.load(phase, 0) < 0) break;
  let count = 0;
  const start = performance.now();
  while (Atomics.load(phase, 0) === 2 * run + 1) count += round();
  const rate: CrewRate = { count, seconds: (performance.now() - start) / 1000 };
  port.postMessage(rate);
}
