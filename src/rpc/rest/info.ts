import type { Json } from '../json.ts';
import { badRequest, inFormat, type RestEndpoint, type RestQuery, restHash } from './answer.ts';
import { runMethod } from './method.ts';

/** /rest/chaininfo.json */
export const chainInfo: RestEndpoint = async ({ format, context }) =>
  inFormat(format, { json: () => runMethod(context, 'getblockchaininfo') });

/** /rest/deploymentinfo.json and /rest/deploymentinfo/<hash>.json */
export const deploymentInfo: RestEndpoint = async ({ param, format, context }) =>
  inFormat(format, {
    json() {
      if (param === '') return runMethod(context, 'getdeploymentinfo');
      // Bitcoin Core answers 400 here, not 404.
      if (context.backend.headers.entry(restHash(param)) === undefined) throw badRequest('Block not found');
      return runMethod(context, 'getdeploymentinfo', [param]);
    },
  });

function flag(query: RestQuery, name: string, otherwise: boolean): boolean {
  const text = query.get(name) ?? String(otherwise);
  if (text === 'true' || text === 'false') return text === 'true';
  throw badRequest(`The "${name}" query parameter must be either "true" or "false".`);
}

function contentsParams(query: RestQuery): readonly Json[] {
  const verbose = flag(query, 'verbose', true);
  const sequence = flag(query, 'mempool_sequence', false);
  if (verbose && sequence) {
    throw badRequest('Verbose results cannot contain mempool sequence values. (hint: set "verbose=false")');
  }
  return [verbose, sequence];
}

/** /rest/mempool/info.json and /rest/mempool/contents.json?verbose=<bool>&mempool_sequence=<bool> */
export const mempool: RestEndpoint = async ({ param, format, query, context }) => {
  if (param !== 'info' && param !== 'contents') {
    throw badRequest('Invalid URI format. Expected /rest/mempool/<info|contents>.json');
  }
  return inFormat(format, {
    json: () =>
      param === 'info'
        ? runMethod(context, 'getmempoolinfo')
        : runMethod(context, 'getrawmempool', contentsParams(query)),
  });
};
