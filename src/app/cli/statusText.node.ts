import { RpcCallError } from '../../rpc/client.node.ts';
import { duration, percentOf, toGo } from '../progressText.ts';
import { callNode, type RpcTarget } from './callNode.node.ts';

export interface Status {
  readonly role: string | undefined;
  readonly network: string;
  readonly height: number;
  readonly headers: number;
  readonly best_block: string;
  /** 0 … 100; 100 when blocks have caught up with headers. */
  readonly percent: number;
  readonly phase: string | undefined;
  readonly eta_seconds: number | undefined;
  readonly peers_in: number;
  readonly peers_out: number;
  readonly mempool_txs: number | undefined;
  readonly mempool_bytes: number | undefined;
  readonly disk_bytes: number | undefined;
  readonly last_block_age_seconds: number | undefined;
  readonly uptime_seconds: number | undefined;
  /** Light nodes: peers that serve it, those of them that have its best header, and how many there should be. */
  readonly light: { readonly servers: number; readonly agreeing: number; readonly wanted: number } | undefined;
  readonly warnings: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Undefined where the node lacks the method: a light node has no mempool. */
async function optional(target: RpcTarget, method: string): Promise<Fields | undefined> {
  try {
    return (await callNode(target, method, [], { timeoutMs: 10_000 })) as Fields;
  } catch (error) {
    if (error instanceof RpcCallError) return undefined;
    throw error;
  }
}

const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

function warningsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String).filter((text) => text !== '');
  return typeof value === 'string' && value !== '' ? [value] : [];
}

/** Asks the node everything a status shows. Throws as callNode does. */
export async function readStatus(target: RpcTarget): Promise<Status> {
  const chain = (await callNode(target, 'getblockchaininfo', [], { timeoutMs: 10_000 })) as Fields;
  const [net, pool, sync, info, light] = await Promise.all([
    optional(target, 'getpeerinfo') as Promise<readonly Fields[] | undefined>,
    optional(target, 'getmempoolinfo'),
    optional(target, 'getsyncinfo'),
    optional(target, 'getnetworkinfo'),
    optional(target, 'getlightinfo'),
  ]);
  const height = number(chain.blocks) ?? 0;
  const headers = Math.max(height, number(chain.headers) ?? 0);
  const time = number(chain.time);
  const inbound = (net ?? []).filter((peer) => peer.inbound === true).length;
  return {
    role: sync?.role === undefined ? undefined : String(sync.role),
    network: String(chain.networkid ?? chain.chain),
    height,
    headers,
    best_block: String(chain.bestblockhash),
    percent: percentOf(height, headers),
    phase: sync?.phase === undefined ? undefined : String(sync.phase),
    eta_seconds: number(sync?.eta),
    peers_in: inbound,
    peers_out: (net?.length ?? 0) - inbound,
    mempool_txs: number(pool?.size),
    mempool_bytes: number(pool?.bytes),
    // 0 where no blocks are kept.
    disk_bytes: number(chain.size_on_disk) || undefined,
    last_block_age_seconds: time === undefined ? undefined : Math.max(0, Math.round(Date.now() / 1000 - time)),
    uptime_seconds: number(await optional(target, 'uptime')),
    light:
      light === undefined
        ? undefined
        : { servers: Number(light.servers), agreeing: Number(light.agreeing), wanted: Number(light.wanted) },
    warnings: [...new Set([...warningsOf(chain.warnings), ...warningsOf(info?.warnings)])],
  };
}

/** 12345678 → "12.3 MB". */
export function bytes(n: number): string {
  for (const [name, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (n >= size) return `${(n / size).toFixed(1)} ${name}`;
  }
  return `${n} B`;
}

/** A node that does not answer yet, or not any more. */
export function renderWarmup(
  status: { readonly role: string | undefined; readonly network: string | undefined; readonly detail: string },
  url: string,
): string {
  return renderRows([
    ['node', nodeText(status, url)],
    ['phase', status.detail],
  ]);
}

export function renderStatus(status: Status, url: string): string {
  const syncing = status.percent < 100;
  const eta = syncing ? toGo(status.eta_seconds) : '';
  const { light } = status;
  const rows: Row[] = [
    ['node', nodeText(status, url)],
    ['height', `${status.height} of ${status.headers} headers, ${status.percent} %${eta}`],
    ['best block', status.best_block],
    [
      'last block',
      status.last_block_age_seconds === undefined ? undefined : `${duration(status.last_block_age_seconds)} ago`,
    ],
    ['peers', `${status.peers_in} in, ${status.peers_out} out`],
    ['servers', light && `${light.servers} of ${light.wanted} wanted, ${light.agreeing} with our best header`],
    [
      'mempool',
      status.mempool_txs === undefined
        ? undefined
        : `${status.mempool_txs} transactions, ${bytes(status.mempool_bytes ?? 0)}`,
    ],
    ['disk', status.disk_bytes === undefined ? undefined : bytes(status.disk_bytes)],
    ['up', status.uptime_seconds === undefined ? undefined : duration(status.uptime_seconds)],
    ['phase', status.phase],
    ...status.warnings.map((text): Row => ['WARNING', text]),
  ];
  return renderRows(rows);
}

type Row = readonly [name: string, text: string | undefined];

function nodeText(
  { role, network }: { readonly role: string | undefined; readonly network: string | undefined },
  url: string,
): string {
  return [role, network && `on ${network}`, url].filter((part) => part !== undefined).join(' ');
}

function renderRows(rows: readonly Row[]): string {
  return rows.map(([name, text]) => (text === undefined ? '' : `${name.padEnd(11)} ${text}\n`)).join('');
}
