import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { peerRecordFaults } from '../../net/peerRecords.node.ts';
import { nodeFolder } from '../../store/level/folderNode.node.ts';
import type { VerifyPorts } from './findings.ts';
import { verifyMempool } from './verifyMempool.ts';
import { verifyPeers } from './verifyPeers.ts';

/** What was looked at; undefined where there is nothing of the kind. */
export interface VerifiedBeside {
  /** Records of the peer store. */
  readonly peers: number | undefined;
  /** Unconfirmed transactions in the file. */
  readonly mempool: number | undefined;
}

/** Verifies what lies beside the chain in a data directory: peers/ and mempool.dat. */
export async function verifyBeside(datadir: string, ports: VerifyPorts): Promise<VerifiedBeside> {
  const peers = join(datadir, 'peers');
  const pool = join(datadir, 'mempool.dat');
  return {
    mempool: existsSync(pool) ? verifyMempool(await readFile(pool), pool, ports) : undefined,
    peers: existsSync(peers)
      ? await verifyPeers({ ...ports, folder: nodeFolder(peers), faultOf: await peerRecordFaults() })
      : undefined,
  };
}
