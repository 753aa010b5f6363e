import { strict as assert } from 'node:assert';
import * as bitcoin from 'bitcoinjs-lib';
import { ECPairFactory } from 'ecpair';
import * as ecc from 'tiny-secp256k1';
import { hash160 } from '../../src/crypto/hash.ts';
import { setSecpProvider } from '../../src/crypto/secp.ts';
import { nobleSecpProvider } from '../../src/crypto/secpNoble.ts';
import { nodeSecpProvider } from '../../src/crypto/secpNode.node.ts';
import { decodeBlock } from '../../src/primitives/block.ts';
import { hashKey } from '../../src/primitives/hash.ts';
import { decodeTx, readTxOut, type TxOut } from '../../src/primitives/tx.ts';
import { SCRIPT_FLAGS as F, STANDARD_SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { classifyOutput } from '../../src/script/templates.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { Reader } from '../../src/util/codec.ts';
import { vectorBytes } from '../support/vectors.ts';

describe('Spends made by others', () => {
  before(() => setSecpProvider(nodeSecpProvider().provider));
  after(() => setSecpProvider(nobleSecpProvider));

  const BURIED =
    F.P2SH | F.DERSIG | F.CHECKLOCKTIMEVERIFY | F.CHECKSEQUENCEVERIFY | F.WITNESS | F.NULLDUMMY | F.TAPROOT;
  const BLOCKS: [name: string, flags: number, kinds: readonly string[]][] = [
    ['mainnet-300025', F.P2SH, ['pubkeyhash', 'multisig']],
    ['testnet3-928828', BURIED, ['pubkeyhash', 'scripthash']],
    ['testnet3-1087400', BURIED, ['pubkeyhash', 'scripthash']],
  ];
  for (const [name, flags, kinds] of BLOCKS)
    it(`in block ${name} all verify`, function () {
      const block = decodeBlock(vectorBytes(this, `blocks/${name}.raw`));
      const r = new Reader(vectorBytes(this, `blocks/${name}.prevouts`));
      const seen = new Map<string, number>();
      for (const tx of block.txs.slice(1)) {
        const spent: TxOut[] = tx.inputs.map(() => readTxOut(r));
        tx.inputs.forEach((_, i) => {
          const { type } = classifyOutput((spent[i] as TxOut).scriptPubKey);
          assert.deepEqual(verifyScript(tx, i, spent, flags), { ok: true }, `${tx.id} ${i} ${type}`);
          seen.set(type, (seen.get(type) ?? 0) + 1);
        });
      }
      r.end(name);
      for (const kind of kinds) assert.ok((seen.get(kind) ?? 0) > 0, JSON.stringify([...seen]));
    });

  // Without a file of spent outputs: what spends outputs of the same block.
  const CHAINED: [name: string, flags: number, kinds: readonly string[]][] = [
    ['mainnet-227836', F.P2SH, ['pubkeyhash']],
    ['mainnet-413567', F.P2SH | F.DERSIG | F.CHECKLOCKTIMEVERIFY, ['pubkeyhash', 'scripthash']],
    ['mainnet-481829', BURIED, ['pubkeyhash', 'scripthash']],
  ];
  for (const [name, flags, kinds] of CHAINED)
    it(`of outputs of the same block in block ${name} all verify`, function () {
      const block = decodeBlock(vectorBytes(this, `blocks/${name}.raw`));
      const known = new Map(block.txs.map((tx) => [hashKey(tx.txid), tx.outputs]));
      const seen = new Map<string, number>();
      for (const tx of block.txs.slice(1)) {
        const spent = tx.inputs.map(({ prevout }) => known.get(hashKey(prevout.txid))?.[prevout.index]);
        spent.forEach((out, i) => {
          if (out === undefined) return;
          const { type } = classifyOutput(out.scriptPubKey);
          // Only taproot signs the other outputs, and there was none yet.
          const verdict = verifyScript(
            tx,
            i,
            spent.map((other) => other ?? out),
            flags,
          );
          assert.deepEqual(verdict, { ok: true }, `${tx.id} ${i} ${type}`);
          seen.set(type, (seen.get(type) ?? 0) + 1);
        });
      }
      for (const kind of kinds) assert.ok((seen.get(kind) ?? 0) > 0, JSON.stringify([...seen]));
    });

  it('by bitcoinjs-lib pass all standard flags: P2WPKH and P2PKH inputs in one transaction', () => {
    const pair = ECPairFactory(ecc).fromPrivateKey(Buffer.alloc(32, 9));
    const network = bitcoin.networks.regtest;
    const witnessOutput = bitcoin.payments.p2wpkh({ pubkey: pair.publicKey, network }).output as Uint8Array;
    const legacyOutput = bitcoin.payments.p2pkh({ pubkey: pair.publicKey, network }).output as Uint8Array;
    const funding = new bitcoin.Transaction();
    funding.addInput(Buffer.alloc(32, 1), 0);
    funding.addOutput(witnessOutput, 100_000n);
    funding.addOutput(legacyOutput, 50_000n);

    const psbt = new bitcoin.Psbt({ network });
    psbt.addInput({ hash: funding.getId(), index: 0, witnessUtxo: { script: witnessOutput, value: 100_000n } });
    psbt.addInput({ hash: funding.getId(), index: 1, nonWitnessUtxo: funding.toBuffer() });
    psbt.addOutput({ script: witnessOutput, value: 140_000n });
    psbt.signAllInputs(pair).finalizeAllInputs();
    const tx = decodeTx(psbt.extractTransaction().toBuffer());

    const spent: TxOut[] = [
      { value: 100_000n, scriptPubKey: witnessOutput },
      { value: 50_000n, scriptPubKey: legacyOutput },
    ];
    for (const index of [0, 1]) assert.deepEqual(verifyScript(tx, index, spent, STANDARD_SCRIPT_FLAGS), { ok: true });
    const lower = [{ ...(spent[0] as TxOut), value: 99_999n }, spent[1] as TxOut];
    assert.equal(verifyScript(tx, 0, lower, STANDARD_SCRIPT_FLAGS).ok, false);
    assert.deepEqual([...hash160(pair.publicKey)], [...legacyOutput.subarray(3, 23)]);
  });
});
