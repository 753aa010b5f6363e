import { parentPort, workerData } from 'node:worker_threads';
import { CHUNK, CHUNKS, JOB_NEXT_CHUNK, JOB_STOP, type PowJob, type PowReport, type PowWorkerData } from './powJob.ts';
import { jsKernel } from './powKernel.ts';
import { wasmKernel, wasmKernelWorks } from './wasmKernel.ts';

/** One mining thread. It reads one message per job and answers each with one report. */
const makeKernel = wasmKernelWorks() ? wasmKernel : jsKernel;
const counter = new BigUint64Array((workerData as PowWorkerData).counter);

function search(job: PowJob): PowReport {
  const shared = new Int32Array(job.shared);
  const kernel = makeKernel(job.header80, job.target);
  while (Atomics.load(shared, JOB_STOP) === 0) {
    const chunk = Atomics.add(shared, JOB_NEXT_CHUNK, 1);
    if (chunk >= CHUNKS) return { id: job.id, nonce: undefined, exhausted: true };
    const start = chunk * CHUNK;
    const nonce = kernel.find(start, CHUNK);
    Atomics.add(counter, 0, BigInt(nonce === undefined ? CHUNK : nonce - start + 1));
    if (nonce !== undefined) return { id: job.id, nonce, exhausted: false };
  }
  return { id: job.id, nonce: undefined, exhausted: false };
}

if (parentPort !== null) {
  const port = parentPort;
  port.on('message', (job: PowJob) => port.postMessage(search(job)));
}
