import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeFor } from '../../consensus/registry.ts';
import { nodejs, usePlatformCrypto } from '../../platform/nodejs.node.ts';
import { nodeBlockFs } from '../../store/blockFsNode.node.ts';
import { openLevelKv } from '../../store/kvLevel.node.ts';
import { nodeFolder } from '../../store/level/folderNode.node.ts';
import { openDatadir } from '../../store/openDatadir.node.ts';
import { txIndexFolder } from '../../store/txIndexStore.node.ts';
import { Lifetime } from '../../util/lifetime.ts';
import { loadNetwork } from '../config/network.node.ts';
import { type Finding, findingLine, type VerifyPorts, type VerifyProgress } from '../db/findings.ts';
import { type VerifiedBeside, verifyBeside } from '../db/verifyBeside.node.ts';
import { type Verified, verifyStore } from '../db/verifyStore.ts';
import { EXIT, ExitError } from '../exit.ts';
import { ProgressLine } from '../import/progressLine.node.ts';
import { RecentRate } from '../import/recentRate.ts';
import { duration, percentOf } from '../progressText.ts';
import { stopSignal } from '../signals.node.ts';
import { configOf } from './flags.node.ts';
import { bytes } from './statusText.node.ts';

/** Findings shown one by one; the others are counted (and in --json there are no more either). */
const MAX_SHOWN = 100;

/** "blocks 45%, 120 MB/s, 1m 3s to go" */
class StageMeter {
  #rate = new RecentRate();
  #now: VerifyProgress | undefined;

  observe(progress: VerifyProgress): void {
    if (progress.stage !== this.#now?.stage) this.#rate = new RecentRate();
    this.#now = progress;
    this.#rate.observe(progress.done, performance.now());
  }

  text(): string {
    if (this.#now === undefined) return 'opening';
    const { stage, done, total, unit } = this.#now;
    const rate = this.#rate.perSecond(done, performance.now());
    const speed = unit === 'bytes' ? `${bytes(Math.round(rate))}/s` : `${rate.toFixed(0)} ${unit}/s`;
    const so = total === 0 ? (unit === 'bytes' ? bytes(done) : `${done} ${unit}`) : `${percentOf(done, total)}%`;
    const left = total === 0 || rate === 0 ? '' : `, ${duration((total - done) / rate)} to go`;
    return `${stage} ${so}, ${speed}${left}`;
  }
}

async function scratchDatabase(lifetime: Lifetime) {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-verify-'));
  lifetime.add(() => rm(folder, { recursive: true, force: true }));
  const kv = await openLevelKv(join(folder, 'coins'));
  lifetime.add(() => kv.close());
  return kv;
}

/** What makes damage good, by the parts that are hurt. */
function remedies(parts: ReadonlySet<Finding['part']>): string[] {
  const chain = [...parts].some((part) => part !== 'past' && part !== 'peers' && part !== 'mempool');
  return [
    ...(chain
      ? [
          'cairn start --reindex (--reindex-chainstate when only coins are named, --reindex-txindex when only the transaction index is), or restore a backup',
        ]
      : []),
    ...(parts.has('past') ? ['delete past/: the next start makes the coins below the snapshot anew'] : []),
    ...(parts.has('peers') ? ['delete peers/: the node finds its peers again'] : []),
    ...(parts.has('mempool') ? ['delete mempool.dat: peers have its transactions'] : []),
  ];
}

const counted = (n: number | undefined, what: string): string => (n === undefined ? '' : `, ${n} ${what}`);
const ofHeight = ({ tip, replayed }: { readonly tip: number; readonly replayed: boolean }): string =>
  `those of height ${tip}${replayed ? ': computed again from the blocks' : ''}`;

function summary(found: number, verified: Verified & VerifiedBeside, stopped: boolean): string {
  const { headers, bodies, undo, coins, transactions, tip, replayed, past, peers, mempool, notes } = verified;
  const index = counted(transactions, 'entries of the transaction index');
  const beside = `${counted(mempool, 'unconfirmed transactions')}${counted(peers, 'records of peers')}`;
  return [
    `${headers} headers, ${bodies} blocks, ${undo} undo records, ${coins} coins${index}${beside}`,
    ...(tip === undefined ? [] : [`the coins are ${ofHeight({ tip, replayed })}`]),
    ...(past === undefined ? [] : [`the ${past.coins} coins below the snapshot are ${ofHeight(past)}`]),
    ...notes.map((note) => `note: ${note}`),
    stopped ? 'stopped before the end' : found === 0 ? 'nothing wrong' : `${found} findings`,
    '',
  ].join('\n');
}

/** `cairn db verify`. */
export async function verifyDatadir(options: Record<string, unknown>): Promise<void> {
  const { config } = configOf(options);
  const network = await loadNetwork(config.network);
  const { datadir } = config;
  const light = !existsSync(join(datadir, 'chain')) && existsSync(join(datadir, 'headers'));
  if (!light && !existsSync(join(datadir, 'chain')))
    throw new ExitError(EXIT.config, `${datadir} holds no chain yet`, {
      next: 'give the --datadir of a node that has run',
    });
  usePlatformCrypto();
  const lifetime = new Lifetime();
  let stopped = false;
  void stopSignal(() => process.exit(EXIT.failure)).then(() => {
    stopped = true;
  });
  try {
    const held = await openDatadir(datadir, network);
    lifetime.add(() => held.close());
    const scratch = options.coins === true && !light ? { scratch: await scratchDatabase(lifetime) } : {};
    const meter = new StageMeter();
    const line = new ProgressLine(() => meter.text());
    const findings: Finding[] = [];
    const parts = new Set<Finding['part']>();
    let found = 0;
    const past = join(datadir, 'past');
    const ports: VerifyPorts = {
      stopped: () => stopped,
      progress(progress) {
        meter.observe(progress);
        line.tick();
      },
      found(finding) {
        parts.add(finding.part);
        if (++found > MAX_SHOWN) return;
        findings.push(finding);
        line.say(findingLine(finding));
        if (found === MAX_SHOWN) line.say('further findings are only counted');
      },
    };
    const store = await verifyStore({
      ...{ ...ports, network, judge: judgeFor(network), nowMs: nodejs.clock.nowMs(), ...scratch },
      database: nodeFolder(join(datadir, light ? 'headers' : 'chain')),
      ...(!light && existsSync(txIndexFolder(datadir)) ? { txindex: nodeFolder(txIndexFolder(datadir)) } : {}),
      ...(!light && existsSync(past) ? { past: nodeFolder(past) } : {}),
      blocks: light ? undefined : nodeBlockFs(join(datadir, 'blocks')),
    });
    const beside = stopped ? { peers: undefined, mempool: undefined } : await verifyBeside(datadir, ports);
    const verified = { ...store, ...beside };
    line.clear();
    if (options.json === true)
      process.stdout.write(
        `${JSON.stringify({ ok: found === 0 && !stopped, stopped, found, findings, ...verified })}\n`,
      );
    else process.stdout.write(summary(found, verified, stopped));
    for (const remedy of remedies(parts)) process.stderr.write(`next: ${remedy}\n`);
    process.exitCode = found > 0 ? EXIT.disk : stopped ? EXIT.failure : EXIT.ok;
  } finally {
    await lifetime.close();
  }
}
