import { readFileSync } from 'node:fs';
import type { ConfigProblem } from './configError.ts';
import { looksLikePath } from './crossChecks.ts';
import { listenOn, type OptionKey, PORTS } from './options.ts';
import type { Origin } from './origin.ts';

interface Hints {
  readonly ports?: Partial<Record<keyof typeof PORTS, unknown>>;
  readonly seeds?: unknown;
}

/**
 * The defaults a network file brings: its ports and seeds. The file's rules are judged when the network is loaded; here
 * only what cannot be read is a problem.
 */
export function networkDefaults(
  network: string,
  origin: Origin,
  problems: ConfigProblem[],
): { values: ReadonlyMap<OptionKey, unknown>; origin: Origin } {
  const values = new Map<OptionKey, unknown>();
  const from: Origin = { source: 'network', where: network };
  if (!looksLikePath(network)) return { values, origin: from };
  let hints: Hints;
  try {
    hints = JSON.parse(readFileSync(network, 'utf8')) as Hints;
    if (typeof hints !== 'object' || hints === null) throw new Error('not a JSON object');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const reason = missing ? `no such network file: ${network}` : `cannot read ${network}: ${(error as Error).message}`;
    problems.push({ origin, key: 'network', reason });
    return { values, origin: from };
  }
  const ports = { ...PORTS, ...hints.ports };
  if (Number.isInteger(ports.rpc)) values.set('rpc.port', ports.rpc);
  if (Number.isInteger(ports.ops)) values.set('ops.port', ports.ops);
  if (Number.isInteger(ports.p2p) && Number.isInteger(ports.ws)) {
    values.set('p2p.listen', listenOn('0.0.0.0', Number(ports.p2p), Number(ports.ws)));
  }
  if (Array.isArray(hints.seeds)) values.set('seeds', hints.seeds);
  return { values, origin: from };
}
