import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { encodeBase58 } from '../../primitives/base58.ts';
import { concatBytes, equalBytes } from '../../util/bytes.ts';
import { EXIT, ExitError } from '../exit.ts';

/**
 * A node's identity: an Ed25519 key in libp2p's protobuf form (specs/peer-ids: PrivateKey { Type = Ed25519 (1), Data =
 * 32-byte seed ‖ 32-byte public key }), written here without libp2p so that commands which only need the peer id stay fast.
 */
export interface NodeKey {
  /** The protobuf: what privateKeyFromProtobuf takes. */
  readonly protobuf: Uint8Array;
  readonly peerId: string;
}

/** Fields Type = 1 and Data of 64 bytes. */
const PRIVATE_PREFIX = Uint8Array.of(0x08, 0x01, 0x12, 0x40);
/** Identity multihash of PublicKey { Type = 1, Data of 32 bytes }. */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);
/** DER of a PKCS #8 Ed25519 key up to its seed (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/** Raw 32 bytes of a JWK member. */
function raw(key: KeyObject, member: 'd' | 'x'): Uint8Array {
  return new Uint8Array(Buffer.from(key.export({ format: 'jwk' })[member] as string, 'base64url'));
}

const peerIdOf = (publicKey: Uint8Array): string => encodeBase58(concatBytes(PEER_ID_PREFIX, publicKey));

/** A new random identity. */
export function newNodeKey(): NodeKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = raw(privateKey, 'x');
  return {
    protobuf: concatBytes(PRIVATE_PREFIX, raw(privateKey, 'd'), publicKey),
    peerId: peerIdOf(publicKey),
  };
}

/** Reads the protobuf, checks that its halves belong together. Returns undefined when it is no such key. */
export function parseNodeKey(protobuf: Uint8Array): NodeKey | undefined {
  if (protobuf.length !== 68 || !equalBytes(protobuf.subarray(0, 4), PRIVATE_PREFIX)) return undefined;
  const der = Buffer.from(concatBytes(PKCS8_PREFIX, protobuf.subarray(4, 36)));
  const publicKey = raw(createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })), 'x');
  if (!equalBytes(publicKey, protobuf.subarray(36))) return undefined;
  return { protobuf, peerId: peerIdOf(publicKey) };
}

/** The identity in a file, undefined when there is no file. Throws ExitError when the file holds something else. */
export function readNodeKey(path: string): NodeKey | undefined {
  let bytes: Uint8Array;
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > 4096) throw new ExitError(EXIT.config, `${path} is not a node key`);
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const key = parseNodeKey(bytes);
  if (key !== undefined) return key;
  throw new ExitError(EXIT.config, `${path} is not a node key`, {
    next: `move it away: the next start makes a new one, and with it a new peer id`,
  });
}

/** Writes the identity with mode 0600, durable; refuses to replace a file. */
export function writeNodeKey(path: string, key: NodeKey): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeSync(fd, key.protobuf);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The identity in the file, made and written first when there is none. */
export function loadNodeKey(path: string): NodeKey {
  const known = readNodeKey(path);
  if (known !== undefined) return known;
  const key = newNodeKey();
  writeNodeKey(path, key);
  return key;
}
