import { strict as assert } from 'node:assert';
import { sha256, taggedHash } from '../../src/crypto/hash.ts';
import { secp } from '../../src/crypto/secp.ts';
import { decodeTx, type TxOut } from '../../src/primitives/tx.ts';
import { STANDARD_SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { SIGHASH } from '../../src/script/sigEncoding.ts';
import { taprootSigHash, taprootSigMessage } from '../../src/script/sighashTaproot.ts';
import { checkTaprootCommitment, tapBranchHash, tapLeafHash, tapTweakHash } from '../../src/script/taproot.ts';
import { txHashes } from '../../src/script/txHashes.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { fromHex, toHex } from '../../src/util/hex.ts';
import { vectorJson } from '../support/vectors.ts';

interface Leaf {
  readonly id: number;
  readonly script: string;
  readonly leafVersion: number;
}
type Tree = Leaf | readonly [Tree, Tree];

interface OutputCase {
  readonly given: { readonly internalPubkey: string; readonly scriptTree: Tree | null };
  readonly intermediary: {
    readonly leafHashes?: readonly string[];
    readonly merkleRoot: string | null;
    readonly tweak: string;
    readonly tweakedPubkey: string;
  };
  readonly expected: { readonly scriptPubKey: string; readonly scriptPathControlBlocks?: readonly string[] };
}

interface KeySpends {
  readonly given: {
    readonly rawUnsignedTx: string;
    readonly utxosSpent: readonly { readonly scriptPubKey: string; readonly amountSats: number }[];
  };
  readonly intermediary: Readonly<Record<string, string>>;
  readonly inputSpending: readonly {
    readonly given: {
      readonly txinIndex: number;
      readonly internalPrivkey: string;
      readonly merkleRoot: string | null;
      readonly hashType: number;
    };
    readonly intermediary: {
      readonly internalPubkey: string;
      readonly tweak: string;
      readonly tweakedPrivkey: string;
      readonly sigMsg: string;
      readonly sigHash: string;
    };
    readonly expected: { readonly witness: readonly [string] };
  }[];
  readonly auxiliary: { readonly fullySignedTx: string };
}

interface Vectors {
  readonly version: number;
  readonly scriptPubKey: readonly OutputCase[];
  readonly keyPathSpending: readonly KeySpends[];
}

/** Leaves of a tree in the order of their ids, and its root. */
function hashTree(tree: Tree, leaves: Map<number, { hash: Uint8Array; script: Uint8Array }>): Uint8Array {
  if ('id' in tree) {
    const script = fromHex(tree.script);
    const hash = tapLeafHash(tree.leafVersion, script);
    leaves.set(tree.id, { hash, script });
    return hash;
  }
  return tapBranchHash(hashTree(tree[0], leaves), hashTree(tree[1], leaves));
}

for (const file of ['core/bip341_wallet_vectors.json', 'bips/bip341-wallet.json'])
  describe(`BIP341 wallet vectors: ${file}`, () => {
    it('give the leaves, roots, tweaks and output keys, and the control blocks prove each leaf', function () {
      const { version, scriptPubKey } = vectorJson<Vectors>(this, file);
      assert.equal(version, 1);
      assert.ok(scriptPubKey.length >= 7);
      for (const { given, intermediary, expected } of scriptPubKey) {
        const leaves = new Map<number, { hash: Uint8Array; script: Uint8Array }>();
        const root = given.scriptTree === null ? undefined : hashTree(given.scriptTree, leaves);
        const ordered = [...leaves].sort(([a], [b]) => a - b).map(([, leaf]) => leaf);
        assert.deepEqual(
          ordered.map(({ hash }) => toHex(hash)),
          intermediary.leafHashes ?? [],
        );
        assert.equal(root === undefined ? null : toHex(root), intermediary.merkleRoot);
        const internal = fromHex(given.internalPubkey);
        const tweak = tapTweakHash(internal, root);
        assert.equal(toHex(tweak), intermediary.tweak);
        const output = secp().tweakAddXOnly(internal, tweak);
        assert.equal(toHex(output?.xOnly as Uint8Array), intermediary.tweakedPubkey);
        assert.equal(`5120${intermediary.tweakedPubkey}`, expected.scriptPubKey);
        const controls = (expected.scriptPathControlBlocks ?? []).map(fromHex);
        assert.equal(controls.length, ordered.length);
        controls.forEach((control, i) => {
          const { hash } = ordered[i] as { hash: Uint8Array };
          const key = fromHex(intermediary.tweakedPubkey);
          assert.equal(checkTaprootCommitment(control, key, hash), true);
          for (let at = 0; at < control.length; at++) {
            const wrong = control.slice();
            wrong[at] = (wrong[at] as number) ^ 1;
            assert.equal(checkTaprootCommitment(wrong, key, hash), false, `byte ${at}`);
          }
        });
      }
    });

    it('give the shared hashes, messages, signature hashes and signatures of every input', function () {
      const { keyPathSpending } = vectorJson<Vectors>(this, file);
      assert.ok(keyPathSpending.length >= 1);
      for (const { given, intermediary, inputSpending, auxiliary } of keyPathSpending) {
        const tx = decodeTx(fromHex(given.rawUnsignedTx));
        const spent: TxOut[] = given.utxosSpent.map(({ scriptPubKey, amountSats }) => ({
          scriptPubKey: fromHex(scriptPubKey),
          value: BigInt(amountSats),
        }));
        const shared = txHashes(tx);
        assert.deepEqual(
          {
            hashAmounts: toHex(shared.spent(spent).amounts),
            hashOutputs: toHex(shared.outputs),
            hashPrevouts: toHex(shared.prevouts),
            hashScriptPubkeys: toHex(shared.spent(spent).scripts),
            hashSequences: toHex(shared.sequences),
          },
          intermediary,
        );
        for (const input of inputSpending) {
          const { txinIndex: index, hashType, merkleRoot, internalPrivkey } = input.given;
          const spend = { tx, index, spent };
          assert.equal(
            toHex(taprootSigMessage(spend, hashType, undefined, undefined) as Uint8Array),
            input.intermediary.sigMsg,
          );
          const hash = taprootSigHash(spend, hashType, undefined, undefined) as Uint8Array;
          assert.equal(toHex(hash), input.intermediary.sigHash);
          const internal = secp().publicKeyOf(fromHex(internalPrivkey), true)?.slice(1) as Uint8Array;
          assert.equal(toHex(internal), input.intermediary.internalPubkey);
          const root = merkleRoot === null ? undefined : fromHex(merkleRoot);
          assert.equal(toHex(tapTweakHash(internal, root)), input.intermediary.tweak);
          const sig = secp().signSchnorr(hash, fromHex(input.intermediary.tweakedPrivkey), new Uint8Array(32));
          const type = hashType === SIGHASH.DEFAULT ? '' : hashType.toString(16).padStart(2, '0');
          assert.deepEqual([toHex(sig as Uint8Array) + type], input.expected.witness);
        }
        const signed = decodeTx(fromHex(auxiliary.fullySignedTx));
        assert.equal(signed.inputs.length, spent.length);
        signed.inputs.forEach((_, i) => {
          assert.deepEqual(verifyScript(signed, i, spent, STANDARD_SCRIPT_FLAGS), { ok: true }, `input ${i}`);
        });
      }
    });
  });

describe('Tagged hashes', () => {
  it('of the leaf are those of BIP340 over version, length and script', () => {
    const script = new Uint8Array(300).fill(0x51);
    const data = Uint8Array.of(0xc0, 0xfd, 300 & 0xff, 300 >> 8, ...script);
    assert.equal(toHex(tapLeafHash(0xc0, script)), toHex(taggedHash('TapLeaf', data)));
    assert.notEqual(toHex(tapLeafHash(0xc0, script)), toHex(sha256(data)));
  });
});
