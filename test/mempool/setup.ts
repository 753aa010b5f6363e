import { ChainManager } from '../../src/chain/chainManager.ts';
import { inlineScriptChecker, type VerifyInput } from '../../src/chain/scriptCheckerInline.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import type { PoolSettings } from '../../src/mempool/settings.ts';
import { TxPool } from '../../src/mempool/txPool.ts';
import type { Network } from '../../src/params/network.ts';
import type { Block } from '../../src/primitives/block.ts';
import { payToWitness } from '../../src/primitives/outputScript.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx, type TxOut } from '../../src/primitives/tx.ts';
import { SCRIPT_FLAGS } from '../../src/script/flags.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { type BlockOptions, coinbaseOf, mine, mineChain, type Place, regtest } from '../chain/regtestMiner.ts';
import { openStore } from '../chain/setup.ts';
import { MemoryDisk } from '../store/memoryDisk.ts';

/** A standard output script: P2WPKH of a key nobody has. */
export const PAYOUT = payToWitness({ version: 0, program: new Uint8Array(20).fill(7) });

/** Input scripts that steer the verdict of the script checker below. */
export const FAILS = Uint8Array.of(0x00);
export const FAILS_POLICY = Uint8Array.of(0x51);

const verify: VerifyInput = (tx, index, _spent, flags) => {
  const { scriptSig } = tx.inputs[index] as (typeof tx.inputs)[number];
  const [op] = scriptSig;
  if (scriptSig.length !== 1) return { ok: true };
  if (op === FAILS[0]) return { ok: false, error: 'EVAL_FALSE', detail: 'steered' };
  const policy = op === FAILS_POLICY[0] && (flags & SCRIPT_FLAGS.LOW_S) !== 0;
  return policy ? { ok: false, error: 'NULLFAIL', detail: 'steered' } : { ok: true };
};

export class ManualClock {
  ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
}

export interface World {
  readonly chain: ChainManager;
  readonly pool: TxPool;
  /** Another pool on the same chain, as after a restart. */
  readonly newPool: () => TxPool;
  readonly clock: ManualClock;
  /** How often scripts were run. */
  readonly scriptRuns: () => number;
  /** Called before each script check: to make something happen in the middle of an admission. */
  beforeScripts: () => Promise<void>;
}

export async function openWorld(settings: Partial<PoolSettings> = {}, network: Network = regtest): Promise<World> {
  const clock = new ManualClock(1_700_000_000_000);
  const inline = inlineScriptChecker({ verify, pause: async () => {} });
  let runs = 0;
  const chain = await ChainManager.open({
    network,
    judge: judgeFor(network),
    store: await openStore(new MemoryDisk()),
    scripts: inline,
    clock,
    evidence: { keep: async () => {} },
  });
  const newPool = (): TxPool =>
    new TxPool(
      {
        chain,
        params: network.consensus,
        clock,
        log: silentLogger,
        scripts: {
          async check(jobs) {
            runs++;
            await world.beforeScripts();
            return inline.check(jobs);
          },
        },
      },
      settings,
    );
  const world: World = {
    chain,
    clock,
    newPool,
    pool: newPool(),
    scriptRuns: () => runs,
    beforeScripts: async () => {},
  };
  return world;
}

/** Headers first, as a branch that is not the best is told of; throws unless every block was taken. */
export async function accept(world: World, ...blocks: readonly Block[]): Promise<void> {
  const { error } = await world.chain.acceptHeaders(blocks);
  if (error !== undefined) throw new Error(`${error.rule}: ${error.detail}`);
  for (const block of blocks) {
    const verdict = await world.chain.acceptBlock(block);
    if (!verdict.ok) throw new Error(`${verdict.rule}: ${verdict.detail}`);
  }
}

export function mineOn(parent: Place, options: BlockOptions = {}): Block {
  return mine(parent, { payout: PAYOUT, ...options });
}

/** An output that may be spent. */
export interface Spendable {
  readonly tx: Tx;
  readonly index: number;
}

export const out = (value: bigint, scriptPubKey: Uint8Array = PAYOUT): TxOut => ({ value, scriptPubKey });

export interface PayOptions {
  readonly fee?: bigint;
  readonly outputs?: number;
  readonly version?: number;
  readonly lockTime?: number;
  readonly sequence?: number;
  readonly scriptSig?: Uint8Array;
  readonly witness?: readonly Uint8Array[];
  /** Instead of equal shares to PAYOUT. */
  readonly to?: readonly TxOut[];
}

/** A transaction that spends the outputs whole, less the fee. */
export function pay(from: readonly Spendable[], options: PayOptions = {}): Tx {
  const { fee = 10_000n, outputs = 1 } = options;
  const total = from.reduce((sum, { tx, index }) => sum + (tx.outputs[index] as TxOut).value, 0n) - fee;
  const share = total / BigInt(outputs);
  const even = Array.from({ length: outputs }, (_, i) => out(i === 0 ? total - share * BigInt(outputs - 1) : share));
  return new Tx({
    version: options.version ?? 2,
    inputs: from.map(({ tx, index }) => ({
      prevout: { txid: tx.txid, index },
      scriptSig: options.scriptSig ?? new Uint8Array(0),
      sequence: options.sequence ?? SEQUENCE_FINAL,
      witness: options.witness ?? NO_WITNESS,
    })),
    outputs: options.to ?? even,
    lockTime: options.lockTime ?? 0,
  });
}

/** A world of 100 + `mature` blocks, whose first `mature` coinbases may be spent, and these. */
export async function openFunded(
  mature = 1,
  settings: Partial<PoolSettings> = {},
): Promise<World & { coins: Spendable[] }> {
  const world = await openWorld(settings);
  const blocks = mineChain(world.chain.genesis, 99 + mature, { payout: PAYOUT });
  await accept(world, ...blocks);
  const coins = blocks.slice(0, mature).map((block) => ({ tx: coinbaseOf(block), index: 0 }));
  return Object.assign(world, { coins });
}
