import { strict as assert } from 'node:assert';
import { checkBlockAlone } from '../../src/ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../../src/ledger/block/checkBlockInHeaderContext.ts';
import { checkTxAlone } from '../../src/ledger/tx/checkTxAlone.ts';
import { BITCOIN_MAIN_DEFINITION } from '../../src/params/bitcoinMain.ts';
import { CAIRN_DEVNET_DEFINITION } from '../../src/params/networks.ts';
import { REGTEST_PREFIXES } from '../../src/params/prefixes.ts';
import { decodeAddress, encodeAddress } from '../../src/primitives/address.ts';
import { decodeBase58, encodeBase58 } from '../../src/primitives/base58.ts';
import { locateBech32Errors } from '../../src/primitives/bech32Errors.ts';
import {
  type Block,
  decodeBlock,
  decodeSealedBlock,
  encodeBlock,
  encodeSealedBlock,
} from '../../src/primitives/block.ts';
import { decodeHeader, encodeHeader, readSealedHeader } from '../../src/primitives/header.ts';
import { decodeMerkleBlock, encodeMerkleBlock, verifyMerkleBlock } from '../../src/primitives/partialMerkle.ts';
import { decodeTx, encodeTx, readTx, type Tx } from '../../src/primitives/tx.ts';
import { decodeWif, encodeWif } from '../../src/primitives/wif.ts';
import { decodeAll } from '../../src/util/codec.ts';
import { encodeSealedHeader } from '../../src/wire/messages/gossip.ts';
import type { FuzzTarget } from './run.ts';
import { isPassed, oneEncoding } from './same.ts';
import * as S from './samples.ts';

/** Everything that users of a transaction ask it. */
export function lookAtTx(tx: Tx): void {
  assert.equal(tx.id.length, 64);
  assert.equal(tx.wtxid.length, 32);
  assert.ok(tx.strippedSize <= tx.size && tx.weight >= tx.size && tx.vsize <= tx.size);
  isPassed(checkTxAlone(tx));
}

const CTX = { height: 300, medianTimePast: 1_600_000_000, params: CAIRN_DEVNET_DEFINITION.consensus };

/** Every rule of a block that needs no coins. */
export function lookAtBlock(block: Block): void {
  assert.equal(block.header.id.length, 64);
  assert.ok(block.weight >= block.strippedSize);
  if (isPassed(checkBlockAlone(block))) isPassed(checkBlockInHeaderContext(block, CTX));
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const ascii = (...texts: string[]): Uint8Array[] => texts.map((t) => new Uint8Array(Buffer.from(t, 'latin1')));

const ADDRESSES = [REGTEST_PREFIXES, BITCOIN_MAIN_DEFINITION.prefixes].flatMap((prefixes) =>
  [S.P2PKH, S.P2SH, S.P2WPKH, S.P2TR].map((script) => encodeAddress(script, prefixes) as string),
);
const KEY = { privateKey: S.hash(5), compressed: true };

function runAddress(bytes: Uint8Array): boolean {
  let taken = false;
  for (const prefixes of [REGTEST_PREFIXES, BITCOIN_MAIN_DEFINITION.prefixes]) {
    const decoded = decodeAddress(text(bytes), prefixes);
    if (decoded.ok) {
      taken = true;
      assert.equal(encodeAddress(decoded.value.scriptPubKey, prefixes)?.toLowerCase(), normal(text(bytes)));
    } else {
      assert.ok(decoded.error.length > 0);
      for (const at of decoded.errorLocations) assert.ok(at >= 0 && at < bytes.length);
    }
  }
  return taken;
}

/** Segwit addresses come in both cases, and Base58 may stand between blanks, as in Bitcoin Core. */
const normal = (address: string): string => address.toLowerCase().trim();

export const PRIMITIVE_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'tx',
    samples: [S.LEGACY_TX, S.SEGWIT_TX, S.EMPTY_TX].map((tx) => tx.bytes),
    run: (bytes) => {
      const tx = decodeTx(bytes);
      lookAtTx(tx);
      return oneEncoding(decodeTx, encodeTx)(bytes);
    },
  },
  {
    name: 'tx without witnesses',
    samples: [S.LEGACY_TX, S.EMPTY_TX].map((tx) => tx.bytes),
    run: oneEncoding((bytes) => decodeAll(bytes, (r) => readTx(r, false), 'tx'), encodeTx),
  },
  {
    name: 'block',
    samples: [S.BLOCK_BYTES],
    run: (bytes) => {
      lookAtBlock(decodeBlock(bytes));
      return oneEncoding(decodeBlock, encodeBlock)(bytes);
    },
  },
  {
    name: 'sealed block',
    samples: [S.BLOCK, S.SEALED_BLOCK].map(encodeSealedBlock),
    run: oneEncoding(decodeSealedBlock, encodeSealedBlock),
  },
  { name: 'header', samples: [encodeHeader(S.BLOCK.header)], run: oneEncoding(decodeHeader, encodeHeader) },
  {
    name: 'sealed header',
    samples: S.HEADERS.map(encodeSealedHeader),
    run: oneEncoding((bytes) => decodeAll(bytes, readSealedHeader, 'sealed header'), encodeSealedHeader),
  },
  {
    name: 'merkle block',
    samples: [encodeMerkleBlock(S.MERKLE_BLOCK)],
    run: (bytes) => {
      isPassed(verifyMerkleBlock(decodeMerkleBlock(bytes)));
      return oneEncoding(decodeMerkleBlock, encodeMerkleBlock)(bytes);
    },
  },
  { name: 'address', samples: ascii(...ADDRESSES), run: runAddress },
  {
    name: 'bech32 errors',
    samples: ascii(...ADDRESSES.filter((a) => a.startsWith('bc'))),
    run: (bytes) => locateBech32Errors(text(bytes)) !== undefined,
  },
  {
    name: 'base58',
    samples: ascii(...ADDRESSES.filter((a) => !a.startsWith('bc'))),
    run: (bytes) => {
      const decoded = decodeBase58(text(bytes));
      if (decoded === undefined) return false;
      assert.equal(encodeBase58(decoded), text(bytes).trim());
      return true;
    },
  },
  {
    name: 'wif',
    samples: ascii(encodeWif(KEY, REGTEST_PREFIXES), encodeWif({ ...KEY, compressed: false }, REGTEST_PREFIXES)),
    run: (bytes) => {
      const key = decodeWif(text(bytes), REGTEST_PREFIXES);
      if (key !== undefined) assert.equal(encodeWif(key, REGTEST_PREFIXES), text(bytes).trim());
      return key !== undefined;
    },
  },
];
