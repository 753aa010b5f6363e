import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into a process under test with --import, to measure its event loop from inside. Over the process's IPC channel:
 * 'reset' starts a measurement, 'read' ends it. Each is answered with { loop: … }, the second with a LoopReading.
 */

/** Milliseconds between two looks at the clock; also what an idle loop shows as its delay. */
const RESOLUTION_MS = 1;

export interface LoopReading {
  /** Longest time between two turns of the event loop, and the 99th percentile of all looks, in ms; the look itself included. */
  readonly maxMs: number;
  readonly p99Ms: number;
  /** Most CPU time of this thread between two looks, in ms: the same without what other programs took. */
  readonly maxCpuMs: number;
  /** Part of the time in which the loop was not waiting. */
  readonly busyShare: number;
}

const channel = process.channel;
if (isMainThread && channel !== undefined && channel !== null) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let [cpu, maxCpu] = [process.threadCpuUsage(), 0];
  setInterval(() => {
    const now = process.threadCpuUsage();
    maxCpu = Math.max(maxCpu, now.user + now.system - cpu.user - cpu.system);
    cpu = now;
  }, RESOLUTION_MS).unref();
  let before = performance.eventLoopUtilization();
  process.on('message', (message) => {
    if (message === 'reset') {
      before = performance.eventLoopUtilization();
      delay.reset();
      maxCpu = 0;
      process.send?.({ loop: 'reset' });
    } else if (message === 'read') {
      const { utilization } = performance.eventLoopUtilization(before);
      const reading: LoopReading = {
        maxMs: delay.max / 1e6,
        p99Ms: delay.percentile(99) / 1e6,
        maxCpuMs: maxCpu / 1e3,
        busyShare: utilization,
      };
      process.send?.({ loop: reading });
    }
  });
  // Listening to the channel must not keep the process alive.
  channel.unref();
}
