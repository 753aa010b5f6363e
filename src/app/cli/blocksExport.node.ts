import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { loadNetwork } from '../config/network.node.ts';
import { EXIT, ExitError } from '../exit.ts';
import { exportBlocks } from '../import/exportBlocks.node.ts';
import { openOfflineChain } from '../import/offlineChain.node.ts';
import { ProgressLine } from '../import/progressLine.node.ts';
import { RecentRate } from '../import/recentRate.ts';
import { duration } from '../progressText.ts';
import { stopBySignal } from '../signals.node.ts';
import { heightFlag } from './blocksNumbers.ts';
import { configOf } from './flags.node.ts';
import { bytes } from './statusText.node.ts';

/** `cairn blocks export`. */
export async function exportFile(options: Record<string, unknown>): Promise<void> {
  const { config } = configOf(options);
  usePlatformCrypto();
  const network = await loadNetwork(config.network);
  const from = heightFlag(options.from, '--from') ?? 0;
  const asked = heightFlag(options.to, '--to');
  const out = resolve(options.out as string);
  if (existsSync(out) && options.force !== true)
    throw new ExitError(EXIT.usage, `--out ${out} exists`, { next: 'give another name, or --force' });
  if (!existsSync(join(config.datadir, 'chain')))
    throw new ExitError(EXIT.config, `${config.datadir} holds no blocks`, { next: 'give --datadir of a full node' });
  const stop = stopBySignal(() => process.exit(EXIT.failure));
  const { chain, close } = await openOfflineChain({ datadir: config.datadir, network, stop });
  try {
    const tip = chain.tip().height;
    const to = asked ?? tip;
    if (to > tip) throw new ExitError(EXIT.usage, `--to ${to} is above the tip at height ${tip}`);
    if (from > to)
      throw new ExitError(EXIT.usage, `--from ${from} is above ${asked === undefined ? 'the tip' : '--to'} ${to}`);
    const rate = new RecentRate();
    let at = { height: from, bytes: 0 };
    const line = new ProgressLine(() => {
      const perSecond = rate.perSecond(at.height, performance.now());
      const left = perSecond === 0 ? 'time left unknown' : `${duration((to - at.height) / perSecond)} to go`;
      return `height ${at.height} of ${to}, ${bytes(at.bytes)}, ${perSecond.toFixed(0)} blocks/s, ${left}`;
    });
    const written = await exportBlocks({
      ...{ out, from, to },
      magic: options.lengthPrefixed === true ? undefined : network.magic,
      atHeight: (height) => chain.atHeight(height),
      readBlock: (entry) => chain.readBlock(entry),
      stopped: () => stop.aborted,
      progress(height, size) {
        at = { height, bytes: size };
        rate.observe(height, performance.now());
        line.tick();
      },
    });
    line.clear();
    if (written === undefined) throw new ExitError(EXIT.failure, 'stopped: no file was written');
    process.stdout.write(`wrote ${out}: blocks ${from} to ${to}, ${written} bytes\n`);
  } finally {
    await close();
  }
}
