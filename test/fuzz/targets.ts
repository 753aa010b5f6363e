import { FILE_TARGETS } from './fileTargets.ts';
import { PRIMITIVE_TARGETS } from './primitiveTargets.ts';
import type { FuzzTarget } from './run.ts';
import { SCRIPT_TARGETS } from './scriptTargets.ts';
import { STORE_TARGETS } from './storeTargets.ts';
import { TEXT_TARGETS } from './textTargets.ts';
import { WIRE_TARGETS } from './wireTargets.ts';

/** Everything that reads bytes from outside. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  ...PRIMITIVE_TARGETS,
  ...WIRE_TARGETS,
  ...STORE_TARGETS,
  ...SCRIPT_TARGETS,
  ...FILE_TARGETS,
  ...TEXT_TARGETS,
];
