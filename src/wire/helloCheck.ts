import { displayHash } from '../primitives/hash.ts';
import { equalBytes } from '../util/bytes.ts';
import type { Hello, Refusal } from './peer.ts';

export interface HelloRefusal {
  readonly refusal: Refusal;
  readonly detail: string;
}

/**
 * Why `theirs` may not be our peer, or undefined when it may (protocol §1.1). In this order: chain, version, group. The
 * detail is written for whoever reads it, ours or theirs: it names both sides.
 */
export function checkHello(ours: Hello, theirs: Hello): HelloRefusal | undefined {
  if (!equalBytes(ours.chainId, theirs.chainId))
    return {
      refusal: 'wrong-chain',
      detail: `chain ${displayHash(theirs.chainId)} is not ${displayHash(ours.chainId)}`,
    };
  if (theirs.minVersion > ours.maxVersion || theirs.maxVersion < ours.minVersion)
    return {
      refusal: 'wrong-version',
      detail: `versions ${theirs.minVersion}-${theirs.maxVersion} do not meet ${ours.minVersion}-${ours.maxVersion}`,
    };
  // The other group's name stays out of the answer: it is what admits to that network.
  if (ours.group !== theirs.group) return { refusal: 'wrong-group', detail: 'another network group' };
  return undefined;
}
