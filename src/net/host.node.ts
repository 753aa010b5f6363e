import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { peerIdFromString } from '@libp2p/peer-id';
import type { RuleCode } from '../primitives/rules.ts';
import { Emitter } from '../util/events.ts';
import { Lifetime } from '../util/lifetime.ts';
import type { PeerKey, StreamName, TopicName, WireMessage } from '../wire/peer.ts';
import { PeerRequestError } from '../wire/peer.ts';
import { type ProtocolIds, protocolIds } from '../wire/protocolIds.ts';
import { parseAddress, peerIdOf } from './address.ts';
import { Connections } from './connections.ts';
import { Dialler } from './dialler.ts';
import { Discipline } from './discipline.ts';
import { Gater } from './gater.ts';
import { Gossip, type GossipHandler } from './gossip.ts';
import { gossipIdText, gossipMessageId } from './gossipId.node.ts';
import { type GossipRouter, gateOnHello, openStreamsInParallel } from './gossipRouter.ts';
import { Housekeeping } from './housekeeping.ts';
import { peerKeyOf } from './keyFile.node.ts';
import { Meter } from './meter.ts';
import type { BanEntry, HelloChange, Network, NetworkEvents, PeerInfo } from './network.ts';
import { launch, type Node, preload } from './node.node.ts';
import { DEFAULT_LIMITS, DEVELOPMENT_LIMITS, type NetworkLimits, type NetworkOptions } from './options.ts';
import { ourHello } from './ourHello.ts';
import { PeerNews } from './peerNews.ts';
import { type Peer, PeerTable } from './peers.ts';
import { Reach } from './reach.ts';
import { Records } from './records.node.ts';
import { RequestClient } from './requestClient.ts';
import { type RequestHandler, RequestServer } from './requestServer.ts';
import { Room } from './room.ts';
import { Scores } from './score.ts';

const DEFAULT_MAX_PEERS = 64;
const DEFAULT_TARGET_OUTBOUND = 8;
const DEFAULT_BAN_SECONDS = 86_400;

/** The network over libp2p. Nothing is loaded or opened before `start`; `stop` undoes all. An object is started once. */
export function createNetwork(options: NetworkOptions): Network {
  return new Host(options);
}

/** Loads the libp2p stack (about 0.3 s) ahead of `start`, for callers that have something to wait for meanwhile. */
export async function preloadNetwork(): Promise<void> {
  await preload();
}

/** What exists between start and stop. */
interface Running {
  readonly node: Node;
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
  readonly #records: Records;
  readonly #peers: PeerTable;
  readonly #gater: Gater;
  readonly #gossip: Gossip;
  readonly #client: RequestClient;
  readonly #server: RequestServer;
  readonly #connections: Connections;
  readonly #discipline: Discipline;
  readonly #room: Room;
  readonly #dialler: Dialler;
  readonly #reach: Reach;
  readonly #news: PeerNews;
  #best: NetworkOptions['best'];
  #services: number;
  #running: Running | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: NetworkOptions) {
    const { platform, chain, dataDir, logger } = options;
    const { clock, timers } = platform;
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...(chain.development ? DEVELOPMENT_LIMITS : {}), ...options.limits };
    this.#ids = protocolIds(chain.id16);
    this.#best = options.best;
    this.#services = options.services;
    this.key = peerKeyOf(options.privateKey);
    const targetOutbound = options.targetOutbound ?? DEFAULT_TARGET_OUTBOUND;
    const maxPeers = options.maxPeers ?? DEFAULT_MAX_PEERS;
    const penalize = this.penalize.bind(this);
    const disconnect = (key: PeerKey, reason: string): void => void this.#connections.disconnect(key, reason);
    this.#meter = new Meter(() => clock.nowMs());
    this.#records = new Records(dataDir, logger);
    const { bans, anchors } = this.#records;
    this.#peers = new PeerTable(this.key);
    this.#gater = new Gater(
      {
        bans,
        meter: this.#meter,
        ourKey: this.key,
        nowMs: () => clock.nowMs(),
        connections: () => this.#running?.node.getConnections() ?? [],
      },
      { development: chain.development, maxPerIp: options.maxPerIp },
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
        ours: () => ourHello({ ...this.#options, services: this.#services }, this.#best),
        admit: (connection) =>
          bans.has(connection.remotePeer.toString(), clock.nowMs())
            ? { refusal: 'banned', detail: 'banned' }
            : this.#room.admit(connection.remotePeer.toString(), connection.direction === 'inbound'),
      },
      peers: this.#peers,
      clock,
      logger,
      onReady: (peer) => {
        this.#news.ready(peer);
        void this.#running?.housekeeping.welcome(peer);
      },
      onSwitched: (peer) => void this.#running?.housekeeping.switched(peer).catch(() => undefined),
      onGone: (peer, reason) => this.#news.gone(peer, reason),
      onRefused: (session, refusal) => this.#news.refused(session, refusal),
    });
    this.#reach = new Reach({
      node: () => this.#running?.node,
      connections: this.#connections,
      peers: this.#peers,
      platform,
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
      open: (peer, stream) => this.#reach.open(peer, this.#ids.streams[stream], this.#limits.requestTimeoutMs),
      penalize,
    });
    this.#server = new RequestServer({
      streams: this.#ids.streams,
      ready: (connection) => this.#connections.ready(connection),
      clock,
      timers,
      limits: this.#limits,
      logger,
      penalize,
    });
    this.#discipline = new Discipline({
      scores: this.#scores,
      bans,
      clock,
      logger,
      peers: this.#peers,
      connections: this.#connections,
      banSeconds: options.banSeconds ?? DEFAULT_BAN_SECONDS,
      onBanned: (peer, reason) => this.#news.banned(peer, reason),
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
      dial: (target) => this.#reach.dial(target),
      isConnected: (key) => this.#peers.get(key) !== undefined,
      counts: () => this.#counts(),
      anchors: () => anchors.list().map((a) => ({ key: a.key, addresses: a.addresses.map(parseAddress) })),
      known: () => this.#reach.known(),
      avoid: (key) => this.#gater.denyDialPeer(key),
      walk: () => this.#reach.walk(),
    });
    this.#news = new PeerNews({
      events: this.events,
      clock,
      logger,
      gater: this.#gater,
      anchors,
      client: this.#client,
      dialler: this.#dialler,
      refusedBackoffMs: this.#limits.refusedBackoffMs,
      info: (peer) => this.#info(peer),
    });
    for (const address of options.seeds) parseAddress(address); // a bad seed is an error now, not a silent absence
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
    this.#records.load(platform.clock.nowMs());
    const { node, lifetime } = await this.#launch();
    this.#lifetime.add(() => lifetime.close());
    const router = node.services.pubsub as GossipRouter;
    openStreamsInParallel(router);
    this.#gossip.start(router);
    this.#keepHouse();
    this.#dialler.start();
    this.#lifetime.add(() => this.#dialler.stop());
    logger.info({ peer: this.key, addresses: this.addresses(), chain: chain.id16 }, 'network started');
  }

  #launch(): ReturnType<typeof launch> {
    const { chain, platform } = this.#options;
    return launch({
      announce: [],
      maxPeers: DEFAULT_MAX_PEERS,
      lan: chain.development,
      mdns: false,
      dht: true,
      blockSeconds: 15,
      ...this.#options,
      development: chain.development,
      gater: this.#gater,
      ids: this.#ids,
      limits: this.#limits,
      appSpecificScore: (peer) => -this.#scores.get(peer, platform.clock.monotonicMs()),
      prepare: (node) => this.#prepare(node),
      leaving: () => {
        this.#running = undefined;
        this.#reach.stop();
        this.#gossip.stop();
        this.#client.dropAll('network stops');
        this.#connections.ending('network stops');
      },
    });
  }

  async #prepare(node: Node): Promise<void> {
    const { platform, logger } = this.#options;
    const router = node.services.pubsub as GossipRouter;
    gateOnHello(router, (connection) => this.#connections.ready(connection));
    await this.#connections.attach(node);
    const housekeeping = new Housekeeping({
      node,
      router,
      dht: node.services.dht && { protocol: this.#ids.kad, table: node.services.dht.routingTable },
      identify: (connection) => node.services.identify.identify(connection),
      ping: (peer, signal) => node.services.ping.ping(peer, { signal }),
      pingTimeoutMs: this.#limits.pingTimeoutMs,
      timers: platform.timers,
      peers: this.#peers,
      anchors: this.#records.anchors,
      logger,
      nowMs: () => platform.clock.nowMs(),
      disconnect: (key, reason) => this.#connections.disconnect(key, reason),
      saveAnchors: () => this.#records.saveAnchors(),
      onRouted: () => this.#dialler.joined(),
      unit: () => platform.random.unit(),
    });
    this.#running = { node, housekeeping };
    await this.#server.attach(node);
  }

  #keepHouse(): void {
    const round = (): void => {
      this.#room.trim();
      void this.#running?.housekeeping.round();
    };
    this.#lifetime.add(this.#options.platform.timers.every(this.#limits.housekeepingMs, round));
    this.#lifetime.add(() => this.#running?.housekeeping.rememberPeers().catch(() => undefined));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#lifetime.close();
    await this.#records.saved();
  }

  addresses(): readonly string[] {
    return this.#running?.node.getMultiaddrs().map((a) => a.toString()) ?? [];
  }

  peers(): readonly PeerInfo[] {
    return [...this.#peers.values()].map((peer) => this.#info(peer));
  }

  setHello({ height, bestHash, chainWork, services }: HelloChange): void {
    this.#best = { height, bestHash, chainWork };
    this.#services = services ?? this.#services;
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
    this.#server.handle(stream, handler);
  }

  penalize(peer: PeerKey, rule: RuleCode, detail: string): void {
    this.#discipline.penalize(peer, rule, detail);
  }

  async connect(address: string): Promise<PeerKey> {
    const parsed = parseAddress(address);
    const key = peerIdOf(parsed);
    if (key !== undefined) this.#gater.wake(key);
    return this.#reach.dial({ key, addresses: [parsed] });
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
    this.#discipline.ban(target, seconds, reason);
    await this.#records.saved();
  }

  async unban(target: string): Promise<boolean> {
    const had = this.#discipline.unban(target);
    if (had) this.#gater.wake(target);
    await this.#records.saved();
    return had;
  }

  bans(): readonly BanEntry[] {
    return this.#records.bans.list(this.#options.platform.clock.nowMs());
  }

  totals(): { readonly bytesSent: number; readonly bytesReceived: number } {
    return { ...this.#meter.totals };
  }

  #info(peer: Peer): PeerInfo {
    const points = this.#scores.get(peer.key, this.#options.platform.clock.monotonicMs());
    return peer.info(this.#meter, points, this.#dialler.isWanted(peer.key));
  }

  #counts(): { peers: number; outbound: number } {
    let outbound = this.#connections.dialling();
    for (const peer of this.#peers.values()) if (!peer.inbound) outbound++;
    return { peers: this.#peers.size, outbound };
  }
}
