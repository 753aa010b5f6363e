import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from './ports.ts';
import { postRaw, RpcFailure } from './rpcCall.ts';
import { until } from './wait.ts';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The program under test: the sources, or what CAIRN_TEST_MAIN names (a built dist/main.js). */
export const MAIN = process.env.CAIRN_TEST_MAIN ?? join(ROOT, 'src/main.ts');

export interface NodeOptions {
  readonly dir: string;
  readonly role: 'full' | 'miner' | 'light';
  readonly network: string;
  readonly group: string;
  readonly seeds?: readonly string[];
  /** Further flags of `cairn start`. */
  readonly flags?: readonly string[];
  /** Address to listen on and to be reached at; default 127.0.0.1. */
  readonly ip?: string;
  /** Puts a command in front, e.g. ip netns exec NAME. */
  readonly prefix?: readonly string[];
  /** Fixed ports (when every node has its own IP); default free ones. */
  readonly ports?: { readonly p2p: number; readonly rpc: number };
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Environment without CAIRN_ settings of whoever runs the tests. */
export function cleanEnv(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const key of Object.keys(env)) if (key.startsWith('CAIRN_')) delete env[key];
  return { ...env, ...extra };
}

/** One Cairn node as a real operating-system process with its own data directory, driven over its RPC port. */
export class TestNode {
  readonly options: NodeOptions;
  readonly p2pPort: number;
  readonly rpcPort: number;
  /** Everything it printed, all runs. */
  output = '';
  #child: ChildProcess | undefined;
  #exit: Promise<number | string> | undefined;

  private constructor(options: NodeOptions, p2pPort: number, rpcPort: number) {
    this.options = options;
    this.p2pPort = p2pPort;
    this.rpcPort = rpcPort;
  }

  static async create(options: NodeOptions): Promise<TestNode> {
    mkdirSync(options.dir, { recursive: true });
    const p2p = options.ports?.p2p ?? (await freePort());
    const rpc = options.ports?.rpc ?? (await freePort());
    return new TestNode(options, p2p, rpc);
  }

  get ip(): string {
    return this.options.ip ?? '127.0.0.1';
  }
  get pid(): number | undefined {
    return this.#child?.pid;
  }
  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts the process; resolves when RPC answers with something other than warm-up. */
  async start(extraFlags: readonly string[] = [], timeoutMs = 30_000): Promise<this> {
    this.spawn(extraFlags);
    await until(`RPC of ${this.options.dir}`, timeoutMs, async () => {
      if (!this.alive) throw new Error(`the process ended: ${this.output.slice(-2000)}`);
      return (await this.rpc('uptime')) !== undefined;
    });
    return this;
  }

  /** Starts the process and returns at once. */
  spawn(extraFlags: readonly string[] = []): void {
    const o = this.options;
    const args = [
      MAIN,
      'start',
      ...['--datadir', o.dir, '--role', o.role, '--network', o.network, '--group', o.group],
      ...['--listen', `/ip4/${this.ip}/tcp/${this.p2pPort}`, '--rpc-port', String(this.rpcPort), '--ops-port', '0'],
      ...(o.seeds ?? []).flatMap((s) => ['--seed', s]),
      ...(o.flags ?? []),
      ...extraFlags,
    ];
    const command = [...(o.prefix ?? []), process.execPath, ...args];
    const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnv() });
    running.add(child);
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString('utf8')).slice(-200_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.#exit = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        running.delete(child);
        resolve(code ?? (signal as string));
      });
    });
  }

  /** Exit code or signal name of the current run. */
  exited(): Promise<number | string> {
    if (this.#exit === undefined) throw new Error('never started');
    return this.#exit;
  }

  /** Sends the signal and waits for the end; returns the exit code or signal name. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    if (this.#child === undefined || this.#exit === undefined) return 0;
    this.#child.kill(signal);
    return await this.#exit;
  }

  get cookie(): string {
    return readFileSync(join(this.options.dir, 'regtest', '.cookie'), 'utf8').trim();
  }

  /** Calls a method; throws RpcFailure when the answer is an error. */
  async rpc<T = unknown>(method: string, ...params: readonly unknown[]): Promise<T> {
    if (this.options.prefix !== undefined) return await this.#rpcOnItsMachine<T>(method, params);
    const answer = await postRaw(this.rpcPort, JSON.stringify({ id: 1, method, params }), {
      auth: this.cookie,
      host: this.ip,
    });
    const body = answer.body as { result: T; error: { code: number; message: string } | null } | undefined;
    if (body === undefined) throw new Error(`${method}: HTTP ${answer.status} ${answer.text.slice(0, 200)}`);
    if (body.error !== null && body.error !== undefined) {
      throw new RpcFailure(method, body.error.code, body.error.message, answer.status);
    }
    return body.result;
  }

  /** The RPC port of another machine is on its own loopback: ask with its own command line, as its operator would. */
  async #rpcOnItsMachine<T>(method: string, params: readonly unknown[]): Promise<T> {
    const [command, ...before] = this.options.prefix as [string, ...string[]];
    const args = params.map((param) => (typeof param === 'string' ? param : JSON.stringify(param)));
    const full = [...before, process.execPath, MAIN, 'rpc', '--datadir', this.options.dir, method, ...args];
    const { stdout } = await promisify(execFile)(command, full, { env: cleanEnv(), maxBuffer: 64 << 20 });
    const text = stdout.trim();
    return (/^[[{"\d-]|^(true|false|null)$/.test(text) && !/^[0-9a-f]{64}$/.test(text) ? JSON.parse(text) : text) as T;
  }

  /** Height of the best block (full nodes) or header (light nodes). */
  async height(): Promise<number> {
    return await this.rpc<number>('getblockcount');
  }

  async tip(): Promise<string> {
    return await this.rpc<string>('getbestblockhash');
  }

  /** The multiaddr others bootstrap from. */
  async multiaddr(): Promise<string> {
    const { peerid } = await this.rpc<{ peerid: string }>('getpeerid');
    return `/ip4/${this.ip}/tcp/${this.p2pPort}/p2p/${peerid}`;
  }
}

/** Waits until all nodes report the same tip (at least `minHeight` high) and returns it. */
export async function sameTip(nodes: readonly TestNode[], ms: number, minHeight = 0): Promise<string> {
  return await until(`the same tip on ${nodes.length} nodes`, ms, async () => {
    const tips = await Promise.all(nodes.map((n) => n.tip()));
    const height = await (nodes[0] as TestNode).height();
    if (height < minHeight) throw new Error(`height ${height} below ${minHeight}`);
    if (new Set(tips).size === 1) return tips[0];
    const heights = await Promise.all(nodes.map((n) => n.height()));
    throw new Error(`heights ${heights.join(' ')}, tips ${tips.map((t) => t.slice(0, 8)).join(' ')}`);
  });
}
