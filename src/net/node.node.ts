import { join } from 'node:path';
import type { Libp2p } from '@libp2p/interface';
import { Lifetime } from '../util/lifetime.ts';
import type { Logger } from '../util/ports.ts';
import { listenError } from './listenError.ts';
import type { Services, StackOptions } from './stack.node.ts';

/** libp2p has this long to say goodbye; then we go on without. */
const STOP_MS = 2_000;

export type Node = Libp2p<Services>;

export interface LaunchOptions extends Omit<StackOptions, 'datastore'> {
  readonly dataDir: string;
  readonly logger: Logger;
  /** Before anything listens or connects. */
  prepare(node: Node): Promise<void>;
  /** First step of stopping. */
  leaving(): void;
}

/**
 * Loads libp2p, opens the peer store and starts the node. The lifetime's `close` stops the node and closes the store; when
 * launching fails that has happened already. Throws PortInUseError when a listen address is taken.
 */
export async function launch(options: LaunchOptions): Promise<{ node: Node; lifetime: Lifetime }> {
  const { dataDir, logger, prepare, leaving } = options;
  const lifetime = new Lifetime();
  try {
    const [{ createStack }, { openDatastore }] = await preload();
    const datastore = await openDatastore(join(dataDir, 'peers'), logger);
    lifetime.add(() => datastore.close());
    const node = await createStack({ ...options, datastore });
    await prepare(node);
    lifetime.add(() => {
      leaving();
      return stopInTime(node, logger);
    });
    await node.start();
    return { node, lifetime };
  } catch (error) {
    await lifetime.close();
    throw listenError(error);
  }
}

/** The heavy modules, about 0.3 s. */
export function preload() {
  return Promise.all([import('./stack.node.ts'), import('./datastore.node.ts')]);
}

async function stopInTime(node: Node, logger: Logger): Promise<void> {
  let cancel = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      logger.warn({}, 'libp2p did not stop in time');
      for (const connection of node.getConnections()) connection.abort(new Error('network stops'));
      resolve();
    }, STOP_MS);
    cancel = () => clearTimeout(timer);
  });
  try {
    await Promise.race([node.stop(), late]);
  } finally {
    cancel();
  }
}
