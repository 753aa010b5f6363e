import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hashesIn, hashInPlace, layOutForHashing } from '../../src/app/scripts/hashRun.ts';
import { type RunMessage, ScriptPool, type ScriptThread } from '../../src/app/scripts/scriptPool.node.ts';
import { inlineScriptChecker } from '../../src/chain/scriptCheckerInline.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import { Block } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { NO_WITNESS, Tx } from '../../src/primitives/tx.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { concatBytes } from '../../src/util/bytes.ts';

/** A transaction with a script and a witness of so many bytes; none at 0. */
function madeTx(seed: number, scriptBytes: number, witnessBytes: number): Tx {
  const witness = witnessBytes === 0 ? NO_WITNESS : [new Uint8Array(witnessBytes).fill(seed)];
  const prevout = { txid: sha256(Uint8Array.of(seed, seed >> 8)), index: seed };
  const input = { prevout, scriptSig: new Uint8Array(scriptBytes), sequence: seed, witness };
  return new Tx({
    version: 2,
    inputs: [input],
    outputs: [{ value: BigInt(seed), scriptPubKey: prevout.txid }],
    lockTime: 0,
  });
}

const HEADER = new BlockHeader({
  version: 1,
  prevHash: new Uint8Array(32),
  merkleRoot: new Uint8Array(32),
  time: 1,
  bits: 0x207fffff,
  nonce: 0,
});

/** The same transactions twice: as objects of their own, so that one knows nothing of the other's hashes. */
function twins(txs: readonly Tx[]): [Block, Block] {
  return [
    new Block(
      HEADER,
      txs.map((tx) => new Tx(tx)),
    ),
    new Block(
      HEADER,
      txs.map((tx) => new Tx(tx)),
    ),
  ];
}

const allocate = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(8 * Math.ceil(bytes / 8) + 64);
const idsOf = (block: Block): Uint8Array => concatBytes(...block.txs.flatMap((tx) => [tx.txid, tx.wtxid]));

/** Everything that is made of hashes is the same. */
function assertSame(a: Block, b: Block): void {
  assert.deepEqual(idsOf(a), idsOf(b));
  assert.deepEqual(a.txRoot, b.txRoot);
  assert.deepEqual(a.witnessRoot, b.witnessRoot);
}

describe('app: hashes of blocks made on other threads', () => {
  before(() => usePlatformCrypto());

  it('are those that the block makes itself, with witnesses, without, and where equal neighbours hide a mutation', () => {
    const tx = fc.tuple(fc.nat(40), fc.constantFrom(0, 1, 100, 9000), fc.constantFrom(0, 0, 1, 72, 9000));
    fc.assert(
      fc.property(fc.array(tx, { minLength: 1, maxLength: 40 }), (list) => {
        const [alone, helped] = twins(list.map((args) => madeTx(...args)));
        const shared = layOutForHashing(helped, allocate);
        hashInPlace(shared);
        const hashes = hashesIn(shared);
        assert.deepEqual(hashes.ids, idsOf(alone));
        helped.adopt(hashes);
        assertSame(helped, alone);
      }),
      { numRuns: 60 },
    );
    const repeated = [madeTx(1, 0, 5), madeTx(2, 0, 5), madeTx(2, 0, 5)];
    const [alone, helped] = twins(repeated);
    const shared = layOutForHashing(helped, allocate);
    hashInPlace(shared);
    helped.adopt(hashesIn(shared));
    assertSame(helped, alone);
    assert.deepEqual([helped.txRoot.mutated, helped.witnessRoot.mutated], [false, false]);
    const [, even] = twins([...repeated, madeTx(3, 0, 0), ...repeated, madeTx(3, 0, 0)]);
    const again = layOutForHashing(even, allocate);
    hashInPlace(again);
    assert.equal(hashesIn(again).txRoot.mutated, true);
  });

  describe('by the script threads', () => {
    const inline = inlineScriptChecker({ verify: verifyScript, pause: async () => {} });
    const many = (): Tx[] => Array.from({ length: 300 }, (_, i) => madeTx(i, i % 7, i % 3));

    it('blocks of many transactions are hashed there, several at a time', async () => {
      const pool = new ScriptPool({ threads: 2, inline });
      const pairs = [many(), many().slice(0, 250), many().toReversed()].map(twins);
      await Promise.all(pairs.map(([, helped]) => pool.prepare(helped)));
      await pool.close();
      for (const [alone, helped] of pairs) assertSame(helped, alone);
    });

    it('only while no scripts are under way, and only when there are enough', async () => {
      const sent: RunMessage[] = [];
      const silent = {
        postMessage: (message: RunMessage) => sent.push(message),
        on() {},
        ref() {},
        unref() {},
        terminate: async () => 0,
      };
      const pool = new ScriptPool({ threads: 2, inline, spawn: () => silent as unknown as ScriptThread });
      await pool.prepare(twins(many().slice(0, 50))[0]);
      assert.equal(sent.length, 0);
      const spent = Array.from({ length: 100 }, () => ({ value: 1n, scriptPubKey: new Uint8Array(1) }));
      const { inputs } = madeTx(1, 0, 0);
      const tx = new Tx({
        version: 1,
        inputs: spent.map(() => inputs[0] as (typeof inputs)[0]),
        outputs: [],
        lockTime: 0,
      });
      const check = pool.check([{ tx, spent, flags: 0 }]);
      check.catch(() => undefined);
      assert.deepEqual(
        sent.map(({ work }) => work),
        ['scripts', 'scripts'],
      );
      await pool.prepare(twins(many())[0]);
      assert.equal(sent.length, 2);
      await pool.close();
    });

    it('a block is left to itself when its thread dies, and when there is none', async () => {
      const { EventEmitter } = await import('node:events');
      class Dying extends EventEmitter {
        postMessage(): void {
          queueMicrotask(() => this.emit('error', new Error('dead')));
        }
        ref(): void {}
        unref(): void {}
        async terminate(): Promise<number> {
          return 1;
        }
      }
      const none = (): ScriptThread => {
        throw new Error('no threads here');
      };
      for (const spawn of [() => new Dying() as unknown as ScriptThread, none]) {
        const pool = new ScriptPool({ threads: 2, inline, spawn });
        const [alone, helped] = twins(many());
        await pool.prepare(helped);
        assertSame(helped, alone);
        await pool.close();
      }
    });
  });
});
