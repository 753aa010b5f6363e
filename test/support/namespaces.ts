import { spawnSync } from 'node:child_process';

let known: boolean | undefined;

/** Whether this process may make network namespaces: tried once, with one that is removed at once. */
export function namespacesPermitted(): boolean {
  if (known === undefined) {
    const name = `cairn-probe-${process.pid}`;
    known = spawnSync('ip', ['netns', 'add', name], { stdio: 'ignore' }).status === 0;
    if (known) spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  }
  return known;
}

/** Skips the running test with a printed reason where network namespaces are not permitted. */
export function needNamespaces(test: Mocha.Context): void {
  if (namespacesPermitted()) return;
  console.log('      skipped: no right to make network namespaces (ip netns add needs root or CAP_NET_ADMIN)');
  test.skip();
}
