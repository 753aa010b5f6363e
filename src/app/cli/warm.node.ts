import type { Command } from 'commander';

/**
 * Loads everything a development network loads, once, after an installation: Node compiles it and keeps the result, so
 * that already the first start is quick.
 */
export function define(command: Command): void {
  command.action(async () => {
    await Promise.all([
      import('../devnet/supervisor.node.ts'),
      import('../devnet/banner.node.ts'),
      import('../devnet/funding.node.ts'),
      import('../devnet/blockLines.node.ts'),
      import('../devnet/devWallet.node.ts'),
      import('../devnet/configs.node.ts'),
      import('../devnet/command.node.ts'),
      import('./start.node.ts'),
      import('../runNode.node.ts'),
      import('../node.node.ts'),
      import('../fullNode.node.ts'),
      import('../minerNode.node.ts'),
      import('../lightNode.node.ts'),
      import('../miningBackend.node.ts'),
      import('../../net/stack.node.ts'),
      import('../../net/datastore.node.ts'),
    ]);
    // Some of these hold the event loop; the cache is written on exit.
    process.exit();
  });
}
