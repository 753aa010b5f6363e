import type { MethodSpec } from '../spec.ts';
import { chainMethods } from './chain.ts';
import { controlMethods } from './control.ts';

/** Every method there is; the registry picks those that a node offers. */
export const allMethods: readonly MethodSpec[] = [...chainMethods, ...controlMethods];
