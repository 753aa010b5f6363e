import type { Connection, Libp2p } from '@libp2p/interface';
import type { Clock, Logger } from '../util/ports.ts';
import type { Hello } from '../wire/peer.ts';
import { type HelloPorts, HelloRefused } from './helloExchange.ts';
import type { Peer, PeerTable } from './peers.ts';
import { Session } from './session.ts';

export interface ConnectionsPorts {
  readonly helloProtocol: string;
  readonly hello: HelloPorts;
  readonly peers: PeerTable;
  readonly clock: Clock;
  readonly logger: Logger;
  onReady(peer: Peer): void;
  /** Another connection of the peer took over. */
  onSwitched(peer: Peer): void;
  onGone(peer: Peer, reason: string): void;
  onRefused(session: Session, refusal: HelloRefused): void;
}

/** Requests under way may end on a duplicate connection before it is closed. */
const DUPLICATE_GRACE_MS = 500;

/** For a refusal to travel and be read before the connection ends. */
const LAST_WORDS_MS = 100;

/** Follows libp2p's connections through hello into the peer table, and out of it. */
export class Connections {
  readonly #ports: ConnectionsPorts;
  readonly #sessions = new Map<string, Session>();

  constructor(ports: ConnectionsPorts) {
    this.#ports = ports;
  }

  /** Before the node starts, so that no connection is missed. */
  async attach(node: Libp2p): Promise<void> {
    node.addEventListener('connection:open', ({ detail }) => this.#opened(detail));
    node.addEventListener('connection:close', ({ detail }) => this.#closed(detail));
    node.addEventListener('peer:identify', ({ detail }) =>
      this.#sessions.get(detail.connection.id)?.identified(detail.protocols),
    );
    await node.handle(
      this.#ports.helloProtocol,
      (stream, connection) => {
        const session = this.#sessions.get(connection.id);
        if (session === undefined) stream.abort(new Error('connection is not known'));
        else session.answer(stream);
      },
      { maxInboundStreams: 2, maxOutboundStreams: 2 },
    );
  }

  /** Resolves when the connection has passed hello; rejects when it does not. */
  ready(connection: Connection): Promise<Hello> {
    const session = this.#sessions.get(connection.id);
    return session === undefined ? Promise.reject(new Error('connection is not known')) : session.hello;
  }

  /** Connections that are still in hello, dialled by us. */
  dialling(): number {
    let n = 0;
    for (const s of this.#sessions.values()) if (s.state === 'hello' && !s.inbound) n++;
    return n;
  }

  /** Closes every connection to the peer; false when there was none. */
  disconnect(key: string, reason: string): boolean {
    const sessions = [...this.#sessions.values()].filter((s) => s.key === key);
    for (const session of sessions) session.close(reason);
    return sessions.length > 0;
  }

  /** What the listeners are told about every connection that ends from now on. */
  ending(reason: string): void {
    for (const session of this.#sessions.values()) session.closeReason ??= reason;
  }

  /** Closes connections for which `match` holds, also those still in hello. */
  disconnectWhere(match: (session: Session) => boolean, reason: string): void {
    for (const session of [...this.#sessions.values()]) if (match(session)) session.close(reason);
  }

  #opened(connection: Connection): void {
    const { helloProtocol, hello, clock } = this.#ports;
    const session = new Session(connection, helloProtocol, hello, clock.nowMs());
    this.#sessions.set(connection.id, session);
    session.hello.then(
      (theirs) => this.#ready(session, theirs),
      (error: Error) => this.#failed(session, error),
    );
    session.start();
  }

  #ready(session: Session, theirs: Hello): void {
    if (session.state !== 'hello') return;
    const { peers, clock, hello } = this.#ports;
    if (session.connection.status !== 'open') {
      session.state = 'ended';
      return;
    }
    session.state = 'ready';
    const { peer, isNew, duplicate } = peers.add(session, theirs, clock.nowMs());
    if (duplicate !== undefined) hello.timers.after(DUPLICATE_GRACE_MS, () => duplicate.close('duplicate connection'));
    if (isNew) this.#ports.onReady(peer);
  }

  #failed(session: Session, error: Error): void {
    if (session.state !== 'hello') return;
    session.state = 'ended';
    if (error instanceof HelloRefused) this.#ports.onRefused(session, error);
    else
      this.#ports.logger.debug(
        { peer: session.key, address: session.connection.remoteAddr.toString(), reason: error.message },
        'hello failed',
      );
    // Who refused lets the other side read why, and close first.
    if (error instanceof HelloRefused && error.byUs)
      this.#ports.hello.timers.after(LAST_WORDS_MS, () => session.close(error.message));
    else session.close(error.message);
  }

  #closed(connection: Connection): void {
    const session = this.#sessions.get(connection.id);
    if (session === undefined) return;
    this.#sessions.delete(connection.id);
    // A refusal may have come in the same moment as the end: it is read first.
    this.#ports.hello.timers.after(LAST_WORDS_MS, () =>
      session.fail(new Error(session.closeReason ?? 'connection closed during hello')),
    );
    if (session.state !== 'ready') return;
    session.state = 'ended';
    const { peers } = this.#ports;
    const gone = peers.remove(session);
    if (gone !== undefined) this.#ports.onGone(gone, session.closeReason ?? 'closed by peer');
    else {
      const left = peers.get(session.key);
      if (left !== undefined) this.#ports.onSwitched(left);
    }
  }
}
