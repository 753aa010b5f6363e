import assert from 'node:assert/strict';
import { Tx } from '../../src/primitives/tx.ts';
import { decodeSendTxResult, SENDTX_CODES } from '../../src/wire/messages/sendTx.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { NETWORKS } from '../support/cluster.ts';
import { devCoins, pay, type Spendable, withBadSignature } from '../support/liarPayments.ts';
import { LiarScene } from '../support/liarScene.ts';
import { sleep, until } from '../support/wait.ts';

for (const network of NETWORKS) {
  describe(`a peer that lies about transactions (${network})`, function () {
    this.timeout(60_000);
    let scene: LiarScene;
    let coins: Spendable[];
    before(async () => {
      scene = new LiarScene(network);
      await scene.start(2);
      coins = await devCoins(scene.honest, 6);
      const tip = await scene.honest.tip();
      await until('the coins to mature', 20_000, async () => (await scene.node.tip()) === tip);
    });
    after(() => scene.end());

    const coin = (i: number): Spendable => coins[i] as Spendable;
    const pool = (): Promise<string[]> => scene.node.rpc<string[]>('getrawmempool');

    it('an invalid signature: banned, and the same transaction well signed is taken from another peer', async () => {
      const { tx } = pay(coin(0), 1);
      const liar = await scene.connected();
      await liar.gossip('tx', withBadSignature(tx).bytes);
      await scene.banned(liar, 'mandatory-script-verify-flag-failed');
      assert.deepEqual(await pool(), []);
      const friend = await scene.connected();
      await friend.gossip('tx', tx.bytes);
      await until('the good copy in the pool', 5000, async () => (await pool()).includes(tx.id));
      await until('it to reach the honest node', 10_000, async () =>
        (await scene.honest.rpc<string[]>('getrawmempool')).includes(tx.id),
      );
      await scene.unpunished(friend);
      await scene.goesOn();
      assert.deepEqual(await pool(), [], 'it was mined');
    });

    it('a double spend of what is in the pool or confirmed: refused, no penalty, the first stays', async () => {
      const first = pay(coin(1), 2);
      const rival = pay(coin(1), 3);
      await scene.node.rpc('sendrawtransaction', Buffer.from(first.tx.bytes).toString('hex'));
      const liar = await scene.connected();
      await liar.gossip('tx', rival.tx.bytes);
      await sleep(500);
      assert.deepEqual(await pool(), [first.tx.id]);
      await scene.unpunished(liar);
      await scene.goesOn();
      await liar.gossip('tx', pay(coin(1), 4).tx.bytes);
      await sleep(300);
      assert.deepEqual(await pool(), []);
      await scene.unpunished(liar);
    });

    it('more out than in, a loose coinbase, no transaction at all: banned', async () => {
      const { tx } = pay(coin(2), 3);
      const { version, inputs, lockTime } = tx;
      const outputs = tx.outputs.map((out) => ({ ...out, value: out.value + coin(2).satoshi }));
      const coinbase = scene.maker.template(await scene.tip()).txs[0] as Tx;
      const lies = [
        [new Tx({ version, inputs, outputs, lockTime }).bytes, 'bad-txns-in-belowout'],
        [coinbase.bytes, 'coinbase'],
        [tx.bytes.slice(0, -3), 'malformed'],
        [new Uint8Array(400_001).fill(1), 'too-large'],
      ] as const;
      for (const [bytes, rule] of lies) {
        const liar = await scene.connected();
        await liar.gossip('tx', bytes);
        await scene.banned(liar, rule);
      }
      assert.deepEqual(await pool(), []);
      await scene.goesOn();
    });

    it('a child whose parent turns out to be junk: banned; one whose parent never comes: no penalty', async () => {
      const parent = pay(coin(3), 4);
      const child = pay(parent.coin, 5);
      const liar = await scene.connected({
        twist: ({ type }) => (type === MESSAGE.TXS ? new Uint8Array(100).fill(0xfe) : undefined),
      });
      await liar.gossip('tx', child.tx.bytes);
      await scene.banned(liar, 'malformed');
      const lonely = await scene.connected();
      await lonely.gossip('tx', pay(parent.coin, 4).tx.bytes);
      await until('the node to ask for the parent', 5000, () => lonely.asked.includes(MESSAGE.TXS));
      await sleep(300);
      await scene.unpunished(lonely);
      assert.deepEqual(await pool(), []);
    });

    it("through the light client's door: refused with the reason, two points each, banned at the fiftieth", async () => {
      const { tx } = pay(coin(4), 5);
      const bad = withBadSignature(tx);
      const liar = await scene.connected();
      const send = (bytes: Uint8Array) =>
        liar.net.request(scene.nodeKey, 'light', { type: MESSAGE.SENDTX, payload: bytes });
      const { code, reason } = decodeSendTxResult((await send(bad.bytes)).payload);
      assert.equal(code, SENDTX_CODES.REJECTED);
      assert.match(reason, /^mandatory-script-verify-flag-failed/);
      await scene.scored(liar, 2);
      for (let i = 1; i < 50; i++) await send(bad.bytes).catch(() => undefined);
      await scene.banned(liar, 'refused-sendtx');
      await scene.goesOn();
    });
  });
}
