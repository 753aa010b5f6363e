import assert from 'node:assert/strict';
import { assembleBlock } from '../../src/ledger/block/assemble.ts';
import type { Network } from '../../src/params/network.ts';
import { Block } from '../../src/primitives/block.ts';
import { BlockHeader } from '../../src/primitives/header.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx, type TxOut } from '../../src/primitives/tx.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { Branch } from './chain/branch.ts';
import { CoinPool, type OwnedCoin } from './chain/coinPool.ts';
import { type Owner, type OwnerKind, ownersOf } from './chain/owners.ts';
import { SeededRandom } from './chain/random.ts';

/** Everything here is decided by the seed: the same seed makes the same bytes on every machine. */

/** Part of the name of stored workloads: to be raised when the same seed makes other bytes than before. */
export const GENERATOR_VERSION = 3;

/** Outputs into which a block reward is split, and each of those once more. */
const [REWARD_PARTS, FAN_OUT] = [30, 1000];
/** Satoshi: more than every relay floor asks for one or two inputs and two outputs. */
const FEE = 1000;
/** Weight at which a block of splits is full; payments are counted, not weighed. */
const FULL_WEIGHT = 3_700_000;

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

interface Made {
  readonly tx: Tx;
  readonly values: readonly number[];
  readonly owners: readonly number[];
}

/** Makes a chain of real payments, every input signed. */
export class ChainGenerator {
  readonly #random: SeededRandom;
  readonly #branch: Branch;
  readonly #owners: readonly Owner[];
  /** Spendable in the next block. */
  readonly #coins = new CoinPool();
  /** Of coinbases, not spent, by height from 1 on. */
  readonly #rewards: OwnedCoin[] = [];
  #firstReward = 1;

  constructor(network: Network, seed: number, kind: OwnerKind = 'p2wpkh') {
    this.#random = new SeededRandom(seed);
    this.#branch = new Branch(network, this.#random);
    this.#owners = ownersOf(kind, seed);
  }

  /** The block last made. */
  get tip(): BlockHeader {
    return this.#branch.tip;
  }
  get height(): number {
    return this.#branch.height;
  }
  /** How many coins payments can choose from. */
  get coins(): number {
    return this.#coins.size;
  }

  /** Blocks without payments. */
  *mine(blocks: number): Generator<Block> {
    for (let i = 0; i < blocks; i++) yield this.#block([]);
  }

  /** Blocks without payments on a branch of their own: what is made next goes on from the same tip as they do. */
  *bury(blocks: number): Generator<Block> {
    const branch = this.#branch.fork();
    for (let i = 0; i < blocks; i++) yield this.#blockOn(branch, []);
  }

  /** Blocks after which at least `count` more coins are spendable: rewards, mined and matured when they are missing, split twice. */
  *fund(count: number): Generator<Block> {
    const wanted = Math.ceil(count / FAN_OUT);
    const rewards = Math.ceil(wanted / REWARD_PARTS);
    const { coinbaseMaturity } = this.#branch.network.consensus;
    const height = this.#firstReward + rewards - 2 + coinbaseMaturity;
    yield* this.mine(Math.max(0, height - this.#branch.height));

    const parts = Array.from({ length: rewards }, () => this.#split(this.#takeReward(), REWARD_PARTS, () => 0));
    yield this.#block(parts.map(({ tx }) => tx));
    let [txs, weight]: [Tx[], number] = [[], 0];
    const made: Made[] = [];
    for (const coin of parts.flatMap(coinsOf).slice(0, wanted)) {
      const next = this.#split(coin, FAN_OUT, () => this.#anyone());
      if (weight + next.tx.weight > FULL_WEIGHT) {
        yield this.#block(txs);
        [txs, weight] = [[], 0];
      }
      txs.push(next.tx);
      weight += next.tx.weight;
      made.push(next);
    }
    yield this.#block(txs);
    for (const one of made) this.#keep(one);
  }

  /**
   * Blocks of payments, each with `minTxs` to `maxTxs` of them. Every payment spends one or two random coins that earlier
   * blocks made, and makes two.
   */
  *pay(blocks: number, minTxs: number, maxTxs: number): Generator<Block> {
    for (let i = 0; i < blocks; i++) {
      const made = Array.from({ length: this.#random.between(minTxs, maxTxs) }, () => this.#payment());
      yield this.#block(made.map(({ tx }) => tx));
      for (const one of made) this.#keep(one);
    }
  }

  /** Payments as in `pay` for the next block, outside any block; their coins are spent for good. */
  unconfirmed(count: number): Tx[] {
    return Array.from({ length: count }, () => this.#payment().tx);
  }

  #anyone(): number {
    return this.#random.between(0, this.#owners.length - 1);
  }

  #keep({ tx, values, owners }: Made): void {
    this.#coins.add(tx.txid, values, owners);
  }

  #takeReward(): OwnedCoin {
    const reward = this.#rewards.shift();
    assert(reward !== undefined);
    this.#firstReward++;
    return reward;
  }

  #payment(): Made {
    const inputs = Array.from({ length: this.#random.between(1, 2) }, () => this.#coins.take(this.#random));
    const before = inputs.reduce((sum, { value }) => sum + value, 0);
    // Coins that were split again and again are worth less than the usual fee; blocks may hold their payments all the same.
    const total = before - Math.min(FEE, Math.floor(before / 10));
    const first = Math.floor((total * this.#random.between(300, 700)) / 1000);
    return this.#spend(inputs, [first, total - first], [this.#anyone(), this.#anyone()]);
  }

  /** One coin into `parts` equal ones; a fee of FEE for each part pays for their size. */
  #split(coin: OwnedCoin, parts: number, owner: () => number): Made {
    const share = Math.floor(coin.value / parts) - FEE;
    assert(share > 10 * FEE, 'a coin is worth splitting');
    return this.#spend([coin], new Array<number>(parts).fill(share), Array.from({ length: parts }, owner));
  }

  #owner(coin: { readonly owner: number }): Owner {
    return this.#owners[coin.owner] as Owner;
  }

  /** A signed transaction that spends `from`, each output `values[i]` satoshi to `owners[i]`. */
  #spend(from: readonly OwnedCoin[], values: readonly number[], owners: readonly number[]): Made {
    const outputs = values.map((value, i) => {
      return { value: BigInt(value), scriptPubKey: this.#owner({ owner: owners[i] as number }).scriptPubKey };
    });
    const spent: TxOut[] = from.map((coin) => {
      return { value: BigInt(coin.value), scriptPubKey: this.#owner(coin).scriptPubKey };
    });
    const bare = from.map(({ txid, index }) => {
      return { prevout: { txid, index }, scriptSig: EMPTY, sequence: SEQUENCE_FINAL, witness: NO_WITNESS };
    });
    const unsigned = new Tx({ version: 2, inputs: bare, outputs, lockTime: 0 });
    const inputs = bare.map((input, index) => {
      return { ...input, ...this.#owner(from[index] as OwnedCoin).unlock({ tx: unsigned, index, spent }) };
    });
    return { tx: new Tx({ version: 2, inputs, outputs, lockTime: 0 }), values, owners };
  }

  /** The next block. Its reward can be split later. */
  #block(txs: readonly Tx[]): Block {
    const block = this.#blockOn(this.#branch, txs);
    const coinbase = block.txs[0] as Tx;
    const value = Number((coinbase.outputs[0] as TxOut).value);
    this.#rewards.push({ txid: coinbase.txid, index: 0, value, owner: 0 });
    return block;
  }

  /** Miners leave the fees; rewards go to the first owner. */
  #blockOn(branch: Branch, txs: readonly Tx[]): Block {
    const { height, prevHash, time, bits } = branch.next();
    const params = branch.network.consensus;
    const payout = this.#owner({ owner: 0 }).scriptPubKey;
    const plan = { params, height, prevHash, time, bits, txs, fees: 0n, payout };
    const block = assembleBlock({ ...plan, extraNonce: BigInt(this.#random.u32()) });
    return new Block(branch.seal(block.header), block.txs);
  }
}

function coinsOf({ tx, values, owners }: Made): OwnedCoin[] {
  return values.map((value, index) => ({ txid: tx.txid, index, value, owner: owners[index] as number }));
}
