import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_FLAGS } from '../../src/platform/nodeFlags.ts';
import { cleanEnv, MAIN } from '../support/nodeProcess.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/wait.ts';
import type { LoopReading } from './loopProbe.ts';
import { RpcConnection } from './rpcConnection.ts';

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const START_MS = 60_000;
const PROBE = join(import.meta.dirname, 'loopProbe.ts');

/** A full node of regtest as a real process, with the probe of its event loop loaded into it. */
export class ProbedNode {
  readonly #child: ChildProcess;
  readonly #rpc: RpcConnection;

  private constructor(child: ChildProcess, rpc: RpcConnection) {
    this.#child = child;
    this.#rpc = rpc;
  }

  /** Resolves when its RPC answers. It ends with this process at the latest. */
  static async start(dir: string, group: string): Promise<ProbedNode> {
    const [p2p, port] = [await freePort(), await freePort()];
    const args = ['start', '--datadir', dir, '--role', 'full', '--network', 'regtest', '--group', group];
    const ports = ['--listen', `/ip4/127.0.0.1/tcp/${p2p}`, '--rpc-port', String(port), '--ops-port', '0'];
    const child = spawn(process.execPath, [...NODE_FLAGS, '--import', PROBE, MAIN, ...args, ...ports], {
      env: cleanEnv(),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const rpc = await until('the RPC of a node', START_MS, async () => {
      const cookie = readFileSync(join(dir, 'regtest', '.cookie'), 'utf8').trim();
      const connection = await RpcConnection.open(port, cookie);
      try {
        await connection.call(JSON.stringify({ id: 1, method: 'getblockcount', params: [] }));
        return connection;
      } catch (error) {
        connection.close();
        throw error;
      }
    });
    return new ProbedNode(child, rpc);
  }

  /** Throws when the answer is an error. */
  async rpc<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    const answer = JSON.parse(await this.#rpc.call(JSON.stringify({ id: 1, method, params })));
    if (answer.error) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer.result as T;
  }

  /** From now on. */
  async reset(): Promise<void> {
    await this.#ask('reset');
  }

  /** Since reset. */
  read(): Promise<LoopReading> {
    return this.#ask('read') as Promise<LoopReading>;
  }

  async stop(): Promise<void> {
    this.#rpc.close();
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }

  /** The node tells its parent things of its own over the same channel: they are passed over. */
  #ask(question: 'reset' | 'read'): Promise<unknown> {
    const answer = new Promise((resolve, reject) => {
      const heard = (message: unknown): void => {
        if (typeof message !== 'object' || message === null || !('loop' in message)) return;
        this.#child.off('message', heard);
        resolve(message.loop);
      };
      this.#child.on('message', heard);
      this.#child.once('exit', () => reject(new Error('the node ended')));
    });
    this.#child.send(question);
    return answer;
  }
}
