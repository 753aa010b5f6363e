import { hash160, hash256, ripemd160, sha1, sha256 } from '../../crypto/hash.ts';
import { OP } from '../opcodes.ts';
import { needs, type Operation, type OperationTable } from './operation.ts';

const hashing = (hash: (data: Uint8Array) => Uint8Array): Operation =>
  needs(1, ({ stack }) => {
    stack[stack.length - 1] = hash(stack[stack.length - 1] as Uint8Array);
    return undefined;
  });

export const HASH_OPERATIONS: OperationTable = {
  [OP.OP_RIPEMD160]: hashing(ripemd160),
  [OP.OP_SHA1]: hashing(sha1),
  [OP.OP_SHA256]: hashing(sha256),
  [OP.OP_HASH160]: hashing(hash160),
  [OP.OP_HASH256]: hashing(hash256),
};
