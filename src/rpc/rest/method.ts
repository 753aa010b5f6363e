import { bindArgs } from '../bind.ts';
import type { Json } from '../json.ts';
import type { CallContext } from '../spec.ts';
import { missing } from './answer.ts';

/** What a JSON-RPC method answers: REST's JSON is the same. 404 when the node does not offer the method. */
export async function runMethod(
  context: CallContext,
  name: string,
  params: readonly Json[] = [],
): Promise<Json | undefined> {
  const spec = context.registry.find(name);
  if (spec === undefined) throw missing(`${name} is not available on this node`);
  return spec.run(bindArgs(spec, params), context);
}
