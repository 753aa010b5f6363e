import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cleanEnv, MAIN, ROOT } from './nodeProcess.ts';
import { freePort } from './ports.ts';
import { postRaw, RpcFailure } from './rpcCall.ts';
import { until } from './wait.ts';

/** What the banner says of a node. */
export interface BannerNode {
  readonly peerId: string;
  readonly multiaddr: string;
  readonly rpcPort: number;
  readonly dataDir: string;
}

/** `cairn devnet` as a person starts it: one process whose banner tells the rest. */
export class DevnetProcess {
  output = '';
  readonly nodes = new Map<string, BannerNode>();
  readonly child: ChildProcess;
  readonly #exit: Promise<number | string>;

  constructor(args: readonly string[], command: readonly string[] = [process.execPath, MAIN]) {
    this.child = spawn(command[0] as string, [...command.slice(1), 'devnet', ...args], {
      cwd: ROOT,
      env: cleanEnv(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString('utf8');
      });
    }
    this.#exit = new Promise((resolve) =>
      this.child.once('exit', (code, signal) => resolve(code ?? (signal as string))),
    );
  }

  static async start(network: string, args: readonly string[] = []): Promise<DevnetProcess> {
    const base = await freePort();
    const devnet = new DevnetProcess(['--network', network, '--port-base', String(base), ...args]);
    await until('the banner', 30_000, () => {
      if (devnet.child.exitCode !== null) throw new Error(`ended: ${devnet.output}`);
      return devnet.output.includes('Ctrl-C stops everything');
    });
    for (const role of ['miner', 'full', 'light']) {
      const block = new RegExp(
        `^${role} +peer id +(\\S+)\\n +multiaddr +(\\S+)[^]*?JSON-RPC +http://127.0.0.1:(\\d+)[^]*?data +(\\S+)`,
        'm',
      );
      const m = block.exec(devnet.output);
      if (m === null) throw new Error(`no ${role} in the banner: ${devnet.output}`);
      devnet.nodes.set(role, {
        peerId: m[1] as string,
        multiaddr: m[2] as string,
        rpcPort: Number(m[3]),
        dataDir: m[4] as string,
      });
    }
    return devnet;
  }

  /** Line INDEX of the funded addresses. */
  funded(index: number): { readonly address: string; readonly wif: string; readonly privateKey: Buffer } {
    const m = new RegExp(`^ +\\(${index}\\) (\\S+) +(\\S+) +([0-9a-f]{64})$`, 'm').exec(this.output);
    if (m === null) throw new Error(`no funded address ${index} in the banner`);
    return { address: m[1] as string, wif: m[2] as string, privateKey: Buffer.from(m[3] as string, 'hex') };
  }

  node(role: string): BannerNode {
    const node = this.nodes.get(role);
    if (node === undefined) throw new Error(`no ${role} in the banner`);
    return node;
  }

  async rpc<T = unknown>(role: string, method: string, ...params: readonly unknown[]): Promise<T> {
    const node = this.node(role);
    const auth = readFileSync(`${node.dataDir}/regtest/.cookie`, 'utf8').trim();
    const answer = await postRaw(node.rpcPort, JSON.stringify({ id: 1, method, params }), { auth });
    const body = answer.body as { result: T; error: { code: number; message: string } | null };
    if (body.error !== null) throw new RpcFailure(method, body.error.code, body.error.message, answer.status);
    return body.result;
  }

  exited(): Promise<number | string> {
    return this.#exit;
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | string> {
    this.child.kill(signal);
    return await this.#exit;
  }
}
