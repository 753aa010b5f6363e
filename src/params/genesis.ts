import { sha256 } from '../crypto/hash.ts';
import { Block } from '../primitives/block.ts';
import { ZERO_HASH } from '../primitives/hash.ts';
import { BlockHeader } from '../primitives/header.ts';
import { txMerkleRoot } from '../primitives/merkle.ts';
import { NULL_INDEX } from '../primitives/outpoint.ts';
import { OP_RETURN } from '../primitives/outputScript.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx, type TxOut } from '../primitives/tx.ts';
import { assert } from '../util/assert.ts';
import { asciiBytes, concatBytes } from '../util/bytes.ts';
import { fromHex } from '../util/hex.ts';
import { canonicalJson } from './canonicalJson.ts';
import type { ConsensusParams } from './network.ts';

const OP_0 = 0x00;

/**
 * SHA256 of the canonical JSON of the parameters: what a cairn genesis commits to (protocol §1.1). 32 bytes. The text is
 * ASCII, because the names are fixed and every string in it is hex, decimal or one of a few words.
 */
export function consensusDigest(params: ConsensusParams): Uint8Array {
  return sha256(asciiBytes(canonicalJson(params)));
}

/** The script OP_RETURN "GEN1" ‖ digest that ties a chain id to its rules (protocol §1.1). */
export function genesisCommitmentScript(params: ConsensusParams): Uint8Array {
  const data = concatBytes(asciiBytes('GEN1'), consensusDigest(params));
  return concatBytes(Uint8Array.of(OP_RETURN, data.length), data);
}

/** Height 0 as BIP34 writes it, then the word "cairn": within the 2 to 100 bytes a coinbase script may have. */
function genesisScriptSig(): Uint8Array {
  const word = asciiBytes('cairn');
  return concatBytes(Uint8Array.of(OP_0, word.length), word);
}

/**
 * The genesis block of a cairn network: one coinbase with the allocations in order (so allocation i is output i),
 * followed by the commitment to all parameters. Deterministic: only the nonce is not part of the parameters.
 */
export function buildCairnGenesis(params: ConsensusParams, nonce: number): Block {
  const { genesis } = params;
  assert(genesis !== undefined, 'a cairn network has genesis parameters');
  const outputs: TxOut[] = genesis.allocations.map((a) => ({
    value: BigInt(a.amount),
    scriptPubKey: fromHex(a.script),
  }));
  outputs.push({ value: 0n, scriptPubKey: genesisCommitmentScript(params) });
  const coinbase = new Tx({
    version: 1,
    inputs: [
      {
        prevout: { txid: ZERO_HASH, index: NULL_INDEX },
        scriptSig: genesisScriptSig(),
        sequence: SEQUENCE_FINAL,
        witness: NO_WITNESS,
      },
    ],
    outputs,
    lockTime: 0,
  });
  const header = new BlockHeader({
    version: genesis.version,
    prevHash: ZERO_HASH,
    merkleRoot: txMerkleRoot([coinbase]).root,
    time: genesis.time,
    bits: genesis.bits,
    nonce,
  });
  return new Block(header, [coinbase]);
}
