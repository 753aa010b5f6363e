import { readFileSync } from 'node:fs';
import type { TestNode } from './nodeProcess.ts';

/** Resident memory of the node's process in MiB, as Linux counts it; undefined on other systems. */
export function residentMiB(node: TestNode): number | undefined {
  try {
    const status = readFileSync(`/proc/${node.pid}/status`, 'utf8');
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Watches resident memory until `stop`, which returns the most it grew by, in MiB (0 where it cannot be read). */
export function watchMemory(node: TestNode): { stop(): number } {
  const start = residentMiB(node) ?? 0;
  let most = start;
  const timer = setInterval(() => {
    most = Math.max(most, residentMiB(node) ?? 0);
  }, 50);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(most, residentMiB(node) ?? 0) - start;
    },
  };
}
