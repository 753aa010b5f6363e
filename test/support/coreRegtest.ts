import { hash256 } from '../../src/crypto/hash.ts';
import { assembleBlock } from '../../src/ledger/block/assemble.ts';
import type { CoinChange } from '../../src/ledger/coin.ts';
import { decodeAddress } from '../../src/primitives/address.ts';
import { Block } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { txMerkleRoot } from '../../src/primitives/merkle.ts';
import { Tx, type TxOut } from '../../src/primitives/tx.ts';
import { pushNumber } from '../../src/script/push.ts';
import { compareBytes, concatBytes } from '../../src/util/bytes.ts';
import { fieldsOf, regtest, seal } from '../chain/regtestMiner.ts';

/** Paid by Bitcoin Core's functional tests when the first node generates. */
const FIRST_NODE = 'mjTkW3DjgyZck4KbiRusZsqTgaYTxdSz6z';

const OP_0 = Uint8Array.of(0);
const OP_RETURN_COMMITMENT = Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed);

/** The coinbase as Bitcoin Core's miner makes it; since version 30 it is locked to its height. */
function coinbase(height: number, payout: Uint8Array, lockedToHeight: boolean): Tx {
  const nonce = new Uint8Array(32);
  const commitment = hash256(new Uint8Array(64));
  return new Tx({
    version: 2,
    inputs: [
      {
        prevout: { txid: new Uint8Array(32), index: 0xffffffff },
        scriptSig: concatBytes(pushNumber(height), OP_0),
        sequence: lockedToHeight ? 0xfffffffe : 0xffffffff,
        witness: [nonce],
      },
    ],
    outputs: [
      { value: 5_000_000_000n, scriptPubKey: payout },
      { value: 0n, scriptPubKey: concatBytes(OP_RETURN_COMMITMENT, commitment) },
    ],
    lockTime: lockedToHeight ? height - 1 : 0,
  });
}

/**
 * The blocks 1 … `count` (at most 149: before the first halving) that Bitcoin Core's first test node generates on regtest
 * while its mocked clock stands one second after genesis. Its functional tests name hashes of them.
 */
export function coreRegtestBlocks(count: number, lockedToHeight: boolean): Block[] {
  const decoded = decodeAddress(FIRST_NODE, regtest.prefixes);
  if (!decoded.ok) throw new Error('address');
  const payout = decoded.value.scriptPubKey;
  const headers = [regtest.genesis.header];
  const blocks: Block[] = [];
  for (let height = 1; height <= count; height++) {
    const parent = headers[height - 1] as BlockHeader;
    const times = headers.slice(-11).map((h) => h.time);
    const median = times.sort((a, b) => a - b)[times.length >> 1] as number;
    const txs = [coinbase(height, payout, lockedToHeight)];
    const plan = {
      ...{ params: regtest.consensus, height, prevHash: parent.hash, bits: parent.bits, txs: [], fees: 0n, payout },
      ...{ time: Math.max(median, regtest.genesis.header.time) + 1, extraNonce: 0n },
    };
    const fields = { ...fieldsOf(assembleBlock(plan).header), merkleRoot: txMerkleRoot(txs).root };
    const block = seal(new Block(new BlockHeader(fields), txs));
    headers.push(block.header);
    blocks.push(block);
  }
  return blocks;
}

/** The coins of those blocks, in key order. */
export function coreRegtestCoins(blocks: readonly Block[]): CoinChange[] {
  const coins = blocks.map(({ txs }, i) => {
    const { txid, outputs } = txs[0] as Tx;
    const coin = { height: i + 1, coinbase: true, out: outputs[0] as TxOut };
    return { outpoint: { txid, index: 0 }, coin };
  });
  return coins.sort((a, b) => compareBytes(a.outpoint.txid, b.outpoint.txid));
}
