import { nodejs, usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { turns } from '../../platform/turns.node.ts';
import { assumeValidOf } from '../assumptions.ts';
import { loadNetwork } from '../config/network.node.ts';
import { EXIT, ExitError } from '../exit.ts';
import { flushLog } from '../flushLog.ts';
import { openBlockFiles } from '../import/blockFiles.node.ts';
import { importHeadersFirst } from '../import/headersFirst.ts';
import { type ImportResult, type ImportState, importBlocks, type RefusedRecord } from '../import/importBlocks.ts';
import { openOfflineChain } from '../import/offlineChain.node.ts';
import { ProgressLine } from '../import/progressLine.node.ts';
import { RecentRate } from '../import/recentRate.ts';

import { duration, percentOf } from '../progressText.ts';

import { stopBySignal } from '../signals.node.ts';
import { configOf } from './flags.node.ts';
import { bytes } from './statusText.node.ts';

/** Refused records shown one by one; the others are counted. */
const MAX_SHOWN = 20;

function refusal({ path, offset, block, fault }: RefusedRecord): string {
  return `${path}: offset ${offset}: ${block === undefined ? '' : `block ${block}: `}${fault.rule}: ${fault.detail}`;
}

/** "height 120, 45%, 812 blocks/s, 1.2 MB/s, 1m 3s to go" */
class Meter {
  readonly #total: number;
  readonly #height: () => number;
  readonly #bytes = new RecentRate();
  readonly #blocks = new RecentRate();
  #state: ImportState | undefined;

  constructor(total: number, height: () => number) {
    this.#total = total;
    this.#height = height;
  }

  observe(state: ImportState): void {
    this.#state = state;
    const now = performance.now();
    this.#bytes.observe(state.bytes, now);
    this.#blocks.observe(this.#done(state), now);
  }

  text(): string {
    const state = this.#state;
    if (state === undefined) return 'opening';
    const now = performance.now();
    const rate = this.#bytes.perSecond(state.bytes, now);
    const left = this.#total - state.bytes;
    return [
      `height ${this.#height()}`,
      `${percentOf(state.bytes, this.#total)}%`,
      `${this.#blocks.perSecond(this.#done(state), now).toFixed(0)} blocks/s`,
      `${bytes(Math.round(rate))}/s`,
      ...(state.waiting === 0 ? [] : [`${state.waiting} wait for parents`]),
      rate === 0 ? 'time left unknown' : `${duration(left / rate)} to go`,
    ].join(', ');
  }

  #done({ counts }: ImportState): number {
    return counts.connected + counts.stored + counts.known;
  }
}

function summary(result: ImportResult, tip: { readonly height: number; readonly id: string }, ms: number): string {
  const { counts, orphans, firstOrphan } = result;
  const seconds = ms / 1000;
  const taken = counts.connected + counts.stored;
  const lines = [
    `${result.stopped ? 'stopped' : 'done'}: ${counts.connected} connected, ${counts.stored} kept, not connected, ${counts.known} there before, ${counts.refused} refused`,
    `tip: height ${tip.height}, ${tip.id}`,
    `${seconds.toFixed(1)} s, ${(taken / Math.max(seconds, 0.001)).toFixed(0)} blocks/s`,
  ];
  if (firstOrphan !== undefined && !result.stopped)
    lines.push(
      `${orphans} blocks have no parent here; the first is at ${firstOrphan.path}: offset ${firstOrphan.offset}: prev-blk-not-found: ${firstOrphan.parent}`,
    );
  return `${lines.join('\n')}\n`;
}

/** `cairn blocks import`. */
export async function importFiles(paths: readonly string[], options: Record<string, unknown>): Promise<void> {
  const { config } = configOf(options);
  usePlatformCrypto();
  const network = await loadNetwork(config.network);
  if (config.role === 'light')
    throw new ExitError(EXIT.config, `${config.datadir} is a light node's: it keeps headers only`, {
      next: 'cairn headers import FILE',
    });
  const files = await openBlockFiles(paths, network.magic);
  const stop = stopBySignal((signal) => {
    process.stderr.write(`${signal} again: ending at once; what was committed is safe\n`);
    process.exit(EXIT.failure);
  });
  const stopped = (): boolean => stop.aborted;
  const { datadir, par, dbcache } = config;
  const assumeValid = assumeValidOf(config, network);
  let doing: string | undefined = 'opening';
  let text = (): string => '';
  const line = new ProgressLine(() => doing ?? text());
  const tell = (message: string): void => {
    doing = message;
    line.tick();
  };
  const { chain, close, flushSoon } = await openOfflineChain({
    ...{ datadir, network, par, busy: true, assumeValid, dbcache, stop, tell },
    onFlush: flushLog({
      clock: nodejs.clock,
      log: { info: (_fields, message) => line.say(message) },
      // While blocks come, their line says more.
      isStopping: () => doing !== undefined,
      tell,
    }),
  });
  try {
    const total = files.sizes.reduce((sum, size) => sum + size, 0);
    const meter = new Meter(total, () => chain.tip().height);
    text = () => meter.text();
    doing = undefined;
    let shown = 0;
    const started = performance.now();
    const { block } = assumeValid;
    if (block !== undefined && chain.entry(block) === undefined) await importHeadersFirst(files, chain, stopped);
    const result = await importBlocks({
      pause: turns.pause,
      chain,
      files,
      stopped,
      ending: flushSoon,
      progress(state) {
        meter.observe(state);
        line.tick();
      },
      refused(record) {
        if (shown++ < MAX_SHOWN) line.say(refusal(record));
        else if (shown === MAX_SHOWN + 1) line.say('further refused records are only counted');
      },
    });
    line.clear();
    const { height, header } = chain.tip();
    // Before anything is claimed: the last commits are written now.
    tell(result.stopped ? 'stopping' : 'closing');
    await close();
    line.clear();
    process.stdout.write(summary(result, { height, id: header.id }, performance.now() - started));
    if (result.stopped) process.stdout.write('next: the same command goes on where this one stopped\n');
    const whole = !result.stopped && result.counts.refused === 0 && result.orphans === 0;
    process.exitCode = whole ? EXIT.ok : EXIT.failure;
  } finally {
    await files.close();
    await close();
  }
}
