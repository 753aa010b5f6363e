import { strict as assert } from 'node:assert';
import { type Block, decodeBlock, decodeSealedBlock, encodeSealedBlock } from '../../src/primitives/block.ts';
import type { Hash256 } from '../../src/primitives/hash.ts';
import { verifyMerkleBlock } from '../../src/primitives/partialMerkle.ts';
import type { Tx } from '../../src/primitives/tx.ts';
import { encodeBlockRequest } from '../../src/wire/messages/block.ts';
import { decodeHeaders, encodeHeadersRequest } from '../../src/wire/messages/headers.ts';
import { decodeMempool } from '../../src/wire/messages/mempool.ts';
import { decodeSendTxResult } from '../../src/wire/messages/sendTx.ts';
import { decodeStatus } from '../../src/wire/messages/status.ts';
import { decodeTip, encodeTip, plainTip } from '../../src/wire/messages/tip.ts';
import { decodeTxProof, encodeTxProofRequest } from '../../src/wire/messages/txProof.ts';
import { decodeTxs, encodeTxsRequest } from '../../src/wire/messages/txs.ts';
import { MESSAGE } from '../../src/wire/messages/types.ts';
import { SERVICES, type StreamName, WIRE_ERRORS, type WireErrorCode, WireRefusal } from '../../src/wire/peer.ts';
import { coinbaseOf, mine, mineChain, regtest } from '../chain/regtestMiner.ts';
import { PAYOUT, pay } from '../mempool/setup.ts';
import { SimClock } from '../support/simClock.ts';
import { SimNet } from '../support/simNet.ts';
import { SimNode } from '../support/simNode.ts';

const GENESIS = { header: regtest.genesis.header, height: 0 };
const CHAIN = mineChain(GENESIS, 110, { payout: PAYOUT });
const block = (height: number): Block => CHAIN[height - 1] as Block;
const coin = (height: number) => ({ tx: coinbaseOf(block(height)), index: 0 });
const NOWHERE = new Uint8Array(32).fill(0xee);

describe('relay: answering peers', () => {
  let node: SimNode;
  let sim: SimNet;

  beforeEach(async () => {
    sim = new SimNet(new SimClock());
    node = await SimNode.open(sim, 'node');
    await node.load(CHAIN);
    sim.add('peer');
    sim.connect('node', 'peer');
  });
  afterEach(async () => {
    await node.close();
    assert.deepEqual(node.failures, []);
  });

  const ask = async (type: number, payload: Uint8Array = new Uint8Array(0), stream: StreamName = 'sync') => {
    const answer = await node.relay.serve[stream]('peer', { type, payload });
    assert.equal(answer.type, type | 0x80);
    return answer.payload;
  };
  const refusal = (code: WireErrorCode) => (error: unknown) => error instanceof WireRefusal && error.code === code;

  async function headers(locator: Hash256[], stop?: Hash256, max = 2000): Promise<string[]> {
    const answer = await ask(MESSAGE.HEADERS, encodeHeadersRequest({ seals: true, locator, stop, max }));
    return decodeHeaders(answer, true, 2000).map((h) => h.header.id);
  }
  const ids = (from: number, to: number): string[] => CHAIN.slice(from - 1, to).map((b) => b.header.id);

  it('TIP: the active tip; the asker’s own tip is taken note of', async () => {
    const theirs = plainTip(500, NOWHERE, 1n << 70n, 7);
    const tip = decodeTip(await ask(MESSAGE.TIP, encodeTip(theirs)));
    assert.equal(tip.height, 110);
    assert.deepEqual(tip.hash, block(110).header.hash);
    assert.equal(tip.chainWork, 222n);
    assert.equal(node.sync.tips.get('peer')?.claim.height, 500);
  });

  it('TIP: what a peer offers is what it said last, whatever its hello was, and followers hear of it', async () => {
    const { tips } = node.sync;
    let told = 0;
    const end = tips.events.on('claim', () => told++);
    for (const services of [SERVICES.NETWORK_LIMITED, SERVICES.NETWORK_LIMITED, SERVICES.NETWORK]) {
      await ask(MESSAGE.TIP, encodeTip(plainTip(500, NOWHERE, 1n << 70n, services)));
      assert.equal(tips.get('peer')?.services, services);
    }
    end();
    assert.equal(told, 2);
  });

  it('HEADERS: after the first locator hash on our chain, up to max or stop', async () => {
    assert.deepEqual(await headers([block(100).header.hash]), ids(101, 110));
    assert.deepEqual(await headers([NOWHERE, block(90).header.hash], undefined, 5), ids(91, 95));
    assert.deepEqual(await headers([block(90).header.hash], block(93).header.hash), ids(91, 93));
    assert.deepEqual(await headers([]), ids(1, 110));
    assert.deepEqual(await headers([NOWHERE]), ids(1, 110));
    assert.deepEqual(await headers([block(110).header.hash]), []);
    assert.deepEqual(await headers([block(110).header.hash], block(5).header.hash), []);
  });

  it('HEADERS: an unknown stop hash is a typed error', async () => {
    await assert.rejects(headers([], NOWHERE), refusal(WIRE_ERRORS.UNKNOWN_STOP));
    assert.deepEqual(node.net.penalties, []);
  });

  it('HEADERS: a branch whose blocks we hold may be asked for by its stop hash; one of headers only is not served', async () => {
    const side = mine({ header: block(109).header, height: 109 });
    await node.load([side]);
    assert.deepEqual(await headers([block(108).header.hash], side.header.hash), [block(109).header.id, side.header.id]);
    const bare = mine({ header: side.header, height: 110 });
    await node.chain.acceptHeaders([bare]);
    await assert.rejects(headers([], bare.header.hash), refusal(WIRE_ERRORS.NOT_SERVED));
    assert.deepEqual(await headers([block(109).header.hash]), ids(110, 110), 'the active chain, not the best header');
  });

  it('BLOCK: sealed or plain; unknown, bodiless and invalid ones are NOT_FOUND', async () => {
    const get = (hash: Hash256, seal: boolean) =>
      ask(MESSAGE.BLOCK, encodeBlockRequest({ hash, stripped: false, seal }));
    const { hash } = block(7).header;
    assert.equal(decodeSealedBlock(await get(hash, true)).header.id, block(7).header.id);
    assert.equal(decodeBlock(await get(hash, false)).header.id, block(7).header.id);
    await assert.rejects(get(NOWHERE, true), refusal(WIRE_ERRORS.NOT_FOUND));
    const bare = mine({ header: block(110).header, height: 110 });
    await node.chain.acceptHeaders([bare]);
    await assert.rejects(get(bare.header.hash, true), refusal(WIRE_ERRORS.NOT_FOUND));
    const greedy = mine({ header: block(110).header, height: 110 }, { fees: 1n });
    await node.chain.acceptBlock(greedy);
    await assert.rejects(get(greedy.header.hash, true), refusal(WIRE_ERRORS.NOT_FOUND));
    assert.equal((await get(hash, true)).length, encodeSealedBlock(block(7)).length);
  });

  it('TXPROOF: a proof that verifies, found by block or by index; NOT_FOUND otherwise', async () => {
    const tx = pay([coin(1)]);
    const [mined] = await node.mine(1, [tx]);
    node.chain.useTxIndex(async (txid) => (Buffer.compare(txid, tx.txid) === 0 ? mined?.header.hash : undefined));
    const get = async (txid: Hash256, at?: Hash256) =>
      decodeTxProof(await ask(MESSAGE.TXPROOF, encodeTxProofRequest({ txid, block: at }), 'light'));
    for (const at of [mined?.header.hash, undefined]) {
      const { proof, tx: found } = await get(tx.txid, at);
      const matches = verifyMerkleBlock(proof);
      assert.ok(matches.ok);
      assert.deepEqual(
        matches.value.map((m) => m.txid),
        [tx.txid],
      );
      assert.equal(found.id, tx.id);
      assert.equal(proof.header.id, mined?.header.id);
    }
    await assert.rejects(get(tx.txid, block(3).header.hash), refusal(WIRE_ERRORS.NOT_FOUND));
    await assert.rejects(get(NOWHERE), refusal(WIRE_ERRORS.NOT_FOUND));
    await assert.rejects(get(tx.txid, NOWHERE), refusal(WIRE_ERRORS.NOT_FOUND));
  });

  it('SENDTX: accepted, known, refused with Core’s reason; what no honest node sends costs points', async () => {
    const send = async (tx: Tx) => decodeSendTxResult(await ask(MESSAGE.SENDTX, tx.bytes, 'light'));
    const tx = pay([coin(1)]);
    assert.deepEqual(await send(tx), { code: 0, reason: '' });
    assert.deepEqual(await send(tx), { code: 0x12, reason: 'txn-already-in-mempool' });
    const rival = await send(pay([coin(1)], { outputs: 2 }));
    assert.equal(rival.code, 0x10);
    assert.match(rival.reason, /^(txn-mempool-conflict|insufficient fee)/);
    assert.deepEqual(node.net.penalties, []);
    const forged = await send(pay([coin(2)], { scriptSig: Uint8Array.of(0) }));
    assert.match(forged.reason, /^mandatory-script-verify-flag-failed/);
    assert.deepEqual(node.net.rulesAgainst('peer'), ['refused-sendtx']);
  });

  it('MEMPOOL and TXS: ids with parents first; transactions by wtxid or txid, unknown ones left out', async () => {
    const parent = pay([coin(1)]);
    const child = pay([{ tx: parent, index: 0 }]);
    for (const tx of [parent, child]) assert.ok((await node.pool.admit(tx)).ok);
    assert.deepEqual(decodeMempool(await ask(MESSAGE.MEMPOOL)), [parent.wtxid, child.wtxid]);
    const txs = decodeTxs(await ask(MESSAGE.TXS, encodeTxsRequest([child.wtxid, NOWHERE, parent.txid])));
    assert.deepEqual(
      txs.map((t) => t.id),
      [child.id, parent.id],
    );
    await assert.rejects(ask(MESSAGE.MEMPOOL, new Uint8Array(0), 'light'), refusal(WIRE_ERRORS.NOT_SERVED));
  });

  it('STATUS: heights and phase for people', async () => {
    const status = decodeStatus(await ask(MESSAGE.STATUS));
    assert.equal(status.headers, 110);
    assert.equal(status.blocks, 110);
    assert.equal(status.peers, 1);
  });

  it('junk is BAD_REQUEST and the sender’s fault; unknown types are NOT_SERVED and nobody’s', async () => {
    await assert.rejects(ask(0x55), refusal(WIRE_ERRORS.NOT_SERVED));
    assert.deepEqual(node.net.penalties, []);
    for (const type of [MESSAGE.TIP, MESSAGE.HEADERS, MESSAGE.BLOCK, MESSAGE.TXS]) {
      await assert.rejects(ask(type, Uint8Array.of(9, 9, 9)), refusal(WIRE_ERRORS.BAD_REQUEST));
    }
    assert.ok(node.net.banned.has('peer'));
  });
});
