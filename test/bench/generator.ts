import assert from 'node:assert/strict';
import { assembleBlock } from '../../src/ledger/block/assemble.ts';
import type { Network } from '../../src/params/network.ts';
import { Block } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import type { OutPoint } from '../../src/primitives/outpoint.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx, type TxOut } from '../../src/primitives/tx.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { Branch } from './chain/branch.ts';
import { type Owner, p2wpkhOwners } from './chain/owners.ts';
import { SeededRandom } from './chain/random.ts';

/** Everything here is decided by the seed: the same seed makes the same bytes on every machine. */

interface OwnedCoin {
  readonly prevout: OutPoint;
  readonly value: bigint;
  readonly owner: Owner;
}

const OWNERS = 64;
/** Outputs into which a block reward is split. */
const FAN_OUT = 1000;
/** Splitting transactions in a block: 31 kB without witness each, of 1 MB. */
const FAN_OUTS_PER_BLOCK = 30;
/** Satoshi: more than every relay floor asks for one or two inputs and two outputs. */
const FEE = 1000n;

/** `count` valid headers on genesis that commit to nothing real: for measuring header rules alone. */
export function generateHeaders(network: Network, seed: number, count: number): BlockHeader[] {
  const random = new SeededRandom(seed);
  const branch = new Branch(network, random);
  return Array.from({ length: count }, () => {
    const { prevHash, time, bits } = branch.next();
    const merkleRoot = random.bytes(32);
    return branch.seal(new BlockHeader({ version: 0x20000000, prevHash, merkleRoot, time, bits, nonce: 0 }));
  });
}

/** Makes a chain of real payments: P2WPKH, every input signed. */
export class ChainGenerator {
  readonly #random: SeededRandom;
  readonly #branch: Branch;
  readonly #owners: readonly Owner[];
  /** Spendable in the next block. */
  readonly #coins: OwnedCoin[] = [];

  constructor(network: Network, seed: number) {
    this.#random = new SeededRandom(seed);
    this.#branch = new Branch(network, this.#random);
    this.#owners = p2wpkhOwners(seed, OWNERS);
  }

  /** The block last made. */
  get tip(): BlockHeader {
    return this.#branch.tip;
  }

  /** Blocks after which at least `count` coins are spendable: rewards, their maturity, and their splitting. First of all. */
  *fund(count: number): Generator<Block> {
    const rewards: OwnedCoin[] = [];
    const wanted = Math.ceil(count / FAN_OUT);
    const { coinbaseMaturity } = this.#branch.network.consensus;
    while (this.#branch.height < wanted + coinbaseMaturity - 1) {
      const owner = this.#anyone();
      const block = this.#block([], 0n, owner);
      rewards.push(...coinsOf(block.txs[0] as Tx, [owner]));
      yield block;
    }
    for (let i = 0; i < wanted; i += FAN_OUTS_PER_BLOCK) {
      const chosen = rewards.slice(i, Math.min(i + FAN_OUTS_PER_BLOCK, wanted));
      const made = chosen.map((reward) => this.#split(reward));
      yield this.#block(
        made.map(({ tx }) => tx),
        FEE * BigInt(FAN_OUT * made.length),
        this.#anyone(),
      );
      for (const { coins } of made) this.#coins.push(...coins);
    }
  }

  /**
   * Blocks of payments, each with `minTxs` to `maxTxs` of them. Every payment spends one or two random coins that earlier
   * blocks made, and makes two.
   */
  *pay(blocks: number, minTxs: number, maxTxs: number): Generator<Block> {
    for (let i = 0; i < blocks; i++) {
      const made = Array.from({ length: this.#random.between(minTxs, maxTxs) }, () => this.#payment());
      const txs = made.map(({ tx }) => tx);
      yield this.#block(txs, FEE * BigInt(txs.length), this.#anyone());
      for (const { coins } of made) this.#coins.push(...coins);
    }
  }

  /** Payments as in `pay` for the next block, outside any block; their coins are spent for good. */
  unconfirmed(count: number): Tx[] {
    return Array.from({ length: count }, () => this.#payment().tx);
  }

  #anyone(): Owner {
    return this.#owners[this.#random.between(0, this.#owners.length - 1)] as Owner;
  }

  /** Takes a random coin: the last fills the gap. */
  #take(): OwnedCoin {
    const at = this.#random.between(0, this.#coins.length - 1);
    const coin = this.#coins[at];
    const last = this.#coins.pop();
    assert(coin !== undefined && last !== undefined, 'more coins are spent than were funded');
    if (coin !== last) this.#coins[at] = last;
    return coin;
  }

  #payment(): { tx: Tx; coins: OwnedCoin[] } {
    const inputs = Array.from({ length: this.#random.between(1, 2) }, () => this.#take());
    const total = inputs.reduce((sum, { value }) => sum + value, -FEE);
    const first = (total * BigInt(this.#random.between(300, 700))) / 1000n;
    return spend(inputs, [first, total - first], [this.#anyone(), this.#anyone()]);
  }

  #split(reward: OwnedCoin): { tx: Tx; coins: OwnedCoin[] } {
    const share = reward.value / BigInt(FAN_OUT) - FEE;
    const owners = Array.from({ length: FAN_OUT }, () => this.#anyone());
    const { tx, coins } = spend([reward], new Array<bigint>(FAN_OUT).fill(share), owners);
    return { tx, coins };
  }

  #block(txs: readonly Tx[], fees: bigint, payout: Owner): Block {
    const { height, prevHash, time, bits } = this.#branch.next();
    const params = this.#branch.network.consensus;
    const plan = { params, height, prevHash, time, bits, txs, fees, payout: payout.scriptPubKey };
    const block = assembleBlock({ ...plan, extraNonce: BigInt(this.#random.u32()) });
    return new Block(this.#branch.seal(block.header), block.txs);
  }
}

/** The outputs of `tx` that `owners` own, in order. */
function coinsOf(tx: Tx, owners: readonly Owner[]): OwnedCoin[] {
  return owners.map((owner, index) => {
    return { prevout: { txid: tx.txid, index }, value: (tx.outputs[index] as TxOut).value, owner };
  });
}

/** A signed transaction from `from` to `owners`, with the coins it makes. */
function spend(from: readonly OwnedCoin[], values: readonly bigint[], owners: readonly Owner[]) {
  const outputs = values.map((value, i) => ({ value, scriptPubKey: (owners[i] as Owner).scriptPubKey }));
  const bare = from.map(({ prevout }) => {
    return { prevout, scriptSig: EMPTY, sequence: SEQUENCE_FINAL, witness: NO_WITNESS };
  });
  const unsigned = new Tx({ version: 2, inputs: bare, outputs, lockTime: 0 });
  const inputs = bare.map((input, i) => {
    const { owner, value } = from[i] as OwnedCoin;
    return { ...input, ...owner.unlock(unsigned, i, value) };
  });
  const tx = new Tx({ version: 2, inputs, outputs, lockTime: 0 });
  return { tx, coins: coinsOf(tx, owners) };
}
