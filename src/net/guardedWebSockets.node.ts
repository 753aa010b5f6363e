import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Listener, Transport } from '@libp2p/interface';
import { webSockets } from '@libp2p/websockets';

/**
 * What the listener of @libp2p/websockets 10.1 has beyond its interface; pinned by the exact version in package.json and
 * by test/net/webSockets.
 */
interface WebSocketListener extends Listener {
  readonly server: Server;
  readonly wsServer: { readonly options: { maxPayload: number } };
  onWsServerConnection(socket: EventEmitter & { terminate(): void }, request: IncomingMessage): void;
}

type Components = Parameters<ReturnType<typeof webSockets>>[0];

export interface WebSocketLimits {
  /** Sockets at once, those without a finished handshake included. */
  readonly maxSockets: number;
  /** From the connection to the end of the WebSocket handshake. */
  readonly handshakeMs: number;
}

/** One message holds one noise frame of at most 65,537 bytes; the library's default would buffer 100 MiB before hello. */
const MAX_MESSAGE = 256 * 1024;

/**
 * The WebSocket transport with the bounds its listener lacks: the library leaves 'error' of an accepted socket without a
 * listener, so that one malformed frame from anybody ends the process; it waits without limit for a first byte; and it
 * takes messages of 100 MiB.
 */
export function guardedWebSockets(limits: WebSocketLimits): (components: Components) => Transport {
  const make = webSockets();
  return (components) => {
    const transport = make(components);
    const create = transport.createListener.bind(transport);
    transport.createListener = (options) => guard(create(options) as WebSocketListener, limits);
    return transport;
  };
}

function guard(listener: WebSocketListener, { maxSockets, handshakeMs }: WebSocketLimits): Listener {
  listener.server.maxConnections = maxSockets;
  listener.wsServer.options.maxPayload = MAX_MESSAGE;
  const deadlines = new WeakMap<Socket, NodeJS.Timeout>();
  listener.server.on('connection', (socket) => {
    const deadline = setTimeout(() => socket.destroy(), handshakeMs).unref();
    deadlines.set(socket, deadline);
    socket.once('close', () => clearTimeout(deadline));
  });
  const accept = listener.onWsServerConnection;
  listener.onWsServerConnection = (socket, request) => {
    clearTimeout(deadlines.get(request.socket));
    socket.on('error', () => socket.terminate());
    accept.call(listener, socket, request);
  };
  return listener;
}
