import { buildCoinbase } from '../../src/ledger/block/buildCoinbase.ts';
import { Block, encodeBlock } from '../../src/primitives/block.ts';
import { BlockHeader, type SealedHeader } from '../../src/primitives/header.ts';
import { txMerkleRoot } from '../../src/primitives/merkle.ts';
import { buildPartialMerkleTree, type MerkleBlock } from '../../src/primitives/partialMerkle.ts';
import { NO_WITNESS, Tx, type TxIn } from '../../src/primitives/tx.ts';
import { fromHex } from '../../src/util/hex.ts';

/** 32 bytes of one value. */
export const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

function input(byte: number, witness: readonly Uint8Array[] = NO_WITNESS): TxIn {
  const scriptSig = new Uint8Array(witness.length === 0 ? 5 : 0).fill(0x51);
  return { prevout: { txid: hash(byte), index: byte }, scriptSig, sequence: 0xfffffffd, witness };
}

export const P2PKH = fromHex(`76a914${'11'.repeat(20)}88ac`);
export const P2SH = fromHex(`a914${'22'.repeat(20)}87`);
export const P2WPKH = fromHex(`0014${'33'.repeat(20)}`);
export const P2TR = fromHex(`5120${'44'.repeat(32)}`);
export const MULTISIG = fromHex(`5121${`02${'55'.repeat(32)}`}21${`03${'66'.repeat(32)}`}52ae`);
export const CARRIER = fromHex('6a0568656c6c6f');

export const LEGACY_TX = new Tx({
  version: 1,
  inputs: [input(1), input(2)],
  outputs: [
    { value: 5_000n, scriptPubKey: P2PKH },
    { value: 0n, scriptPubKey: CARRIER },
  ],
  lockTime: 500_000,
});
export const SEGWIT_TX = new Tx({
  version: 2,
  inputs: [input(3, [new Uint8Array(71).fill(0x30), new Uint8Array(33).fill(2)]), input(4)],
  outputs: [
    { value: 21_000_000n * 100_000_000n, scriptPubKey: P2TR },
    { value: 1n, scriptPubKey: MULTISIG },
  ],
  lockTime: 0,
});
/** Version, no inputs, no outputs, lock time: the shortest bytes that are read as a transaction. */
export const EMPTY_TX = new Tx({ version: 0, inputs: [], outputs: [], lockTime: 0 });

export const BLOCK = ((): Block => {
  const txs = [LEGACY_TX, SEGWIT_TX];
  const spec = { height: 300, value: 50n, scriptPubKey: P2WPKH, extraNonce: 1n, txs, segwit: true, bip54: true };
  const all = [buildCoinbase(spec), ...txs];
  const fields = { version: 4, prevHash: hash(9), time: 1_700_000_000, bits: 0x207fffff, nonce: 7 };
  return new Block(new BlockHeader({ ...fields, merkleRoot: txMerkleRoot(all).root }), all);
})();
export const SEALED_BLOCK = new Block(BLOCK.header, BLOCK.txs, hash(8));
export const BLOCK_BYTES = encodeBlock(BLOCK);

export const HEADERS: readonly SealedHeader[] = ((): SealedHeader[] => {
  const made: SealedHeader[] = [];
  let prevHash = hash(1);
  for (let i = 0; i < 4; i++) {
    const fields = { version: 0x20000000, prevHash, merkleRoot: hash(i), time: 1_700_000_000 + i, bits: 0x1d00ffff };
    const header = new BlockHeader({ ...fields, nonce: i });
    made.push({ header, seal: new Uint8Array(i) });
    prevHash = header.hash;
  }
  return made;
})();

export const MERKLE_BLOCK: MerkleBlock = {
  header: BLOCK.header,
  tree: buildPartialMerkleTree(
    BLOCK.txs.map((tx) => tx.txid),
    (_, i) => i === 1,
  ),
};
