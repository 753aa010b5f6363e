import { readFileSync } from 'node:fs';
import { nodejs, usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import { decodeBlock } from '../../src/primitives/block.ts';
import { openFullStore } from '../../src/store/openStores.node.ts';
import { regtest } from './regtestMiner.ts';
import { openChain } from './setup.ts';

// Run as a child process: argument 1 is a data directory, argument 2 a file of blocks (u32 length and bytes each).
// Connects them all, telling each tip, then waits to be killed.
usePlatformCrypto();
const [, , dir, file] = process.argv as [string, string, string, string];
const fail = (error: unknown): never => {
  throw error;
};
// A cache of some hundred coins: it is flushed several times, also in the background.
const store = await openFullStore({ dir, network: regtest, dbcache: 0.01, behind: { ...nodejs, fail } });
const { chain } = await openChain(undefined, { store });
process.stdout.write(`open ${chain.tip().height} ${chain.tip().header.id}\n`);
const data = new Uint8Array(readFileSync(file));
const view = new DataView(data.buffer, data.byteOffset);
const blocks = [];
for (let at = 0; at < data.length; ) {
  const size = view.getUint32(at);
  blocks.push(decodeBlock(data.subarray(at + 4, at + 4 + size)));
  at += 4 + size;
}
await chain.acceptHeaders(blocks);
for (const block of blocks) {
  const verdict = await chain.acceptBlock(block, { requested: true });
  if (!verdict.ok) throw new Error(`${verdict.rule} ${verdict.detail}`);
  process.stdout.write(`tip ${chain.tip().height} ${chain.tip().header.id}\n`);
}
process.stdout.write('done\n');
// Ends with its parent.
process.stdin.on('end', () => process.exit(0)).resume();
