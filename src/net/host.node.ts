import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Libp2p } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { LevelDatastore } from 'datastore-level';
import type { RuleCode } from '../primitives/rules.ts';
import { Emitter } from '../util/events.ts';
import { Lifetime } from '../util/lifetime.ts';
import { PROTOCOL_VERSION } from '../wire/limits.ts';
import type { Hello, PeerKey, StreamName, TopicName, WireMessage } from '../wire/peer.ts';
import { PeerRequestError } from '../wire/peer.ts';
import { type ProtocolIds, protocolIds } from '../wire/protocolIds.ts';
import { ipOf, isLocal, parseAddress, peerIdOf, withPeerId } from './address.ts';
import { Anchors } from './anchors.ts';
import { Bans } from './bans.ts';
import { Connections } from './connections.ts';
import { Dialler, type Target } from './dialler.ts';
import { Discipline } from './discipline.ts';
import { Gater } from './gater.ts';
import { Gossip, type GossipHandler } from './gossip.ts';
import { gossipIdText, gossipMessageId } from './gossipId.node.ts';
import { type GossipRouter, gateOnHello, openStreamsInParallel } from './gossipRouter.ts';
import type { HelloRefused } from './helloExchange.ts';
import { Housekeeping } from './housekeeping.ts';
import { JsonFile } from './jsonFile.node.ts';
import { peerKeyOf } from './keyFile.node.ts';
import { listenError } from './listenError.ts';
import { Meter } from './meter.ts';
import type { BanEntry, Network, NetworkEvents, PeerInfo } from './network.ts';
import { DEFAULT_LIMITS, DEVELOPMENT_LIMITS, type NetworkLimits, type NetworkOptions } from './options.ts';
import { type Peer, PeerTable } from './peers.ts';
import { RequestClient } from './requestClient.ts';
import { type RequestHandler, RequestServer } from './requestServer.ts';
import { Room } from './room.ts';
import { Scores } from './score.ts';
import type { Session } from './session.ts';
import type { Services } from './stack.node.ts';

/** libp2p has this long to say goodbye; then we go on without. */
const STOP_MS = 2_000;
const DIAL_TIMEOUT_MS = 15_000;
const WALK_TIMEOUT_MS = 5_000;
const WALK_PEERS = 20;
/** A full peer is asked again after this. */
const FULL_REST_MS = 60_000;

/** The network over libp2p. Nothing is loaded or opened before `start`; `stop` undoes all. An object is started once. */
export function createNetwork(options: NetworkOptions): Network {
  return new Host(options);
}

/** Loads the libp2p stack (about 0.3 s) ahead of `start`, for callers that have something to wait for meanwhile. */
export async function preloadNetwork(): Promise<void> {
  await Promise.all([import('./stack.node.ts'), import('./datastore.node.ts')]);
}

/** What exists between start and stop. */
interface Running {
  readonly node: Libp2p<Services>;
  readonly housekeeping: Housekeeping;
}

class Host implements Network {
  readonly events = new Emitter<NetworkEvents>();
  readonly key: PeerKey;
  readonly #options: NetworkOptions;
  readonly #limits: NetworkLimits;
  readonly #ids: ProtocolIds;
  readonly #lifetime = new Lifetime();
  readonly #scores = new Scores();
  readonly #meter: Meter;
  readonly #bansFile: JsonFile;
  readonly #anchorsFile: JsonFile;
  readonly #anchors = new Anchors();
  readonly #bans: Bans;
  readonly #peers: PeerTable;
  readonly #gater: Gater;
  readonly #gossip: Gossip;
  readonly #client: RequestClient;
  readonly #server: RequestServer;
  readonly #handlers = new Map<StreamName, RequestHandler>();
  readonly #connections: Connections;
  readonly #discipline: Discipline;
  readonly #room: Room;
  readonly #dialler: Dialler;
  #best: NetworkOptions['best'];
  #running: Running | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #walking: AbortController | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: NetworkOptions) {
    const { platform, chain, dataDir, logger } = options;
    const { clock, timers } = platform;
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...(chain.development ? DEVELOPMENT_LIMITS : {}), ...options.limits };
    this.#ids = protocolIds(chain.id16);
    this.#best = options.best;
    this.key = peerKeyOf(options.privateKey);
    const targetOutbound = options.targetOutbound ?? 8;
    const maxPeers = options.maxPeers ?? 64;
    const penalize = this.penalize.bind(this);
    const disconnect = (key: PeerKey, reason: string): void => void this.#connections.disconnect(key, reason);
    this.#meter = new Meter(() => clock.nowMs());
    this.#bansFile = new JsonFile(join(dataDir, 'bans.json'));
    this.#anchorsFile = new JsonFile(join(dataDir, 'peers.json'));
    this.#bans = new Bans((entries) => this.#save(this.#bansFile, entries));
    this.#peers = new PeerTable(this.key);
    this.#gater = new Gater(
      {
        bans: this.#bans,
        meter: this.#meter,
        nowMs: () => clock.nowMs(),
        connections: () => this.#running?.node.getConnections() ?? [],
      },
      chain.development,
    );
    this.#room = new Room({
      peers: this.#peers,
      meter: this.#meter,
      maxPeers,
      targetOutbound,
      isManual: (key) => this.#dialler.isManual(key),
      scoreOf: (key) => this.#scores.get(key, clock.monotonicMs()),
      disconnect,
    });
    this.#connections = new Connections({
      helloProtocol: this.#ids.hello,
      hello: {
        timers,
        timeoutMs: this.#limits.helloTimeoutMs,
        ours: () => this.#hello(),
        admit: (connection) =>
          this.#bans.has(connection.remotePeer.toString(), clock.nowMs())
            ? { refusal: 'banned', detail: 'banned' }
            : this.#room.admit(connection.remotePeer.toString(), connection.direction === 'inbound'),
      },
      peers: this.#peers,
      clock,
      logger,
      onReady: (peer) => this.#onReady(peer),
      onSwitched: (peer) => void this.#running?.housekeeping.switched(peer).catch(() => undefined),
      onGone: (peer, reason) => this.#onGone(peer, reason),
      onRefused: (session, refusal) => this.#onRefused(session, refusal),
    });
    this.#gossip = new Gossip({
      topics: this.#ids.topics,
      clock,
      timers,
      logger,
      verdictMs: this.#limits.gossipVerdictMs,
      messageId: (topic, data) => gossipIdText(gossipMessageId(topic, data)),
      penalize,
    });
    this.#client = new RequestClient({
      timers,
      frameTimeoutMs: this.#limits.frameTimeoutMs,
      open: async (peer, stream) => {
        const session = this.#peers.get(peer)?.session;
        if (session === undefined) throw new Error('not connected');
        return session.connection.newStream(this.#ids.streams[stream], {
          signal: AbortSignal.timeout(this.#limits.requestTimeoutMs),
        });
      },
      penalize,
    });
    this.#server = new RequestServer({ clock, timers, limits: this.#limits, logger, penalize });
    this.#discipline = new Discipline({
      scores: this.#scores,
      bans: this.#bans,
      clock,
      logger,
      publicIpOf: (peer) => {
        const address = this.#peers.get(peer)?.session.connection.remoteAddr;
        const ip = address === undefined ? undefined : ipOf(address);
        return ip === undefined || isLocal(ip) ? undefined : ip;
      },
      disconnect,
      onBanned: (peer, reason) => this.#onBanned(peer, reason),
    });
    this.#dialler = new Dialler({
      platform,
      logger,
      ourKey: this.key,
      seeds: options.seeds,
      targetOutbound,
      maxPeers,
      tickMs: this.#limits.dialTickMs,
      redialMs: this.#limits.redialMs,
      dial: (target) => this.#dial(target),
      isConnected: (key) => this.#peers.get(key) !== undefined,
      counts: () => this.#counts(),
      anchors: () => this.#anchors.list().map((a) => ({ key: a.key, addresses: a.addresses.map(parseAddress) })),
      known: () => this.#known(),
      avoid: (key) => this.#gater.denyDialPeer(key),
      walk: () => this.#walk(),
    });
    for (const address of [...options.seeds]) parseAddress(address);
    for (const address of options.manual ?? []) this.#dialler.addManual(address);
  }

  start(): Promise<void> {
    if (this.#stopping !== undefined) return Promise.reject(new Error('network was stopped'));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { dataDir, logger, platform, chain } = this.#options;
    await mkdir(dataDir, { recursive: true });
    const nowMs = platform.clock.nowMs();
    this.#bans.restore(this.#bansFile.read(), nowMs);
    this.#anchors.restore(this.#anchorsFile.read(), nowMs);
    try {
      const [stack, { openDatastore }] = await Promise.all([import('./stack.node.ts'), import('./datastore.node.ts')]);
      const datastore = await openDatastore(join(dataDir, 'peers'), logger);
      this.#lifetime.add(() => datastore.close());
      await this.#startNode(stack.createStack, datastore);
    } catch (error) {
      await this.#lifetime.close();
      throw listenError(error);
    }
    this.#dialler.start();
    this.#lifetime.add(() => this.#dialler.stop());
    logger.info({ peer: this.key, addresses: this.addresses(), chain: chain.id16 }, 'network started');
  }

  async #serveOn(node: Libp2p<Services>, name: StreamName): Promise<void> {
    const handler = this.#handlers.get(name) as RequestHandler;
    await node.handle(
      this.#ids.streams[name],
      async (stream, connection) => {
        await this.#connections.ready(connection);
        await this.#server.serve(stream, connection.remotePeer.toString(), handler);
      },
      { maxInboundStreams: 4, maxOutboundStreams: 4 },
    );
  }

  async #startNode(
    createStack: typeof import('./stack.node.ts')['createStack'],
    datastore: LevelDatastore,
  ): Promise<void> {
    const { privateKey, listen, announce, userAgent, maxPeers, lan, mdns, dht, blockSeconds, chain, platform, logger } =
      this.#options;
    const { clock, timers } = platform;
    const node = await createStack({
      privateKey,
      datastore,
      gater: this.#gater,
      ids: this.#ids,
      listen,
      announce: announce ?? [],
      userAgent,
      maxPeers: maxPeers ?? 64,
      lan: lan ?? chain.development,
      development: chain.development,
      mdns: mdns ?? false,
      dht: dht ?? true,
      blockSeconds: blockSeconds ?? 15,
      limits: this.#limits,
      appSpecificScore: (peer) => -this.#scores.get(peer, clock.monotonicMs()),
    });
    const router = node.services.pubsub as GossipRouter;
    gateOnHello(router, (connection) => this.#connections.ready(connection));
    await this.#connections.attach(node);
    const housekeeping = new Housekeeping({
      node,
      router,
      identify: (connection) => node.services.identify.identify(connection),
      peers: this.#peers,
      anchors: this.#anchors,
      logger,
      nowMs: () => clock.nowMs(),
      disconnect: (key, reason) => this.#connections.disconnect(key, reason),
      saveAnchors: () => this.#save(this.#anchorsFile, this.#anchors.list()),
    });
    this.#running = { node, housekeeping };
    this.#lifetime.add(() => this.#stopNode(node));
    for (const name of this.#handlers.keys()) await this.#serveOn(node, name);
    await node.start();
    openStreamsInParallel(router);
    this.#gossip.start(router);
    this.#lifetime.add(
      timers.every(this.#limits.housekeepingMs, () => {
        this.#room.trim();
        void housekeeping.round();
      }),
    );
    this.#lifetime.add(() => housekeeping.rememberPeers().catch(() => undefined));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#lifetime.close();
    await this.#saving;
  }

  /** Orderly within STOP_MS; what hangs then is left to the end of the process. */
  async #stopNode(node: Libp2p<Services>): Promise<void> {
    this.#running = undefined;
    this.#walking?.abort();
    this.#gossip.stop();
    this.#client.dropAll('network stops');
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#options.logger.warn({}, 'libp2p did not stop in time');
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

  addresses(): readonly string[] {
    return this.#running?.node.getMultiaddrs().map((a) => a.toString()) ?? [];
  }

  peers(): readonly PeerInfo[] {
    return [...this.#peers.values()].map((peer) => this.#info(peer));
  }

  setHello(part: Pick<Hello, 'height' | 'bestHash' | 'chainWork'>): void {
    this.#best = { height: part.height, bestHash: part.bestHash, chainWork: part.chainWork };
  }

  publish(topic: TopicName, data: Uint8Array): Promise<number> {
    return this.#gossip.publish(topic, data);
  }

  onGossip(topic: TopicName, handler: GossipHandler): void {
    this.#gossip.handle(topic, handler);
  }

  async request(
    peer: PeerKey,
    stream: StreamName,
    message: WireMessage,
    options?: { readonly timeoutMs?: number },
  ): Promise<WireMessage> {
    if (this.#peers.get(peer) === undefined) throw new PeerRequestError(peer, 'disconnected', 'not connected');
    return this.#client.request(peer, stream, message, options?.timeoutMs ?? this.#limits.requestTimeoutMs);
  }

  serve(stream: StreamName, handler: RequestHandler): void {
    if (this.#handlers.has(stream)) throw new Error(`stream ${stream} has a handler already`);
    this.#handlers.set(stream, handler);
    const node = this.#running?.node;
    if (node !== undefined) void this.#serveOn(node, stream);
  }

  penalize(peer: PeerKey, rule: RuleCode, detail: string): void {
    this.#discipline.penalize(peer, rule, detail);
  }

  async connect(address: string): Promise<PeerKey> {
    const parsed = parseAddress(address);
    const key = peerIdOf(parsed);
    if (key !== undefined) this.#gater.wake(key);
    return this.#dial({ key, addresses: [parsed] });
  }

  addManual(address: string): void {
    this.#dialler.addManual(address);
  }

  removeManual(address: string): boolean {
    return this.#dialler.removeManual(address);
  }

  manual(): readonly { readonly address: string; readonly connected: boolean }[] {
    return this.#dialler.manual();
  }

  async disconnect(peer: PeerKey, reason: string): Promise<boolean> {
    return this.#connections.disconnect(peer, reason);
  }

  async ban(target: string, seconds: number, reason: string): Promise<void> {
    if (isIP(target) === 0) peerIdFromString(target); // throws when it is neither
    const createdMs = this.#options.platform.clock.nowMs();
    this.#bans.add({ target, createdMs, untilMs: createdMs + seconds * 1000, reason });
    const hit = [...this.#peers.values()].filter((p) => this.#isTarget(p.session, target));
    this.#connections.disconnectWhere((session) => this.#isTarget(session, target), `banned: ${reason}`);
    for (const peer of hit) this.#onBanned(peer.key, reason);
    await this.#saving;
  }

  async unban(target: string): Promise<boolean> {
    const had = this.#bans.remove(target);
    if (had) {
      this.#scores.forget(target);
      this.#gater.wake(target);
    }
    await this.#saving;
    return had;
  }

  bans(): readonly BanEntry[] {
    return this.#bans.list(this.#options.platform.clock.nowMs());
  }

  totals(): { readonly bytesSent: number; readonly bytesReceived: number } {
    return { ...this.#meter.totals };
  }

  #hello(): Hello {
    const { chain, group, role, services, userAgent, platform } = this.#options;
    return {
      minVersion: PROTOCOL_VERSION,
      maxVersion: PROTOCOL_VERSION,
      chainId: chain.chainId,
      group,
      role,
      services,
      userAgent,
      ...this.#best,
      timeMs: platform.clock.nowMs(),
    };
  }

  #info(peer: Peer): PeerInfo {
    const points = this.#scores.get(peer.key, this.#options.platform.clock.monotonicMs());
    return peer.info(this.#meter, points, this.#dialler.isWanted(peer.key));
  }

  #isTarget(session: Session, target: string): boolean {
    return session.key === target || ipOf(session.connection.remoteAddr) === target;
  }

  #counts(): { peers: number; outbound: number } {
    let outbound = this.#connections.dialling();
    for (const peer of this.#peers.values()) if (!peer.inbound) outbound++;
    return { peers: this.#peers.size, outbound };
  }

  async #dial({ key, addresses }: Target): Promise<PeerKey> {
    const node = this.#running?.node;
    if (node === undefined) throw new Error('network is not running');
    const targets = key === undefined ? [...addresses] : addresses.map((a) => withPeerId(a, key));
    const connection = await node.dial(targets, { signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) }).catch(rethrowDial);
    await this.#connections.ready(connection);
    return connection.remotePeer.toString();
  }

  async #known(): Promise<Target[]> {
    const peers = (await this.#running?.node.peerStore.all()) ?? [];
    return peers.map((p) => ({ key: p.id.toString(), addresses: p.addresses.map((a) => a.multiaddr) }));
  }

  /** What the walk meets is put into the peer store by the DHT. */
  async #walk(): Promise<void> {
    const node = this.#running?.node;
    if (node === undefined) return;
    const stop = new AbortController();
    const cancel = this.#options.platform.timers.after(WALK_TIMEOUT_MS, () => stop.abort());
    this.#walking = stop;
    try {
      let met = 0;
      const key = this.#options.platform.random.bytes(32);
      for await (const _ of node.peerRouting.getClosestPeers(key, { signal: stop.signal }))
        if (++met >= WALK_PEERS) break;
    } finally {
      cancel();
    }
  }

  #onReady(peer: Peer): void {
    const { logger, platform } = this.#options;
    const info = this.#info(peer);
    const { role, height, userAgent } = peer.hello;
    logger.info(
      { peer: peer.key, address: info.address, inbound: info.inbound, role, height, userAgent },
      'peer connected',
    );
    this.events.emit('ready', { peer: info });
    const timeout = AbortSignal.timeout(this.#limits.pingTimeoutMs);
    this.#running?.node.services.ping.ping(peer.session.connection.remotePeer, { signal: timeout }).then(
      (ms) => peer.measured(ms),
      () => undefined, // libp2p's connection monitor decides about peers that do not answer
    );
    // Remembered early: a node killed within seconds of its start should still know somebody.
    platform.timers.after(1000, () => void this.#running?.housekeeping.rememberPeers().catch(() => undefined));
  }

  #onGone(peer: Peer, reason: string): void {
    const { logger, platform } = this.#options;
    this.#client.drop(peer.key, reason);
    this.#dialler.ended(peer.key, platform.clock.nowMs() - peer.connectedMs);
    logger.info({ peer: peer.key, reason }, 'peer disconnected');
    this.events.emit('gone', { peer: peer.key, reason });
  }

  #onRefused(session: Session, { refusal, message: detail, byUs }: HelloRefused): void {
    const { logger, platform } = this.#options;
    const rest =
      refusal === 'too-many-peers'
        ? Math.min(FULL_REST_MS, this.#limits.refusedBackoffMs)
        : this.#limits.refusedBackoffMs;
    this.#gater.rest(session.key, platform.clock.nowMs() + rest);
    this.#dialler.hold(session.key, rest);
    if (refusal !== 'too-many-peers') this.#anchors.forget(session.key);
    const address = session.connection.remoteAddr.toString();
    const fields = { peer: session.key, address, refusal, detail, byUs };
    if (refusal === 'too-many-peers') logger.info(fields, 'peer refused: no room');
    else logger.warn(fields, byUs ? 'peer refused at hello' : 'peer refused us at hello');
    this.events.emit('refused', { address, peer: session.key, refusal, detail });
  }

  #onBanned(peer: PeerKey, reason: string): void {
    this.#anchors.forget(peer);
    this.events.emit('banned', { peer, reason });
  }

  #save(file: JsonFile, content: unknown): void {
    const saved = file
      .save(content)
      .catch((err: unknown) => this.#options.logger.error({ file: file.path, err }, 'could not save'));
    this.#saving = Promise.all([this.#saving, saved]).then(() => undefined);
  }
}

/** One line of why a dial failed: libp2p wraps the failures of every address. */
function rethrowDial(error: unknown): never {
  const errors = error instanceof AggregateError ? error.errors : [error];
  throw new Error([...new Set(errors.map((e) => (e as Error).message))].join('; '), { cause: error });
}
