import { setTimeout as sleep } from 'node:timers/promises';
import { callNode, type RpcTarget } from '../cli/callNode.node.ts';

export interface Watched {
  readonly name: string;
  readonly target: RpcTarget;
}

/** A block as the lines show it. */
export interface SeenBlock {
  readonly hash: string;
  readonly height: number;
  readonly previous: string;
  readonly txs: number;
}

const POLL_MS = 250;
/** A block that has not reached every node by then is printed with those that have it. */
const PATIENCE_MS = 2_000;
/** Blocks walked back at most for one line each: a node that catches up is not news. */
const MAX_BACK = 200;

/** "#112  4f2a90c1…  2 txs  on miner, full, light" */
export function blockLine(block: SeenBlock, holders: readonly string[], all: readonly string[]): string {
  const missing = all.filter((name) => !holders.includes(name));
  const txs = `${block.txs} ${block.txs === 1 ? 'tx ' : 'txs'}`;
  const where =
    missing.length === 0 ? `on ${all.join(', ')}` : `on ${holders.join(', ')} (not yet: ${missing.join(', ')})`;
  // A hash of a chain starts with zeros: its end tells blocks apart.
  return `#${String(block.height).padEnd(6)} …${block.hash.slice(-16)}  ${txs}  ${where}\n`;
}

async function readBlock(target: RpcTarget, hash: string): Promise<SeenBlock> {
  const header = (await callNode(target, 'getblockheader', [hash])) as {
    height: number;
    nTx: number;
    previousblockhash?: string;
  };
  return { hash, height: header.height, txs: header.nTx, previous: header.previousblockhash ?? '' };
}

/** The blocks after `known` up to `tip`, oldest first; those of a new branch when the chain was reorganised. */
async function newBlocks(target: RpcTarget, tip: string, printed: ReadonlySet<string>): Promise<SeenBlock[]> {
  const out: SeenBlock[] = [];
  for (let hash = tip; hash !== '' && !printed.has(hash) && out.length < MAX_BACK; ) {
    const block = await readBlock(target, hash);
    out.unshift(block);
    hash = block.previous;
  }
  return out;
}

/** Prints one line per block until stopped. The first node is the one asked for details. */
export async function watchBlocks(
  nodes: readonly Watched[],
  print: (line: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const names = nodes.map(({ name }) => name);
  const printed = new Set<string>();
  const [first] = nodes;
  let lastHeight = -1;
  let since: { tip: string; atMs: number } | undefined;
  while (!stop.aborted) {
    try {
      const tips = await Promise.all(
        nodes.map(({ target }) => callNode(target, 'getbestblockhash', [], { timeoutMs: 5_000 }) as Promise<string>),
      );
      const tip = tips[0]!;
      if (printed.size === 0) {
        printed.add(tip);
        lastHeight = (await readBlock(first!.target, tip)).height;
      }
      if (!printed.has(tip)) {
        if (since?.tip !== tip) since = { tip, atMs: Date.now() };
        const holders = names.filter((_, i) => tips[i] === tip);
        if (holders.length === names.length || Date.now() - since.atMs > PATIENCE_MS) {
          for (const block of await newBlocks(first!.target, tip, printed)) {
            if (block.height <= lastHeight) print(`reorganised at height ${block.height}\n`);
            print(blockLine(block, holders, names));
            printed.add(block.hash);
            lastHeight = block.height;
          }
        }
      }
    } catch {
      // A node that is stopping or busy: the supervisor reports what matters.
    }
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => {});
  }
}
