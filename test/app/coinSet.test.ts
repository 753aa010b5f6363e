import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { coinSetBackend } from '../../src/app/backend/coinSet.ts';
import { CoinWalks } from '../../src/app/coinset/coinWalks.ts';
import { displayHash } from '../../src/primitives/hash.ts';
import type { CoinSetBackend } from '../../src/rpc/backend.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { acceptAll, openChain } from '../chain/setup.ts';
import { coreRegtestBlocks } from '../support/coreRegtest.ts';

interface Node {
  readonly coinSet: CoinSetBackend;
  readonly lifetime: Lifetime;
}

/** A chain of Bitcoin Core's first `blocks` test blocks; `onPause` runs whenever a walk lets others run. */
async function nodeWith(blocks: number, onPause: () => void = () => {}): Promise<Node> {
  const { chain } = await openChain();
  await acceptAll(chain, coreRegtestBlocks(blocks, true));
  const lifetime = new Lifetime();
  const walks = new CoinWalks(
    async () => {
      onPause();
      await nextTurn();
    },
    lifetime,
    60,
  );
  return { coinSet: coinSetBackend({ chain, walks }), lifetime };
}

describe('coin set of a node', () => {
  it("has Bitcoin Core's numbers and hash for a chain that Core makes", async () => {
    const { coinSet } = await nodeWith(100);
    const info = await coinSet.summarize('hash_serialized_3', () => false);
    assert.ok(info !== undefined);
    assert.equal(info.tip.height, 100);
    assert.equal(info.tip.header.id, '6885775faa46290bedfa071f22d0598c93f1d7e01f24607c4dedd69b9baa4a8f');
    assert.equal(
      displayHash(info.hash as Uint8Array),
      'd4453995f4f20db7bb3a604afd10d7128e8ee11159cde56d5b2fd7f55be7c74c',
    );
    assert.equal(info.coins, 100);
    assert.equal(info.transactions, 100);
    assert.equal(info.bogoSize, 100 * (50 + 25));
    assert.equal(info.totalAmount, 100n * 5_000_000_000n);
    // Key of 37 bytes; heights below 64 are one byte, the amount one, a P2PKH script 21.
    assert.equal(info.diskSize, 63 * (37 + 1 + 1 + 21) + 37 * (37 + 2 + 1 + 21));
    const none = await coinSet.summarize('none', () => false);
    assert.deepEqual({ ...none, hash: info.hash }, info);
  });

  it('is given up when nobody waits for it any more', async () => {
    let pauses = 0;
    const { coinSet } = await nodeWith(149, () => pauses++);
    assert.notEqual(await coinSet.summarize('none', () => false), undefined);
    assert.equal(pauses, 2, 'a walk of 149 coins lets others run twice');
    assert.equal(await coinSet.summarize('none', () => true), undefined);
  });

  it('is given up when the node stops, which waits for that', async () => {
    let stopped: Promise<void> | undefined;
    const node = await nodeWith(149, () => {
      stopped ??= node.lifetime.close();
    });
    const order: string[] = [];
    const summary = node.coinSet.summarize('muhash', () => false).then((info) => order.push(`summary ${info}`));
    await summary;
    assert.deepEqual(order, ['summary undefined']);
    await stopped;
    assert.equal(await node.coinSet.summarize('muhash', () => false), undefined);
  });
});
