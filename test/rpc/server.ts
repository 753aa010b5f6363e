import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { makeRpcAuth } from '../../src/rpc/auth.node.ts';
import type { Dispatcher } from '../../src/rpc/dispatch.ts';
import { type HttpOptions, type RpcHttpServer, startRpcHttp } from '../../src/rpc/http.node.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { FakeNode } from './fakeNode.ts';
import { makeDispatcher } from './setup.ts';

export const AUTH = `Basic ${Buffer.from('alice:secret').toString('base64')}`;

export interface TestServer {
  readonly node: FakeNode;
  readonly dispatcher: Dispatcher;
  readonly server: RpcHttpServer;
}

/** A server on a free port of 127.0.0.1 over a fake node; user alice, password secret. */
export async function startTestServer(options: Partial<HttpOptions> = {}): Promise<TestServer> {
  const node = new FakeNode();
  const dispatcher = makeDispatcher(node.full());
  const server = await startRpcHttp(dispatcher, {
    host: '127.0.0.1',
    port: 0,
    auth: [makeRpcAuth('alice', 'secret')],
    explicitAuth: true,
    allowIps: [],
    log: silentLogger,
    ...options,
  });
  return { node, dispatcher, server };
}

/** Sends raw text over a socket and collects everything until the other side closes or `ms` are over. */
export function rawExchange(port: number, text: string | Uint8Array, ms = 5000): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(text));
    let got = '';
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(got);
    };
    const timer = setTimeout(done, ms);
    socket.on('data', (chunk) => {
      got += chunk.toString('utf8');
    });
    socket.on('close', done);
    socket.on('error', done);
  });
}

/** A POST with Basic auth as raw HTTP text. */
export function rawPost(body: string, headers: readonly string[] = [`Authorization: ${AUTH}`], path = '/'): string {
  const length = Buffer.byteLength(body);
  return [`POST ${path} HTTP/1.1`, 'Host: x', ...headers, `Content-Length: ${length}`, '', body].join('\r\n');
}
