import { createServer } from 'node:net';

/** True when a TCP listener can be opened there now. */
export function portFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Host and port of a TCP multiaddr with an IP address, undefined for others and for port 0. */
export function tcpOf(multiaddr: string): { host: string; port: number } | undefined {
  const match = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)(\/ws)?$/.exec(multiaddr);
  if (match === null || match[2] === '0') return undefined;
  return { host: match[1]!, port: Number(match[2]) };
}
