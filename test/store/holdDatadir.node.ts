import { openFullStore } from '../../src/store/openStores.node.ts';
import { regtest } from '../chain/regtestMiner.ts';

// Run as a child process: holds the data directory of its first argument until it is killed.
await openFullStore({ dir: process.argv[2] as string, network: regtest });
process.stdout.write('ready\n');
// Ends with its parent.
process.stdin.on('end', () => process.exit(0)).resume();
