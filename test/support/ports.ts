import { createServer } from 'node:net';

let next = 20_000 + ((process.pid * 37) % 8_000);

function free(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A TCP port on 127.0.0.1 below the ephemeral range that was free a moment ago and that this process gives out once. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const port = next++;
    if (next > 32_000) next = 20_000;
    if (await free(port)) return port;
  }
  throw new Error('no free port between 20000 and 32000');
}
