import { strict as assert } from 'node:assert';
import { headerContext } from '../../src/consensus/headerContext.ts';
import { judgeOf } from '../../src/consensus/registry.ts';
import { checkBlockAlone } from '../../src/ledger/block/checkBlockAlone.ts';
import { checkBlockInHeaderContext } from '../../src/ledger/block/checkBlockInHeaderContext.ts';
import { connectBlock } from '../../src/ledger/block/connectBlock.ts';
import { neededCoins } from '../../src/ledger/block/neededCoins.ts';
import type { Coin, UtxoDiff } from '../../src/ledger/coin.ts';
import { reverseDiff } from '../../src/ledger/utxoDiff.ts';
import { CoinMap } from '../../src/ledger/utxoOverlay.ts';
import type { ConsensusParams } from '../../src/params/network.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { type Block, decodeBlock } from '../../src/primitives/block.ts';
import { workOf } from '../../src/primitives/compact.ts';
import { outPointKey } from '../../src/primitives/outpoint.ts';
import { type Check, PASSED } from '../../src/primitives/rules.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { fromHex } from '../../src/util/hex.ts';
import { vectorJson } from '../support/vectors.ts';
import { withHeights } from './fixture.ts';

interface Node {
  readonly block: Block;
  readonly height: number;
  readonly parent: Node | undefined;
  readonly state: unknown;
  readonly work: bigint;
  readonly order: number;
  diff?: UtxoDiff;
  invalid: boolean;
}

/** The rules strung together as simply as can be: a tree, the coins at its tip, and whole walks. Scripts are left out. */
class TinyChain {
  readonly #params: ConsensusParams;
  readonly #judge;
  readonly #nowMs: number;
  readonly #nodes = new Map<string, Node>();
  readonly coins = new Map<string, Coin>();
  tip: Node;

  constructor(genesis: Block, params: ConsensusParams, nowMs: number) {
    this.#params = params;
    this.#judge = judgeOf(params);
    this.#nowMs = nowMs;
    const state = this.#judge.genesis();
    this.tip = { block: genesis, height: 0, parent: undefined, state, work: 0n, order: 0, invalid: false };
    this.#nodes.set(genesis.header.id, this.tip);
  }

  #ancestor(of: Node, height: number): Node {
    let node = of;
    while (node.height > height) node = node.parent as Node;
    return node;
  }

  #median(of: Node): number {
    return this.#headerContext(of).medianTimePast();
  }

  #headerContext(parent: Node) {
    return headerContext(parent.height + 1, parent.block.header, (h) => this.#ancestor(parent, h).block.header);
  }

  #context(parent: Node) {
    return {
      height: parent.height + 1,
      medianTimePast: this.#median(parent),
      params: this.#params,
      medianTimeAt: (h: number) => this.#median(this.#ancestor(parent, h)),
      idAt: (h: number) => this.#ancestor(parent, h).block.header.id,
    };
  }

  /** The verdict of the block, or of the block that fails while its branch becomes the best. */
  submit(block: Block): Check {
    const parentId = Buffer.from(block.header.prevHash).reverse().toString('hex');
    const parent = this.#nodes.get(parentId);
    assert.ok(parent, 'the sequence submits parents first');
    if (parent.invalid) return { ok: false, rule: 'bad-prevblk', detail: '' };
    const judged = this.#judge.verify(
      { header: block.header, seal: EMPTY },
      this.#headerContext(parent),
      parent.state,
      this.#nowMs,
    );
    if (!judged.ok) return judged;
    const alone = checkBlockAlone(block);
    const body = alone.ok ? checkBlockInHeaderContext(block, this.#context(parent)) : alone;
    const work = parent.work + workOf(block.header.bits);
    const order = this.#nodes.size;
    const height = parent.height + 1;
    this.#nodes.set(block.header.id, { block, height, parent, state: judged.value, work, order, invalid: !body.ok });
    if (!body.ok) return body;
    return this.#activate();
  }

  #best(): Node {
    let best = this.tip;
    for (const node of this.#nodes.values()) {
      const better = this.#judge.better(
        { chainWork: node.work, sequence: node.order },
        { chainWork: best.work, sequence: best.order },
      );
      if (better && !this.#isInvalid(node)) best = node;
    }
    return best;
  }

  #isInvalid(node: Node | undefined): boolean {
    for (let n = node; n !== undefined; n = n.parent) if (n.invalid) return true;
    return false;
  }

  #apply(diff: UtxoDiff): void {
    for (const { outpoint } of diff.spent) assert.ok(this.coins.delete(outPointKey(outpoint)));
    for (const { outpoint, coin } of diff.added) {
      assert.ok(!this.coins.has(outPointKey(outpoint)));
      this.coins.set(outPointKey(outpoint), coin);
    }
  }

  #moveTo(target: Node): Check {
    const path: Node[] = [];
    for (let n: Node = target; n !== this.tip && n.height > 0; n = n.parent as Node) path.unshift(n);
    const fork = path.find((n) => this.#ancestor(this.tip, n.height) !== n)?.parent ?? target;
    while (this.tip !== fork) {
      this.#apply(reverseDiff(this.tip.diff as UtxoDiff));
      this.tip = this.tip.parent as Node;
    }
    for (const node of path.slice(path.findIndex((n) => n.parent === fork))) {
      if (node.parent !== this.tip) continue;
      const needed = neededCoins(node.block, this.#context(this.tip));
      const view = CoinMap.of(
        needed,
        needed.map((o) => this.coins.get(outPointKey(o))),
      );
      const verdict = connectBlock(node.block, view, this.#context(this.tip));
      if (!verdict.ok) {
        node.invalid = true;
        return verdict;
      }
      node.diff = verdict.value.diff;
      this.#apply(verdict.value.diff);
      this.tip = node;
    }
    return PASSED;
  }

  #activate(): Check {
    let result: Check = PASSED;
    for (let best = this.#best(); best !== this.tip; best = this.#best()) {
      const moved = this.#moveTo(best);
      if (!moved.ok) result = moved;
    }
    return result;
  }
}

interface Step {
  readonly op: string;
  readonly what: string;
  readonly blocks: readonly { readonly hash: string; readonly hex: string }[];
  readonly advances: boolean;
  readonly reject: string | null;
  readonly tip: string;
}
interface Sequence {
  readonly params: {
    readonly bip34Height: number;
    readonly bip65Height: number;
    readonly bip66Height: number;
    readonly csvHeight: number;
    readonly segwitHeight: number;
    readonly clock: number;
  };
  readonly steps: readonly Step[];
}

/** Reasons that only running scripts can give. */
const BY_SCRIPT = /^block-script-verify-flag-failed|^disabled opcode/;

describe("ledger: Bitcoin Core's block sequence, scripts left out", () => {
  it('gives the same tips and reasons step by step', function () {
    this.timeout(60_000);
    const { params: p, steps } = vectorJson<Sequence>(this, 'sequences/core-feature_block-1-60.json.gz');
    const params = withHeights({
      bip34: p.bip34Height,
      bip65: p.bip65Height,
      bip66: p.bip66Height,
      csv: p.csvHeight,
      segwit: p.segwitHeight,
    });
    const network = builtInNetwork('regtest');
    assert.ok(network);
    const chain = new TinyChain(network.genesis, params, p.clock * 1000);
    let judged = 0;
    for (const [i, step] of steps.entries()) {
      assert.equal(step.op, 'blocks', `step ${i} has an operation this runner knows`);
      if (step.reject !== null && BY_SCRIPT.test(step.reject)) continue;
      let refusal: string | undefined;
      for (const { hash, hex } of step.blocks) {
        try {
          const block = decodeBlock(fromHex(hex));
          assert.equal(block.header.id, hash);
          const verdict = chain.submit(block);
          if (!verdict.ok) refusal = verdict.rule;
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
          refusal = `malformed: ${error.message}`;
        }
        judged++;
      }
      assert.equal(chain.tip.block.header.id, step.tip, `tip after step ${i} (${step.what})`);
      if (step.reject !== null) assert.equal(refusal, step.reject.split(',')[0], `step ${i} (${step.what})`);
      else if (step.advances) assert.equal(refusal, undefined, `step ${i} (${step.what})`);
    }
    assert.ok(judged > 140);
    // Undo everything: the reversed diffs must lead back to no coins at all.
    let tip: Node | undefined = chain.tip;
    while (tip?.diff !== undefined) {
      for (const { outpoint } of tip.diff.added) assert.ok(chain.coins.delete(outPointKey(outpoint)));
      for (const { outpoint, coin } of tip.diff.spent) chain.coins.set(outPointKey(outpoint), coin);
      tip = tip.parent;
    }
    assert.equal(chain.coins.size, 0);
  });
});
