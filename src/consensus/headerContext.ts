import type { BlockHeader } from '../primitives/header.ts';
import { medianTimePast } from '../primitives/medianTime.ts';
import type { HeaderContext } from './engine.ts';

/**
 * What a judge may know about the header at `height` whose parent is `parent`. `ancestor` looks up the parent's branch
 * (height … parent's height); `knownMedian` saves the walk when the caller stores medians.
 */
export function headerContext(
  height: number,
  parent: BlockHeader,
  ancestor: (height: number) => BlockHeader,
  knownMedian?: number,
): HeaderContext {
  let median = knownMedian;
  return {
    height,
    parent,
    ancestor,
    medianTimePast(): number {
      median ??= medianTimePast(height - 1, (h) => (h === height - 1 ? parent : ancestor(h)).time);
      return median;
    },
  };
}
