import type { MethodSpec } from '../spec.ts';
import { blockStatsMethods } from './blockStats.ts';
import { chainMethods } from './chain.ts';
import { coinSetMethods } from './coinSet.ts';
import { controlMethods } from './control.ts';
import { historyMethods } from './history.ts';
import { ledgerMethods } from './ledger.ts';
import { lightMethods } from './light.ts';
import { mempoolMethods } from './mempool.ts';
import { miningMethods } from './mining.ts';
import { networkMethods } from './network.ts';
import { peerMethods } from './peers.ts';
import { proofMethods } from './proofs.ts';
import { pruneMethods } from './prune.ts';
import { rawTxMethods } from './rawtx.ts';
import { snapshotMethods } from './snapshot.ts';
import { utilMethods } from './util.ts';
import { waitMethods } from './wait.ts';

/** Every method there is; the registry picks those that a node offers. */
export const allMethods: readonly MethodSpec[] = [
  ...chainMethods,
  ...historyMethods,
  ...blockStatsMethods,
  ...coinSetMethods,
  ...pruneMethods,
  ...snapshotMethods,
  ...proofMethods,
  ...mempoolMethods,
  ...rawTxMethods,
  ...miningMethods,
  ...networkMethods,
  ...peerMethods,
  ...controlMethods,
  ...utilMethods,
  ...waitMethods,
  ...lightMethods,
  ...ledgerMethods,
];
