import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { privateKeyFromProtobuf, privateKeyFromRaw, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';

/** A new Ed25519 key in libp2p's form: 32-byte seed followed by the 32-byte public key. */
function createKey(): PrivateKey {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return privateKeyFromRaw(
    Buffer.concat([Buffer.from(jwk.d as string, 'base64url'), Buffer.from(jwk.x as string, 'base64url')]),
  );
}

function readKey(file: string): PrivateKey | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let key: PrivateKey;
  try {
    key = privateKeyFromProtobuf(bytes);
  } catch (cause) {
    throw new Error(`${file} is not a node key (libp2p protobuf); move it away to create a new identity`, { cause });
  }
  // A restored backup may have wider rights than the file we made.
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  return key;
}

/**
 * The node's identity from `file` (libp2p protobuf); created with mode 0600 when missing. Two processes that start at the
 * same moment end with the same key: the file is created exclusively and the loser reads the winner's.
 */
export function loadKey(file: string): PrivateKey {
  const existing = readKey(file);
  if (existing !== undefined) return existing;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const key = createKey();
  try {
    writeFileSync(file, privateKeyToProtobuf(key), { mode: 0o600, flag: 'wx' });
    return key;
  } catch (error) {
    const winner = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readKey(file) : undefined;
    if (winner === undefined) throw error;
    return winner;
  }
}

/** The peer id, as text, of a key. */
export function peerKeyOf(key: PrivateKey): string {
  return peerIdFromPrivateKey(key).toString();
}
