import { decodeDump } from '../../mempool/dump.ts';
import type { VerifyPorts } from './findings.ts';

/** Verifies a file of unconfirmed transactions, which has no checksum: it can be decoded to its end. Gives their number. */
export function verifyMempool(bytes: Uint8Array, path: string, { found }: Pick<VerifyPorts, 'found'>): number {
  const decoded = decodeDump(bytes);
  if (decoded.ok) return decoded.value.length;
  found({ part: 'mempool', path, offset: undefined, block: undefined, detail: decoded.detail });
  return 0;
}
