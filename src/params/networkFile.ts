import type * as z from 'zod';
import { type NetworkDefinition, NetworkFileError, networkOf } from './definition.ts';
import type { Network } from './network.ts';
import { networkDefinitionSchema } from './networkSchema.ts';

/** Longest piece of a wrong value that a message repeats. */
const SHOWN = 60;

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

function problemOf(json: unknown, issue: z.core.$ZodIssue): string {
  const field = issue.path.length === 0 ? 'network' : issue.path.join('.');
  const value = issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : shown(valueAt(json, issue.path));
  return `${field}: ${value}: ${issue.message}`;
}

/** The definition in parsed JSON. Throws NetworkFileError naming every wrong field, its value and the rule it breaks. */
export function parseDefinition(json: unknown): NetworkDefinition {
  const result = networkDefinitionSchema.safeParse(json);
  if (!result.success) throw new NetworkFileError(result.error.issues.map((issue) => problemOf(json, issue)));
  return result.data;
}

/** The network of a parsed network file, genesis built and checked. Throws NetworkFileError. */
export function parseNetworkFile(json: unknown): Network {
  return networkOf(parseDefinition(json));
}
