import type { HeaderEntry } from '../chain/entry.ts';
import type { Block } from '../primitives/block.ts';
import { displayHash, type Hash256, hashKey } from '../primitives/hash.ts';
import { NODE_PAIR_SIZE, txMerkleRoot } from '../primitives/merkle.ts';
import { buildPartialMerkleTree, type MerkleBlock, verifyMerkleBlock } from '../primitives/partialMerkle.ts';
import { broken, type Check, passed } from '../primitives/rules.ts';
import type { Tx } from '../primitives/tx.ts';
import type { PeerTips } from '../sync/peerTips.ts';
import { equalBytes } from '../util/bytes.ts';
import { ask, faultOf, requestErrorOf } from '../wire/messages/ask.ts';
import { blockQuestion, txProofQuestion } from '../wire/messages/questions.ts';
import type { TxProof } from '../wire/messages/txProof.ts';
import { type PeerKey, WIRE_ERRORS } from '../wire/peer.ts';
import { shuffled } from './choosePeers.ts';
import type { LightPorts } from './ports.ts';

/** A transaction that is in a block of our best header chain. */
export interface ProvenTx {
  readonly tx: Tx;
  readonly entry: HeaderEntry;
  readonly proof: MerkleBlock;
  /** Who delivered the proof; it convinces by itself. */
  readonly peer: PeerKey;
}

export type ProofFailure = 'block-unknown' | 'not-in-block' | 'not-all-in-block' | 'no-peer';
export type ProofResult<T> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly reason: ProofFailure; readonly detail: string };

/** A peer can hide a transaction but not invent one: so a "no" is believed only after several peers said it. */
const ASK_AT_MOST = 4;

/** Gets proofs from peers and believes them only when they lead to a header of our best chain. */
export class Proofs {
  readonly #ports: LightPorts;
  readonly #tips: PeerTips;

  constructor(ports: LightPorts, tips: PeerTips) {
    this.#ports = ports;
    this.#tips = tips;
  }

  /** Proof for one transaction, in `block` or wherever a peer with a transaction index finds it. */
  async proveTx(txid: Hash256, block?: Hash256): Promise<ProofResult<{ readonly proven: ProvenTx }>> {
    if (block !== undefined && this.#onBestChain(block) === undefined) return unknownBlock(block);
    let denied = 0;
    for (const peer of this.#askable()) {
      const answer = await this.#ask(peer, () => ask(this.#ports.net, peer, txProofQuestion(txid, block)));
      if (answer === 'not-found') denied++;
      if (typeof answer === 'string') continue;
      const verdict = this.judge(answer, txid, block);
      if (verdict.ok) return { ok: true, proven: { tx: answer.tx, peer, ...verdict.value } };
      if (verdict.rule === 'bad-answer') this.#ports.net.penalize(peer, verdict.rule, verdict.detail);
    }
    if (denied === 0) return { ok: false, reason: 'no-peer', detail: 'no full peer answered' };
    return { ok: false, reason: 'not-in-block', detail: `${denied} peers do not find ${displayHash(txid)}` };
  }

  /** One proof for several transactions of one block: `block`, or the one that holds the first of them. */
  async proveAll(
    txids: readonly Hash256[],
    block?: Hash256,
  ): Promise<ProofResult<{ readonly proof: MerkleBlock; readonly entry: HeaderEntry }>> {
    const first = txids[0];
    if (first === undefined) return { ok: false, reason: 'not-in-block', detail: 'no transaction is named' };
    const one = await this.proveTx(first, block);
    if (!one.ok) return one;
    const { entry, proof } = one.proven;
    if (txids.length === 1) return { ok: true, proof, entry };
    const body = await this.fetchBlock(entry);
    if (body === undefined) return { ok: false, reason: 'no-peer', detail: 'no full peer delivered the block' };
    const wanted = new Set(txids.map(hashKey));
    const ids = body.txs.map((tx) => tx.txid);
    const found = ids.filter((id) => wanted.has(hashKey(id))).length;
    if (found < wanted.size) {
      return { ok: false, reason: 'not-all-in-block', detail: `${found} of ${wanted.size} are in that block` };
    }
    const tree = buildPartialMerkleTree(ids, (id) => wanted.has(hashKey(id)));
    return { ok: true, proof: { header: body.header, tree }, entry };
  }

  /** The block of a header of ours, its transactions checked against the header's merkle root; undefined when nobody has it. */
  async fetchBlock(entry: HeaderEntry): Promise<Block | undefined> {
    for (const peer of this.#askable(entry)) {
      const block = await this.#ask(peer, () => ask(this.#ports.net, peer, blockQuestion('light', entry.header.hash)));
      if (typeof block === 'string') continue;
      const { root, mutated } = txMerkleRoot(block.txs);
      if (block.header.key === entry.header.key && !mutated && equalBytes(root, entry.header.merkleRoot)) return block;
      this.#ports.net.penalize(peer, 'bad-txnmrklroot', `block ${entry.header.id}: the body is not its own`);
    }
    return undefined;
  }

  /**
   * Judges an answer. Rules: bad-answer for a proof that does not lead to its header or is for another transaction;
   * prev-blk-not-found for a block that is not on our best chain (the peer may be ahead of us).
   */
  judge(
    answer: TxProof,
    txid: Hash256,
    block?: Hash256,
  ): Check<{ readonly entry: HeaderEntry; readonly proof: MerkleBlock }> {
    const { proof, tx } = answer;
    if (!equalBytes(tx.txid, txid)) return broken('bad-answer', `transaction ${tx.id} was not asked for`);
    if (tx.strippedSize === NODE_PAIR_SIZE) return broken('bad-answer', `${tx.id} may be an inner node of the tree`);
    const matches = verifyMerkleBlock(proof);
    if (!matches.ok) return matches;
    if (!matches.value.some((m) => equalBytes(m.txid, txid))) {
      return broken('bad-answer', `the proof does not cover ${tx.id}`);
    }
    if (block !== undefined && !equalBytes(block, proof.header.hash)) {
      return broken('bad-answer', `the proof is for block ${proof.header.id}, not the one asked for`);
    }
    const entry = this.#onBestChain(proof.header.hash);
    if (entry === undefined) return broken('prev-blk-not-found', `block ${proof.header.id} is not on our best chain`);
    return passed({ entry, proof });
  }

  #onBestChain(hash: Hash256): HeaderEntry | undefined {
    const { chain } = this.#ports;
    const entry = chain.entry(hash);
    return entry !== undefined && chain.ancestor(chain.bestHeader(), entry.height) === entry ? entry : undefined;
  }

  /** Peers in random order; those known to have `entry` first. */
  #askable(entry?: HeaderEntry): PeerKey[] {
    const peers = shuffled(this.#tips.all(), this.#ports.random);
    if (entry !== undefined) {
      const has = (height: number | undefined): number => (height !== undefined && height >= entry.height ? 0 : 1);
      peers.sort((a, b) => has(a.known?.height) - has(b.known?.height));
    }
    return peers.slice(0, ASK_AT_MOST).map((peer) => peer.key);
  }

  async #ask<A>(peer: PeerKey, question: () => Promise<A>): Promise<A | 'not-found' | 'failed'> {
    try {
      return await question();
    } catch (error) {
      const failure = requestErrorOf(error);
      const fault = faultOf(failure);
      if (fault !== undefined) this.#ports.net.penalize(peer, fault, failure.message);
      return failure.code === WIRE_ERRORS.NOT_FOUND ? 'not-found' : 'failed';
    }
  }
}

function unknownBlock(block: Hash256): { ok: false; reason: ProofFailure; detail: string } {
  return { ok: false, reason: 'block-unknown', detail: `block ${displayHash(block)} is not on our best chain` };
}
