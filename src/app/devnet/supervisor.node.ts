import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUILT_IN_NETWORKS } from '../config/crossChecks.ts';
import { readCookie } from '../config/dataDir.node.ts';
import { EXIT, ExitError } from '../exit.ts';
import { stopSignal } from '../signals.node.ts';
import { type DevnetChild, startChild } from './child.node.ts';
import { type DevnetPlan, type DevnetSettings, planDevnet } from './plan.node.ts';
import { DEFAULT_PAYOUT } from './wallet.ts';

export interface DevnetRun extends DevnetSettings {
  readonly mnemonic: string | undefined;
  readonly blockTime: number | undefined;
  readonly mine: boolean;
  readonly logLevel: string;
}

/** How long nodes may take to stop before they are killed; each ends itself when it does not get on. Ctrl-C is quicker. */
const STOP_MS = 60_000;
/** From process start: what a person waits. */
const startedMs = Date.now() - Math.round(performance.now());

async function stopAll(children: readonly DevnetChild[]): Promise<void> {
  for (const child of children) child.stop();
  const all = Promise.all(children.map((child) => child.exited));
  const late = sleep(STOP_MS, 'late' as const, { ref: false });
  if ((await Promise.race([all, late])) === 'late') for (const child of children) child.kill();
  await all;
}

/** The first child that ends by itself, as an error. */
async function firstDeath(children: readonly DevnetChild[]): Promise<never> {
  const { role, code, signal, said } = await Promise.race(
    children.map(async (child) => ({ role: child.plan.role, ...(await child.exited) })),
  );
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  const known = (Object.values(EXIT) as (number | null)[]).includes(code) && code !== 0 ? code : EXIT.failure;
  throw new ExitError(
    known as ExitError['exitCode'],
    `the ${role} node ended with ${how}${said === '' ? '' : ', see its lines above'}`,
  );
}

/** Everything after the processes were started; resolves when asked to stop, throws when a node dies. */
async function serve(
  plan: DevnetPlan,
  children: readonly DevnetChild[],
  run: DevnetRun,
  payout: string,
  end: AbortSignal,
): Promise<void> {
  // Loaded while the nodes start.
  const [{ banner }, { fund }, { watchBlocks }, { devWallet, DEVELOPMENT_MNEMONIC }, { writeConfigs }] =
    await Promise.all([
      import('./banner.node.ts'),
      import('./funding.node.ts'),
      import('./blockLines.node.ts'),
      import('./devWallet.node.ts'),
      import('./configs.node.ts'),
    ]);
  const mnemonic = run.mnemonic ?? DEVELOPMENT_MNEMONIC;
  const wallet = await devWallet(mnemonic, plan.network);
  const nodes = await Promise.all(children.map(async (child) => ({ plan: child.plan, node: await child.ready })));
  const watched = nodes.map(({ plan: { role, dir }, node }) => ({
    name: role,
    target: { url: node.rpcUrl, auth: readCookie(dir.root) },
  }));
  const funds = wallet.funds ?? 'one mature block subsidy each';
  if (wallet.funds === undefined) await fund(watched[0]!.target, wallet, payout);
  const command = process.argv[1]?.endsWith('.ts') ? 'npm run -s cairn --' : 'cairn';
  process.stdout.write(banner({ plan, nodes, keys: wallet.keys, mnemonic, funds, command, startedMs }));
  writeConfigs(plan, payout);
  await watchBlocks(watched, (line) => process.stdout.write(line), end);
}

/** Runs a development network until Ctrl-C. Throws ExitError when a node dies. */
export async function runDevnet(run: DevnetRun): Promise<void> {
  if (!(BUILT_IN_NETWORKS as readonly string[]).includes(run.network)) {
    // A file that is wrong is told once, before three nodes do.
    await import('../config/network.node.ts').then(({ loadNetwork }) => loadNetwork(run.network));
  }
  let children: readonly DevnetChild[] = [];
  let plan: DevnetPlan | undefined;
  const stop = stopSignal(() => {
    for (const child of children) child.kill();
    if (plan?.temporary === true) rmSync(plan.root, { recursive: true, force: true });
    process.exit(EXIT.failure);
  });
  const payout =
    run.mnemonic === undefined
      ? DEFAULT_PAYOUT
      : await import('./devWallet.node.ts').then(({ payoutOf }) => payoutOf(run.mnemonic!, run.network));
  plan = await planDevnet(run);
  const settings = { payout, mine: run.mine, blockTime: run.blockTime, logLevel: run.logLevel };
  const planned = plan;
  children = plan.nodes.map((node) => startChild(planned, node, settings));
  const end = new AbortController();
  try {
    const why = await Promise.race([stop, firstDeath(children), serve(plan, children, run, payout, end.signal)]);
    process.stdout.write(`\n${why}: stopping\n`);
  } finally {
    end.abort();
    await stopAll(children);
    if (plan.temporary) rmSync(plan.root, { recursive: true, force: true });
    else process.stdout.write(`data kept in ${resolve(plan.root)}\n`);
  }
  process.stdout.write('stopped\n');
}
