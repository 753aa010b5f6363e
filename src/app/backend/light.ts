import type { LightClient } from '../../light/lightClient.ts';
import { broken, passed } from '../../primitives/rules.ts';
import type { ProofBackend, TransactionBackend } from '../../rpc/backend.ts';
import { RPC, RpcError } from '../../rpc/errors.ts';

/** Proofs that peers gave and that lead to our own headers. */
export function lightProofs(client: LightClient): ProofBackend {
  return {
    async prove(txids, block) {
      const result = await client.proofs.proveAll(txids, block);
      return result.ok ? { ok: true, proof: result.proof } : result;
    },
  };
}

/** Transactions handed to peers; their verdict is ours. The fee is unknown here, so a limit on its rate cannot be judged. */
export function lightSubmission(client: LightClient): TransactionBackend {
  return {
    async submitTx(tx) {
      const sent = await client.submitter.submit(tx);
      if (sent.ok) return passed(tx);
      if (sent.reason === 'no-peer') throw new RpcError(RPC.CLIENT_NOT_CONNECTED, `No peer took it: ${sent.detail}`);
      const { rule, detail } = sent;
      return broken(rule ?? 'bad-answer', rule === undefined ? detail : detail.replace(/^[^:]*:\s*/, ''));
    },
  };
}
