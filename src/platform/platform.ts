import type { Clock, Random, Timers } from '../util/ports.ts';

/** Where we run: Node (nodejs.node.ts) or a browser. */
export interface Platform {
  readonly name: 'nodejs' | 'browser';
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}
