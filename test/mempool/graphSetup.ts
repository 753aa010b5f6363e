import { PoolNode } from '../../src/mempool/poolNode.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx } from '../../src/primitives/tx.ts';
import { PAYOUT } from './setup.ts';

let unique = 0;
/** Outputs of each entry that were spent by another, whether or not it is still there. */
const used = new WeakMap<PoolNode, number>();

function nextOutput(of: PoolNode): number {
  const index = used.get(of) ?? 0;
  used.set(of, index + 1);
  return index;
}

export interface NodeOptions {
  readonly parents?: readonly PoolNode[];
  /** Satoshi. */
  readonly fee: number;
  /** Bytes of padding in the input script. */
  readonly padding?: number;
  readonly sigopCost?: number;
}

/** An entry without a chain: for the graph, selection and eviction alone. Spends output 0, 1, … of each parent in turn. */
export function node(options: NodeOptions): PoolNode {
  const { parents = [], fee, padding = 0, sigopCost = 0 } = options;
  const sequence = unique++;
  const foreign = new Uint8Array(32);
  new DataView(foreign.buffer).setUint32(0, sequence + 1);
  const prevouts = parents.map((parent) => ({ txid: parent.tx.txid, index: nextOutput(parent) }));
  const tx = new Tx({
    version: 2,
    inputs: [...prevouts, { txid: foreign, index: 0 }].map((prevout, i) => ({
      prevout,
      scriptSig: new Uint8Array(i === prevouts.length ? padding : 0),
      sequence: SEQUENCE_FINAL,
      witness: NO_WITNESS,
    })),
    outputs: Array.from({ length: 30 }, () => ({ value: 1000n, scriptPubKey: PAYOUT })),
    lockTime: 0,
  });
  return new PoolNode({ tx, fee: BigInt(fee), timeMs: 0, height: 0, sequence, sigopCost, spent: [] });
}
