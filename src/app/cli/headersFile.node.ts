import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HeaderChain } from '../../chain/headerChain.ts';
import { usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { HEADER_SIZE } from '../../primitives/header.ts';
import { loadNetwork } from '../config/network.node.ts';
import { EXIT, ExitError } from '../exit.ts';
import { type HeadersResult, importHeaders } from '../import/importHeaders.ts';
import { InputFile } from '../import/inputFile.node.ts';
import { openOfflineHeaders, openPassingHeaders } from '../import/offlineChain.node.ts';
import { ProgressLine } from '../import/progressLine.node.ts';
import { RecentRate } from '../import/recentRate.ts';
import { duration } from '../progressText.ts';
import { stopSignal } from '../signals.node.ts';
import { configOf } from './flags.node.ts';

interface Run {
  readonly result: HeadersResult;
  readonly seconds: number;
}

async function run(file: InputFile, chain: HeaderChain): Promise<Run> {
  let stopped = false;
  void stopSignal(() => process.exit(EXIT.failure)).then(() => {
    stopped = true;
  });
  const total = Math.floor(file.size / HEADER_SIZE);
  const rate = new RecentRate();
  let at = 0;
  const line = new ProgressLine(() => {
    const perSecond = rate.perSecond(at, performance.now());
    const left = perSecond === 0 ? 'time left unknown' : `${duration((total - at) / perSecond)} to go`;
    return `${at} of ${total} headers, ${perSecond.toFixed(0)} headers/s, ${left}`;
  });
  const started = performance.now();
  const result = await importHeaders(file, chain, {
    stopped: () => stopped,
    progress(read) {
      at = read;
      rate.observe(read, performance.now());
      line.tick();
    },
  });
  line.clear();
  return { result, seconds: (performance.now() - started) / 1000 };
}

/** What is told of a run, and the exit code. */
function facts(path: string, chain: HeaderChain, { result, seconds }: Run) {
  const best = chain.bestHeader();
  const { refused } = result;
  return {
    valid: refused === undefined && !result.stopped,
    headers: result.read,
    added: result.added,
    height: best.height,
    tip: best.header.id,
    chainwork: best.chainWork.toString(16).padStart(64, '0'),
    time: best.header.time,
    seconds: Number(seconds.toFixed(3)),
    headers_per_second: Math.round(result.read / Math.max(seconds, 0.001)),
    ...(result.stopped ? { stopped: true } : {}),
    ...(refused === undefined
      ? {}
      : {
          refused: {
            file: path,
            offset: refused.offset,
            block: refused.block,
            rule: refused.fault.rule,
            detail: refused.fault.detail,
          },
        }),
  };
}

function tell(done: ReturnType<typeof facts>, verb: string): void {
  process.stdout.write(
    [
      `${verb}: ${done.headers} headers, ${done.added} of them new`,
      `height: ${done.height}`,
      `tip: ${done.tip} (${new Date(done.time * 1000).toISOString()})`,
      `chainwork: ${done.chainwork}`,
      `${done.seconds} s, ${done.headers_per_second} headers/s`,
      '',
    ].join('\n'),
  );
  if (done.refused === undefined) return;
  const { file, offset, block, rule, detail } = done.refused;
  process.stderr.write(
    `${file}: offset ${offset}: ${block === undefined ? '' : `header ${block}: `}${rule}: ${detail}\n`,
  );
}

/** `cairn headers import`. */
export async function importHeaderFile(path: string, options: Record<string, unknown>): Promise<void> {
  const { config } = configOf(options);
  usePlatformCrypto();
  const network = await loadNetwork(config.network);
  if (existsSync(join(config.datadir, 'chain')))
    throw new ExitError(EXIT.config, `${config.datadir} holds whole blocks: headers alone belong to a light node`, {
      next: 'cairn blocks import FILE, or another --datadir',
    });
  const file = await InputFile.open(path);
  const { chain, close } = await openOfflineHeaders({ datadir: config.datadir, network });
  try {
    const done = facts(path, chain, await run(file, chain));
    tell(done, 'stopped' in done ? 'stopped' : 'imported');
    process.exitCode = done.valid ? EXIT.ok : EXIT.failure;
  } finally {
    await file.close();
    await close();
  }
}

/** `cairn headers verify`. */
export async function verifyHeaderFile(path: string, options: { network: string; json?: true }): Promise<void> {
  usePlatformCrypto();
  const network = await loadNetwork(options.network);
  const file = await InputFile.open(path);
  try {
    const chain = await openPassingHeaders(network);
    const done = facts(path, chain, await run(file, chain));
    if (options.json === true) process.stdout.write(`${JSON.stringify(done, null, 2)}\n`);
    else tell(done, done.valid ? 'valid' : 'not all valid');
    process.exitCode = done.valid ? EXIT.ok : EXIT.failure;
  } finally {
    await file.close();
  }
}
