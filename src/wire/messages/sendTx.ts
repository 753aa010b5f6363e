import { decodeTx, type Tx } from '../../primitives/tx.ts';
import { DecodeError, decodeAll } from '../../util/codec.ts';
import { readText, toWireText, writeText } from '../text.ts';
import { written } from './fields.ts';
import { MAX_GOSSIP_TX } from './types.ts';

/** Outcome of SENDTX; numbers after BIP61's reject codes. */
export const SENDTX_CODES = { ACCEPTED: 0x00, MALFORMED: 0x01, REJECTED: 0x10, KNOWN: 0x12 } as const;
export type SendTxCode = (typeof SENDTX_CODES)[keyof typeof SENDTX_CODES];

const KNOWN_CODES: ReadonlySet<number> = new Set(Object.values(SENDTX_CODES));

export interface SendTxResult {
  readonly code: SendTxCode;
  /** Rule code and detail, empty when accepted. */
  readonly reason: string;
}

/** The request is the raw transaction (protocol A.3, type 0B). Throws DecodeError. */
export function decodeSendTxRequest(bytes: Uint8Array): Tx {
  if (bytes.length > MAX_GOSSIP_TX) throw new DecodeError(`SENDTX: ${bytes.length} bytes`);
  return decodeTx(bytes);
}

/** `code u8, reason`. */
export function encodeSendTxResult(result: SendTxResult): Uint8Array {
  return written(64, (w) => {
    w.u8(result.code);
    writeText(w, toWireText(result.reason), 'reason');
  });
}

/** Throws DecodeError. */
export function decodeSendTxResult(bytes: Uint8Array): SendTxResult {
  return decodeAll(
    bytes,
    (r) => {
      const code = r.u8('code');
      if (!KNOWN_CODES.has(code)) throw new DecodeError(`SENDTX: unknown code ${code}`);
      return { code: code as SendTxCode, reason: readText(r, 'reason') };
    },
    'SENDTX',
  );
}
