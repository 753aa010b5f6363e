import { networkInterfaces } from 'node:os';

/** IPv4 addresses of this machine, those that others may reach first, loopback last. */
export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const v4 = all.filter((entry) => entry.family === 'IPv4');
  return [...v4.filter((entry) => !entry.internal), ...v4.filter((entry) => entry.internal)].map(
    (entry) => entry.address,
  );
}

/** The multiaddrs with /p2p/ that a node with these listeners has: 0.0.0.0 becomes each address of this machine. */
export function reachableAddresses(listen: readonly string[], peerId: string): string[] {
  return listen.flatMap((address) => {
    const full = `${address}/p2p/${peerId}`;
    if (!address.startsWith('/ip4/0.0.0.0/')) return [full];
    return ownAddresses().map((own) => full.replace('/ip4/0.0.0.0/', `/ip4/${own}/`));
  });
}
