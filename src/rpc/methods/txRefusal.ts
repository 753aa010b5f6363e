import { type Broken, reasonOf } from '../../primitives/rules.ts';
import { RPC, RpcError } from '../errors.ts';

/** What Bitcoin Core's TxValidationState prints: the reason, and the detail when there is one. */
export function stateText(fault: Broken): string {
  const reason = reasonOf(fault);
  return fault.detail === '' || fault.detail === reason ? reason : `${reason}, ${fault.detail}`;
}

/** An input is unknown or spent. */
export const isMissing = ({ rule }: Broken): boolean =>
  rule === 'missing-inputs' || rule === 'bad-txns-inputs-missingorspent';

/** Bitcoin Core JSONRPCTransactionError: -25 missing inputs and limits of the caller, -26 everything the rules refuse. */
export function refusal(verdict: Broken): RpcError {
  if (isMissing(verdict)) return new RpcError(RPC.VERIFY_ERROR, 'bad-txns-inputs-missingorspent');
  if (verdict.rule === 'max-fee-exceeded') {
    return new RpcError(RPC.VERIFY_ERROR, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)');
  }
  if (verdict.rule === 'txn-already-known') return alreadyInChain();
  return new RpcError(RPC.VERIFY_REJECTED, stateText(verdict));
}

export function alreadyInChain(): RpcError {
  return new RpcError(RPC.VERIFY_ALREADY_IN_CHAIN, 'Transaction outputs already in utxo set');
}
