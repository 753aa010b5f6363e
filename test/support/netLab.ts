import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { namespacesPermitted } from './namespaces.ts';

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Undefined when a NetLab can be made here; otherwise why not. */
export function canUseNamespaces(): string | undefined {
  if (!namespacesPermitted()) return 'no right to make network namespaces (ip netns add needs root or CAP_NET_ADMIN)';
  const bridge = `${unique()}b`;
  try {
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('link', 'del', bridge);
    return undefined;
  } catch (error) {
    return `cannot create bridges: ${reasonOf(error)}`;
  }
}

function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: Buffer; message: string };
  return (stderr?.toString().trim() || message).split('\n')[0] as string;
}

function unique(): string {
  return `c${randomBytes(3).toString('hex')}`;
}

/**
 * Machines on one host: each a network namespace with its own address 10.77.0.(i+1) on a common bridge. A partition moves
 * some of them to a second bridge: packets are lost in silence, sockets stay open. Needs root or CAP_NET_ADMIN.
 */
export class NetLab {
  readonly #id = unique();
  readonly #count: number;
  readonly #processes: ChildProcess[] = [];
  readonly #onExit = (): void => this.down();

  constructor(count: number) {
    this.#count = count;
    process.once('exit', this.#onExit); // an uncaught exception would leave namespaces behind
    try {
      this.#up();
    } catch (error) {
      this.down();
      throw error;
    }
  }

  ip(i: number): string {
    return `10.77.0.${i + 1}`;
  }

  /** Command in front of one that shall run on machine `i`. */
  prefix(i: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace(i)];
  }

  #up(): void {
    for (const side of ['a', 'b']) ip('link', 'add', this.#id + side, 'type', 'bridge');
    for (const side of ['a', 'b']) ip('link', 'set', this.#id + side, 'up');
    for (let i = 0; i < this.#count; i++) {
      const ns = this.#namespace(i);
      ip('netns', 'add', ns);
      ip('link', 'add', this.#port(i), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', ns);
      ip('link', 'set', this.#port(i), 'master', `${this.#id}a`, 'up');
      ip('-n', ns, 'addr', 'add', `${this.ip(i)}/24`, 'dev', 'eth0');
      for (const dev of ['eth0', 'lo']) ip('-n', ns, 'link', 'set', dev, 'up');
      // Machines on a LAN have a default route; multicast (mDNS) needs it.
      ip('-n', ns, 'route', 'add', 'default', 'dev', 'eth0');
    }
  }

  /** Cuts the machines of `side` off from all others. */
  partition(side: readonly number[]): void {
    for (let i = 0; i < this.#count; i++)
      ip('link', 'set', this.#port(i), 'master', this.#id + (side.includes(i) ? 'b' : 'a'));
  }

  heal(): void {
    this.partition([]);
  }

  /** Runs this Node with `args` on machine `i`, with an IPC channel. */
  spawn(i: number, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const [command, ...before] = this.prefix(i) as [string, ...string[]];
    const child = spawn(command, [...before, process.execPath, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#processes.push(child);
    return child;
  }

  /** Kills what was spawned and removes everything. */
  down(): void {
    process.removeListener('exit', this.#onExit);
    for (const child of this.#processes) child.kill('SIGKILL');
    const quietly = (...args: string[]): void => {
      try {
        ip(...args);
      } catch {
        // It was never made, or is gone.
      }
    };
    for (let i = 0; i < this.#count; i++) {
      quietly('netns', 'del', this.#namespace(i));
      quietly('link', 'del', this.#port(i));
    }
    for (const side of ['a', 'b']) quietly('link', 'del', this.#id + side);
  }

  #namespace(i: number): string {
    return `${this.#id}n${i}`;
  }

  #port(i: number): string {
    return `${this.#id}p${i}`;
  }
}
