import { Args } from './args.ts';
import { invalidParameter, RPC, RpcError } from './errors.ts';
import { helpText } from './help.ts';
import { type Json, type JsonObject, typeName, writeJson } from './json.ts';
import type { MethodSpec, ParamSpec } from './spec.ts';

/** Type of JSON that a parameter takes, or undefined where the method looks itself. */
function expectedType(p: ParamSpec): string | undefined {
  if (p.typeText !== undefined) return undefined;
  switch (p.shape) {
    case 'str':
    case 'hex':
      return 'string';
    case 'num':
      return 'number';
    case 'bool':
      return 'bool';
    case 'obj':
      return 'object';
    case 'arr':
      return 'array';
    default:
      return undefined; // amounts are numbers or strings
  }
}

/** Moves members of an options object that were given as named arguments of the call into it. */
function takeMembers(p: ParamSpec, left: Map<string, Json>, given: Json | undefined): Json | undefined {
  if (p.namedMembers !== true || p.inner === undefined) return given;
  const members: Record<string, Json> = {};
  for (const member of p.inner) {
    const name = member.names[0];
    const value = left.get(name);
    if (value === undefined) continue;
    left.delete(name);
    members[name] = value;
  }
  if (Object.keys(members).length === 0) return given;
  if (given === undefined) return members;
  if (typeName(given) !== 'object') return given;
  const both = Object.keys(members).find((name) => Object.hasOwn(given as JsonObject, name));
  if (both !== undefined) throw invalidParameter(`Parameter ${both} specified multiple times`);
  return { ...(given as Record<string, Json>), ...members };
}

/**
 * Named arguments by position, holes as null; `args` holds leading positional ones (Bitcoin Core transformNamedArguments).
 * -8 for unknown and doubly given names.
 */
export function positional(spec: MethodSpec, named: JsonObject): Json[] {
  const left = new Map(Object.entries(named) as [string, Json][]);
  const values: (Json | undefined)[] = [];
  for (const [at, p] of spec.params.entries()) {
    let value: Json | undefined;
    for (const name of p.names) {
      const given = left.get(name);
      if (given === undefined) continue;
      if (value !== undefined) throw invalidParameter(`Parameter ${name} specified multiple times`);
      value = given;
      left.delete(name);
    }
    values[at] = takeMembers(p, left, value);
  }
  const leading = left.get('args');
  if (Array.isArray(leading)) {
    left.delete('args');
    for (const [at, value] of (leading as readonly Json[]).entries()) {
      if (values[at] !== undefined) {
        const name = (spec.params[at] as ParamSpec).names[0];
        throw invalidParameter(`Parameter ${name} specified twice both as positional and named argument`);
      }
      values[at] = value;
    }
  }
  const unknown = left.keys().next();
  if (!unknown.done) throw invalidParameter(`Unknown named parameter ${unknown.value}`);
  while (values.length > 0 && values.at(-1) === undefined) values.pop();
  return Array.from(values, (value) => value ?? null);
}

/** Number of leading arguments that must be there. */
function requiredCount(spec: MethodSpec): number {
  return spec.params.findLastIndex((p) => p.required === true) + 1;
}

/**
 * Checks and wraps the arguments of a call. `params` is an array, an object of named arguments, or null.
 * Wrong count: -1 with the method's help. Wrong types: -3 with every position named. (Bitcoin Core RPCHelpMan)
 */
export function bindArgs(spec: MethodSpec, params: readonly Json[] | JsonObject | null): Args {
  const values: readonly Json[] =
    params === null ? [] : Array.isArray(params) ? params : positional(spec, params as JsonObject);
  if (values.length < requiredCount(spec) || values.length > spec.params.length) {
    throw new RpcError(RPC.MISC_ERROR, helpText(spec));
  }
  const wrong: Record<string, Json> = {};
  for (const [at, p] of spec.params.entries()) {
    const expected = expectedType(p);
    const value = values[at];
    if (expected === undefined || (p.required !== true && (value === undefined || value === null))) continue;
    const actual = typeName(value);
    if (actual !== expected) {
      const position = `Position ${at + 1} (${p.names.join('|')})`;
      wrong[position] = `JSON value of type ${actual} is not of expected type ${expected}`;
    }
  }
  if (Object.keys(wrong).length > 0) {
    throw new RpcError(RPC.TYPE_ERROR, `Wrong type passed:\n${writeJson(wrong, 4)}`);
  }
  return new Args(
    values,
    spec.params.map((p) => p.names[0]),
  );
}
