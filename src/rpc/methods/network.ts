import type { Backend, PeerEntry, PeersBackend } from '../backend.ts';
import { Coins, type JsonObject } from '../json.ts';
import { socketAddress } from '../multiaddr.ts';
import { type MethodSpec, method, r } from '../spec.ts';

/** Bitcoin Core 31: tools read the number to decide which methods and fields exist. */
const CORE_VERSION = 310_000;

const seconds = (ms: number): number => Math.floor(ms / 1000);
const services = (bits: number): string => bits.toString(16).padStart(16, '0');

function peerJson(peers: PeersBackend, peer: PeerEntry): JsonObject {
  const remote = socketAddress(peer.address);
  const ping = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);
  return {
    id: peer.id,
    addr: remote.text,
    addrbind: peer.localAddress === undefined ? undefined : socketAddress(peer.localAddress).text,
    network: remote.network,
    services: services(peer.hello.services),
    servicesnames: peers.serviceNames(peer.hello.services),
    relaytxes: true,
    last_inv_sequence: 0,
    inv_to_send: 0,
    lastsend: seconds(peer.lastSendMs),
    lastrecv: seconds(peer.lastRecvMs),
    last_transaction: 0,
    last_block: 0,
    bytessent: peer.bytesSent,
    bytesrecv: peer.bytesReceived,
    conntime: seconds(peer.connectedMs),
    timeoffset: Math.round(peer.clockOffsetMs / 1000),
    pingtime: ping(peer.pingMs),
    minping: ping(peer.minPingMs),
    version: peer.hello.maxVersion,
    subver: peer.hello.userAgent,
    inbound: peer.inbound,
    bip152_hb_to: false,
    bip152_hb_from: false,
    startingheight: peer.hello.height,
    presynced_headers: -1,
    synced_headers: -1,
    synced_blocks: -1,
    inflight: [],
    addr_relay_enabled: false,
    addr_processed: 0,
    addr_rate_limited: 0,
    permissions: [],
    minfeefilter: new Coins(0n),
    bytessent_per_msg: {},
    bytesrecv_per_msg: {},
    connection_type: peer.inbound ? 'inbound' : peer.manual ? 'manual' : 'outbound-full-relay',
    transport_protocol_type: 'libp2p',
    session_id: '',
    peerid: peer.key,
    multiaddr: peer.address,
    role: peer.hello.role,
    score: peer.score,
  };
}

const peerShape = r.obj('', '', [
  r.num('id', 'Peer index'),
  r.str('addr', '(host:port) The IP address and port of the peer'),
  r.opt(r.str('addrbind', '(ip:port) Bind address of the connection to the peer')),
  r.str('network', 'Network (ipv4, ipv6, not_publicly_routable)'),
  r.hex('services', 'The services offered'),
  r.arr(
    'servicesnames',
    'the services offered, in human-readable form',
    r.str('SERVICE_NAME', 'the service name if it is recognised'),
  ),
  r.bool('relaytxes', 'Whether we relay transactions to this peer'),
  r.num('last_inv_sequence', 'always 0: gossip announces'),
  r.num('inv_to_send', 'always 0: gossip announces'),
  r.time('lastsend', 'The time of the last send, Unix seconds'),
  r.time('lastrecv', 'The time of the last receive, Unix seconds'),
  r.time('last_transaction', 'always 0: not counted per peer'),
  r.time('last_block', 'always 0: not counted per peer'),
  r.num('bytessent', 'The total bytes sent'),
  r.num('bytesrecv', 'The total bytes received'),
  r.time('conntime', 'The time of the connection, Unix seconds'),
  r.num('timeoffset', 'The time offset in seconds'),
  r.opt(r.num('pingtime', 'The last ping time in seconds, if any')),
  r.opt(r.num('minping', 'The minimum observed ping time in seconds, if any')),
  r.num('version', "The peer's newest protocol version"),
  r.str('subver', 'The string version'),
  r.bool('inbound', 'Inbound (true) or Outbound (false)'),
  r.bool('bip152_hb_to', 'always false'),
  r.bool('bip152_hb_from', 'always false'),
  r.num('startingheight', 'The height of the peer when it connected'),
  r.num('presynced_headers', 'always -1'),
  r.num('synced_headers', 'always -1: not known'),
  r.num('synced_blocks', 'always -1: not known'),
  r.arr('inflight', 'always empty', r.num('n', 'The heights of blocks asked for')),
  r.bool('addr_relay_enabled', 'always false: addresses travel in the DHT'),
  r.num('addr_processed', 'always 0'),
  r.num('addr_rate_limited', 'always 0'),
  r.arr('permissions', 'Any special permissions that have been granted to this peer', r.str('permission_type', '')),
  r.amount('minfeefilter', 'always 0: the protocol has no fee filter'),
  r.dyn('bytessent_per_msg', 'always empty', r.num('msg', '')),
  r.dyn('bytesrecv_per_msg', 'always empty', r.num('msg', '')),
  r.str('connection_type', 'Type of connection: inbound, manual or outbound-full-relay'),
  r.str('transport_protocol_type', 'always libp2p'),
  r.str('session_id', 'always empty'),
  r.str('peerid', "The peer's libp2p id"),
  r.str('multiaddr', 'Multiaddr of the connection'),
  r.str('role', 'What the peer says it is'),
  r.num('score', 'Misbehaviour points; 100 bans'),
]);

/** Median of what peers' clocks differ from ours, in seconds. */
function timeOffset(peers: readonly PeerEntry[]): number {
  const offsets = peers.map((peer) => peer.clockOffsetMs).sort((a, b) => a - b);
  return Math.round((offsets[offsets.length >> 1] ?? 0) / 1000);
}

function networkInfo({ node, mempool, peers, transactions }: Backend & { readonly peers: PeersBackend }): JsonObject {
  const connected = peers.peers();
  const inbound = connected.filter((peer) => peer.inbound).length;
  const local = peers.addresses().map(socketAddress);
  return {
    version: CORE_VERSION,
    subversion: node.userAgent,
    protocolversion: node.protocolVersion,
    localservices: services(peers.services),
    localservicesnames: peers.serviceNames(peers.services),
    localrelay: transactions !== undefined,
    timeoffset: timeOffset(connected),
    tx_send_rate: 0,
    inv_buckets: {},
    networkactive: true,
    connections: connected.length,
    connections_in: inbound,
    connections_out: connected.length - inbound,
    networks: ['ipv4', 'ipv6'].map((name) => {
      return { name, limited: false, reachable: true, proxy: '', proxy_randomize_credentials: false };
    }),
    relayfee: new Coins(mempool?.minRelayFeeRate ?? 0n),
    incrementalfee: new Coins(mempool?.policy.incrementalFeeRate ?? 0n),
    localaddresses: local.map(({ host, port }) => ({ address: host, port, score: 1 })),
    warnings: node.warnings(),
    networkid: node.network.name,
  };
}

export const networkMethods: readonly MethodSpec[] = [
  method({
    name: 'getnetworkinfo',
    category: 'Network',
    text: 'Returns an object containing various state info regarding P2P networking.',
    params: [],
    result: [
      r.obj('', '', [
        r.num('version', 'the version of Bitcoin Core whose RPC this resembles'),
        r.str('subversion', 'the server subversion string'),
        r.num('protocolversion', 'the protocol version'),
        r.hex('localservices', 'the services we offer to the network'),
        r.arr(
          'localservicesnames',
          'the services we offer to the network, in human-readable form',
          r.str('SERVICE_NAME', 'the service name'),
        ),
        r.bool('localrelay', 'true if transaction relay is requested from peers'),
        r.num('timeoffset', 'the time offset'),
        r.num('tx_send_rate', 'always 0: gossip has no such limit'),
        r.dyn('inv_buckets', 'always empty', r.any('', '')),
        r.num('connections', 'the total number of connections'),
        r.num('connections_in', 'the number of inbound connections'),
        r.num('connections_out', 'the number of outbound connections'),
        r.bool('networkactive', 'whether p2p networking is enabled'),
        r.arr(
          'networks',
          'information per network',
          r.obj('', '', [
            r.str('name', 'network (ipv4, ipv6)'),
            r.bool('limited', 'is the network limited using -onlynet?'),
            r.bool('reachable', 'is the network reachable?'),
            r.str('proxy', '("host:port") the proxy that is used for this network, or empty if none'),
            r.bool('proxy_randomize_credentials', 'Whether randomized credentials are used'),
          ]),
        ),
        r.amount('relayfee', 'minimum relay fee rate for transactions in coins/kvB'),
        r.amount('incrementalfee', 'minimum fee rate increment for mempool limiting or replacement in coins/kvB'),
        r.arr(
          'localaddresses',
          'list of local addresses',
          r.obj('', '', [
            r.str('address', 'network address'),
            r.num('port', 'network port'),
            r.num('score', 'relative score'),
          ]),
        ),
        r.arr('warnings', 'any network and blockchain warnings', r.str('', 'warning')),
        r.str('networkid', "Cairn's own name of the network"),
      ]),
    ],
    needs: ['peers'],
    run: (_args, { backend }) => networkInfo(backend),
  }),
  method({
    name: 'getpeerinfo',
    category: 'Network',
    text: 'Returns data about each connected network peer as a json array of objects.',
    params: [],
    result: [r.arr('', '', peerShape)],
    needs: ['peers'],
    run: (_args, { backend: { peers } }) => peers.peers().map((peer) => peerJson(peers, peer)),
  }),
  method({
    name: 'getconnectioncount',
    category: 'Network',
    text: 'Returns the number of connections to other nodes.',
    params: [],
    result: [r.num('', 'The connection count')],
    needs: ['peers'],
    run: (_args, { backend: { peers } }) => peers.peers().length,
  }),
  method({
    name: 'getnettotals',
    category: 'Network',
    text: 'Returns information about network traffic, including bytes in, bytes out,\nand current system time.',
    params: [],
    result: [
      r.obj('', '', [
        r.num('totalbytesrecv', 'Total bytes received'),
        r.num('totalbytessent', 'Total bytes sent'),
        r.time('timemillis', 'Current system time, Unix milliseconds'),
        r.obj('uploadtarget', '', [
          r.num('timeframe', 'Length of the measuring timeframe in seconds'),
          r.num('target', 'Target in bytes'),
          r.bool('target_reached', 'True if target is reached'),
          r.bool('serve_historical_blocks', 'True if serving historical blocks'),
          r.num('bytes_left_in_cycle', 'Bytes left in current time cycle'),
          r.num('time_left_in_cycle', 'Seconds left in current time cycle'),
        ]),
      ]),
    ],
    needs: ['peers'],
    run(_args, { backend: { peers, node } }) {
      const { bytesReceived, bytesSent } = peers.totals();
      return {
        totalbytesrecv: bytesReceived,
        totalbytessent: bytesSent,
        timemillis: node.clock.nowMs(),
        uploadtarget: {
          timeframe: 86_400,
          target: 0,
          target_reached: false,
          serve_historical_blocks: true,
          bytes_left_in_cycle: 0,
          time_left_in_cycle: 0,
        },
      };
    },
  }),
  method({
    name: 'getpeerid',
    category: 'Cairn',
    text: "Returns this node's libp2p peer id and the multiaddrs others can dial.",
    params: [],
    result: [
      r.obj('', '', [
        r.str('peerid', 'The peer id'),
        r.arr('addresses', 'Multiaddrs, each with /p2p/ and the peer id', r.str('', 'multiaddr')),
      ]),
    ],
    needs: ['peers'],
    run: (_args, { backend: { peers } }) => ({ peerid: peers.key, addresses: peers.addresses() }),
  }),
];
