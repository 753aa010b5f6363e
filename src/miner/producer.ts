import type { Chain } from '../chain/chain.ts';
import type { HeaderEntry } from '../chain/entry.ts';
import type { Author } from '../consensus/engine.ts';
import type { Mempool } from '../mempool/pool.ts';
import { Block } from '../primitives/block.ts';
import { Emitter } from '../util/events.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { Logger, Random, Timers } from '../util/ports.ts';
import { drawDelay, type Pace } from './pace.ts';
import { StopSource, waitUnlessStopped } from './stopSource.ts';
import { type BlockTemplate, buildTemplate, type TemplatePorts } from './template.ts';

export interface ProducerPorts extends TemplatePorts {
  readonly chain: Pick<Chain, 'tip' | 'ancestor' | 'acceptBlock' | 'events'>;
  readonly pool: Pick<Mempool, 'select' | 'size' | 'events'>;
  readonly author: Author<unknown>;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  /** False while blocks made now would be in vain (initial sync, no disk space); asked again every second. */
  mayMine(): boolean;
}

export interface ProducerOptions {
  /** Script that is paid. */
  readonly payout: Uint8Array;
  /** Free bytes in the coinbase, at most 75. */
  readonly tag?: Uint8Array;
  /** Waits before each block; undefined where the work itself takes the time. */
  readonly pace: Pace | undefined;
  /** A template older than this is replaced: newer transactions, newer time. */
  readonly refreshMs?: number;
}

export interface ProducerEvents {
  /** A block made here joined the chain, as tip or beside it. */
  produced: { readonly entry: HeaderEntry; readonly block: Block };
}

const REFRESH_MS = 15_000;
const ASK_AGAIN_MS = 1000;
const GAVE_UP_MS = 10;

/**
 * Makes blocks with whatever Author the network has: a template on the tip, sealed, through the same door as everybody's
 * blocks. A new tip ends what is running and starts anew at once.
 */
export class Producer {
  readonly events = new Emitter<ProducerEvents>();
  readonly #ports: ProducerPorts;
  readonly #options: ProducerOptions;
  readonly #lifetime = new Lifetime();
  #round = new StopSource();
  #waiting = false;
  #running: Promise<void> | undefined;
  #stopped = false;
  #extraNonce: bigint;
  /** The tip on which a block of ours was refused: there the pool is left out. */
  #refusedOn: HeaderEntry | undefined;

  constructor(ports: ProducerPorts, options: ProducerOptions) {
    this.#ports = ports;
    this.#options = options;
    // Two miners that are paid by the same script must not hash the same headers.
    this.#extraNonce = new DataView(ports.random.bytes(8).buffer).getBigUint64(0);
  }

  get running(): boolean {
    return this.#running !== undefined && !this.#stopped;
  }

  start(): void {
    if (this.#running !== undefined) return;
    const { chain, pool } = this.#ports;
    this.#lifetime.add(chain.events.on('tip', () => this.#round.abort()));
    this.#lifetime.add(
      pool.events.on('added', () => {
        // The first transaction ends an idle wait; while sealing it has time until the next template.
        if (this.#waiting && pool.size === 1) this.#round.abort();
      }),
    );
    this.#running = this.#run();
  }

  /** Ends the round under way; the next one asks mayMine first. */
  interrupt(): void {
    this.#round.abort();
  }

  /** Ends the running round; resolves when no block of ours is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#round.abort();
    await this.#lifetime.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const round = new StopSource();
      this.#round = round;
      try {
        await this.#makeOne(round);
      } catch (error) {
        // Ours, not the block's: the disk, or a bug. Try again, slowly.
        this.#ports.log.error({ err: error }, 'miner: making a block failed');
        await waitUnlessStopped(this.#ports.timers, ASK_AGAIN_MS, round);
      }
    }
  }

  async #makeOne(round: StopSource): Promise<void> {
    const { timers, author, pool, random } = this.#ports;
    const { pace, refreshMs = REFRESH_MS } = this.#options;
    if (!this.#ports.mayMine()) {
      await waitUnlessStopped(timers, ASK_AGAIN_MS, round);
      return;
    }
    if (pace !== undefined) {
      this.#waiting = true;
      const mean = pool.size > 0 ? pace.meanMs : pace.idleMeanMs;
      const over = await waitUnlessStopped(timers, drawDelay(mean, random), round);
      this.#waiting = false;
      if (!over) return;
    }
    const template = this.#template();
    const cancel = timers.after(refreshMs, () => round.abort());
    const sealed = await author.seal(template.header, template.state, round).finally(cancel);
    if (sealed === undefined) {
      // Stopped; or out of nonces, then the next round has another extra nonce. An author that gives up at once must not spin.
      await waitUnlessStopped(timers, GAVE_UP_MS, round);
      return;
    }
    if (this.#stopped) return;
    const refusedBefore = this.#refusedOn === template.parent;
    const taken = await this.#submit(new Block(sealed.header, template.block.txs, sealed.seal), template);
    // Refused even without the pool: only time can help (a clock that was set back). Where hashes are cheap this must not spin.
    if (!taken && refusedBefore) await waitUnlessStopped(timers, ASK_AGAIN_MS, round);
  }

  #template(): BlockTemplate {
    const { payout, tag } = this.#options;
    this.#extraNonce = BigInt.asUintN(64, this.#extraNonce + 1n);
    return buildTemplate(this.#ports, {
      payout,
      extraNonce: this.#extraNonce,
      empty: this.#refusedOn === this.#ports.chain.tip(),
      ...(tag === undefined ? {} : { tag }),
    });
  }

  /** False when the chain refused the block. */
  async #submit(block: Block, template: BlockTemplate): Promise<boolean> {
    const { chain, log } = this.#ports;
    const verdict = await chain.acceptBlock(block);
    if (!verdict.ok) {
      // The pool promised that this cannot happen. Go on without it rather than not at all.
      log.error({ block: block.header.id, rule: verdict.rule, detail: verdict.detail }, 'miner: our block was refused');
      this.#refusedOn = template.parent;
      return false;
    }
    const { entry, result } = verdict.value;
    const fields = { height: entry.height, block: block.header.id, txs: block.txs.length, result };
    // One that became the tip is told of as every new block is.
    if (result === 'connected') log.debug(fields, 'mined a block');
    else log.info(fields, 'mined a block beside the tip');
    this.events.emit('produced', { entry, block });
    return true;
  }
}
