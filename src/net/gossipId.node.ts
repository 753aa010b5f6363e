import { createHash } from 'node:crypto';

/** First 20 bytes of SHA-256 over topic and data: the same bytes have one id, wherever they come from. */
export function gossipMessageId(topic: string, data: Uint8Array): Uint8Array {
  return createHash('sha256').update(topic).update(data).digest().subarray(0, 20);
}

/** The id as gossipsub's map key. */
export function gossipIdText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
}
