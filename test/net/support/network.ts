import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork } from '../../../src/net/host.node.ts';
import { loadKey } from '../../../src/net/keyFile.node.ts';
import type { Network, NetworkEvents } from '../../../src/net/network.ts';
import type { NetworkOptions } from '../../../src/net/options.ts';
import { nodejs } from '../../../src/platform/nodejs.node.ts';
import { displayHash } from '../../../src/primitives/hash.ts';
import { type Logger, silentLogger } from '../../../src/util/ports.ts';

export const CHAIN_ID = new Uint8Array(32).fill(0xc1);

export function chainOf(chainId: Uint8Array, development = true): NetworkOptions['chain'] {
  return { chainId, id16: displayHash(chainId).slice(0, 16), development };
}

/** Networks on 127.0.0.1 with data directories of their own; `close` stops and removes them all. */
export class TestNetworks {
  readonly #dir = mkdtempSync(join(tmpdir(), 'cairn-net-'));
  readonly #all: Network[] = [];
  #count = 0;

  dir(): string {
    return join(this.#dir, `n${this.#count++}`);
  }

  /** Created, not started: register handlers, then start. */
  create(options: Partial<NetworkOptions> = {}): Network {
    const dataDir = options.dataDir ?? this.dir();
    const network = createNetwork({
      chain: chainOf(CHAIN_ID),
      group: 'test',
      role: 'full',
      services: 7,
      userAgent: 'cairn-test/1',
      best: { height: 0, bestHash: new Uint8Array(32), chainWork: 2n },
      privateKey: loadKey(join(dataDir, 'node.key')),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      seeds: [],
      logger: process.env.CAIRN_TEST_LOG === undefined ? silentLogger : consoleLogger(this.#count),
      platform: nodejs,
      ...options,
      dataDir,
    });
    this.#all.push(network);
    return network;
  }

  async start(options: Partial<NetworkOptions> = {}): Promise<Network> {
    const network = this.create(options);
    await network.start();
    return network;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((network) => network.stop()));
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** The first event for which `match` holds; rejects after `ms`. Listen before causing it. */
export function once<K extends keyof NetworkEvents>(
  network: Network,
  name: K,
  match: (event: NetworkEvents[K]) => boolean = () => true,
  ms = 8000,
): Promise<NetworkEvents[K]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} event within ${ms} ms`)), ms);
    const off = network.events.on(name, (event) => {
      if (!match(event)) return;
      clearTimeout(timer);
      off();
      resolve(event);
    });
  });
}

export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await sleep(20);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function addressOf(network: Network): string {
  const address = network.addresses()[0];
  if (address === undefined) throw new Error('network listens nowhere');
  return address;
}

/** Both know each other afterwards. */
export async function join2(a: Network, b: Network): Promise<void> {
  await a.connect(addressOf(b));
  await until('both sides ready', () => b.peers().some((p) => p.key === a.key));
}

function consoleLogger(n: number): Logger {
  const line = (level: string) => (fields: object, message: string) =>
    console.log(
      `n${n}`,
      level,
      message,
      JSON.stringify(fields, (_, v) => (v instanceof Error ? v.message : v)),
    );
  return {
    trace: () => undefined,
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: () => consoleLogger(n),
  };
}
