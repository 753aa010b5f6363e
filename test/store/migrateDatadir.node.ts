import { openDatadir } from '../../src/store/openDatadir.node.ts';
import { regtest } from '../chain/regtestMiner.ts';

// Run as a child process: brings the data directory of its first argument to the format of today, and ends.
await (await openDatadir(process.argv[2] as string, regtest, { tell: () => {} })).close();
