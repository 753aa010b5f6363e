import * as z from 'zod/mini';
import { isAnnounceAddress, isListenAddress, isSeedAddress } from './multiaddrText.ts';
import { decimal, integer, list, type Option, text, toggle } from './option.ts';

export const ROLES = ['full', 'miner', 'light'] as const;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** Default ports, all below the ephemeral range. A network file may name others. */
export const PORTS = { p2p: 18444, ws: 18445, rpc: 18443, ops: 18446 } as const;

/** Listeners on every interface: TCP for nodes, WebSocket for browsers. */
export function listenOn(host: string, p2p: number, ws: number): string[] {
  return [`/ip4/${host}/tcp/${p2p}`, `/ip4/${host}/tcp/${ws}/ws`];
}

const listenAddress = z.string().check(z.refine(isListenAddress));
const announceAddress = z.string().check(z.refine(isAnnounceAddress));
const assumedCoins = z.string().check(z.regex(/^[1-9][0-9]{0,8}(:[0-9a-f]{64}){2}:[1-9][0-9]{0,14}$/));
const seed = z.string().check(z.refine(isSeedAddress));
const address = z.string().check(z.regex(/^[0-9a-zA-Z]{20,100}$/));
const host = z.string().check(z.regex(/^[0-9A-Za-z.:_-]{1,253}$/));
const cidr = z.string().check(z.regex(/^[0-9a-fA-F.:]+(\/\d{1,3})?$/));
const rpcAuth = z.string().check(z.regex(/^[^:\s]+:[^$\s]+\$[0-9a-fA-F]{64}$/));
const whitelist = z.string().check(z.regex(/^[^:\s]+:[a-z0-9_]+(,[a-z0-9_]+)*$/));
const name = z.string().check(z.regex(/^[\x21-\x7e]{1,64}$/));
const path = z.string().check(z.minLength(1));
const assumedBlock = z.string().check(z.regex(/^(|0|[0-9a-fA-F]{64})$/));
const hexNumber = z.string().check(z.regex(/^(|(0x)?[0-9a-fA-F]{1,64})$/));

const port = (value: number, help: string, extra: { common?: boolean } = {}) =>
  integer({ min: 0, max: 65535, default: value, help: `${help} (0: any free one)`, ...extra });

/**
 * Every option of a node, once. The key is the TOML key; the environment variable is CAIRN_ and the key in capitals with
 * underscores; the flag is the key with dashes unless the row names a shorter one.
 */
export const OPTIONS = {
  role: text({
    schema: z.enum(ROLES),
    expects: 'one of full, miner, light',
    default: 'full',
    argumentName: 'full|miner|light',
    help: 'full: keeps and verifies everything; miner: a full node that makes blocks; light: headers and proofs only',
    common: true,
  }),
  network: text({
    schema: path,
    expects: 'a network name or the path of a network file',
    default: 'regtest',
    argumentName: 'NAME|FILE',
    help: 'regtest, cairn-devnet, or the path of a JSON network file',
    common: true,
    file: 'if-path',
  }),
  datadir: text({
    schema: path,
    expects: 'a path',
    default: '~/.cairn',
    argumentName: 'DIR',
    help: 'directory of this node: chain, keys, cookie. It belongs to one network',
    common: true,
    file: 'always',
  }),
  group: text({
    schema: name,
    expects: 'up to 64 printable characters without spaces',
    default: 'default',
    help: 'network group: nodes of another group are refused, so two development networks on one LAN never merge',
    common: true,
  }),
  seeds: list({
    item: seed,
    expects: 'a list of multiaddrs that end in /p2p/PEER_ID',
    default: [],
    argumentName: 'MULTIADDR',
    help: 'nodes to ask first for other nodes',
    flag: 'seed',
    common: true,
  }),
  min_free_mb: integer({
    min: 0,
    max: 1_000_000_000,
    default: 50,
    argumentName: 'MB',
    help: 'disk space to leave free, in 10^6 bytes: below it the node takes no blocks until there is more; 0: use it up',
  }),
  txindex: toggle({ default: true, help: 'index transactions by id, so that getrawtransaction finds confirmed ones' }),
  dbcache: integer({
    min: 4,
    max: 16_000,
    default: 450,
    argumentName: 'MB',
    help: 'memory for coins that blocks made or spent, in 10^6 bytes: more makes the first download faster',
  }),
  prune: {
    kind: 'integer',
    schema: z.int().check(z.refine((n) => n === 0 || n === 1 || (n >= 550 && n <= 100_000_000))),
    expects: '0 (keep all blocks), 1 (delete when told over RPC) or at least 550 (MiB to keep)',
    default: 0,
    argumentName: 'MIB',
    help: 'delete old block files when all take more than this; 1: only by pruneblockchain; switches txindex off',
  },
  block_file_kb: integer({
    min: 64,
    max: 131_072,
    default: undefined,
    argumentName: 'KIB',
    help: 'size of a block or undo file, which pruning deletes as a whole; default 131072, with prune 16384',
  }),
  par: integer({
    min: 0,
    max: 64,
    default: 0,
    argumentName: 'THREADS',
    help: 'threads that verify scripts; 0: one per core, 1: none beside the node itself',
  }),

  assumevalid: text({
    schema: assumedBlock,
    expects: 'a block hash of 64 hex digits, or 0',
    default: '',
    argumentName: 'HASH',
    help: 'do not run the scripts of this block and its ancestors; 0: run all. Default: what the network file says',
  }),
  minimumchainwork: text({
    schema: hexNumber,
    expects: 'up to 64 hex digits',
    default: '',
    argumentName: 'HEX',
    help: "work below which no chain is taken to be the network's. Default: what the network file says",
  }),
  assumeutxo: list({
    item: assumedCoins,
    expects: 'a list of HEIGHT:BLOCKHASH:COINSHASH:TRANSACTIONS',
    default: [],
    argumentName: 'SNAPSHOT',
    help: 'snapshots that loadtxoutset may load, as HEIGHT:BLOCKHASH:COINSHASH:TRANSACTIONS, beside those of the network file',
  }),

  'p2p.listen': list({
    item: listenAddress,
    expects: 'a list of multiaddrs such as /ip4/0.0.0.0/tcp/18444 or /ip6/::/tcp/18445/ws',
    default: listenOn('0.0.0.0', PORTS.p2p, PORTS.ws),
    argumentName: 'MULTIADDR',
    help: 'where to listen for nodes; an empty list only dials out',
    flag: 'listen',
    common: true,
  }),
  'p2p.announce': list({
    item: announceAddress,
    expects: 'a list of multiaddrs such as /ip4/192.0.2.10/tcp/18444 or /dns4/node.example/tcp/443/wss',
    default: [],
    argumentName: 'MULTIADDR',
    help: 'addresses to tell others instead of the listening ones, for a node behind NAT',
    flag: 'announce',
  }),
  'p2p.key_file': text({
    schema: z.optional(path),
    expects: 'a path',
    default: undefined,
    argumentName: 'FILE',
    help: 'the key that makes the peer id; default: node.key in the data directory, made at the first start',
    file: 'always',
  }),
  'p2p.max_peers': integer({
    min: 1,
    max: 1000,
    default: 64,
    help: 'connections at most, both ways',
    flag: 'max-peers',
  }),
  'p2p.target_outbound': integer({
    min: 0,
    max: 100,
    default: 8,
    help: 'connections to keep by dialling out',
    flag: 'target-outbound',
  }),
  'p2p.max_per_ip': integer({
    min: 1,
    max: 1000,
    default: 32,
    help: 'inbound connections from one address at most',
  }),
  'p2p.mdns': toggle({ default: false, help: 'find nodes of the same network on this LAN', flag: 'mdns' }),
  'p2p.min_light_peers': integer({
    min: 1,
    max: 16,
    default: undefined,
    help: 'peers a light node compares; default: 2 on development networks, 3 otherwise. Fewer come with a warning',
  }),
  'p2p.ban_seconds': integer({
    min: 1,
    max: 31_536_000,
    default: 86_400,
    help: 'how long a misbehaving peer is refused',
  }),

  'rpc.enabled': toggle({ default: true, help: 'serve JSON-RPC' }),
  'rpc.bind': text({
    schema: host,
    expects: 'a host name or IP address',
    default: '127.0.0.1',
    argumentName: 'IP',
    help: 'address of the JSON-RPC listener; beyond this machine it needs rpc.auth and rpc.allow_ip',
  }),
  'rpc.port': port(PORTS.rpc, 'port of JSON-RPC', { common: true }),
  'rpc.auth': list({
    item: rpcAuth,
    expects: 'a list of USER:SALT$HMAC lines as rpcauth of Bitcoin Core',
    default: [],
    help: 'users beside the cookie, as USER:SALT$HMAC_SHA256',
    separator: ' ',
  }),
  'rpc.allow_ip': list({
    item: cidr,
    expects: 'a list of IP addresses or ranges such as 10.0.0.0/8',
    default: [],
    help: 'who may connect when rpc.bind is not loopback',
  }),
  'rpc.whitelist': list({
    item: whitelist,
    expects: 'a list of USER:method,method',
    default: [],
    help: 'methods a user may call; users without a line may call all',
    separator: ' ',
  }),
  'rpc.max_body': integer({ min: 1024, max: 1 << 30, default: 32 << 20, help: 'bytes of a request at most' }),
  'rpc.work_queue': integer({ min: 1, max: 100_000, default: 4096, help: 'requests that may wait before 503' }),

  'ops.enabled': toggle({ default: true, help: 'serve /livez /readyz /health /metrics' }),
  'ops.bind': text({
    schema: host,
    expects: 'a host name or IP address',
    default: '127.0.0.1',
    argumentName: 'IP',
    help: 'address of the health and metrics listener',
  }),
  'ops.port': port(PORTS.ops, 'port of health and metrics'),
  'ops.rest': toggle({ default: false, help: 'serve /rest/… on the health listener' }),

  'log.level': text({
    schema: z.enum(LOG_LEVELS),
    expects: `one of ${LOG_LEVELS.join(', ')}`,
    default: 'info',
    argumentName: 'LEVEL',
    help: 'info prints one line per block',
    common: true,
  }),
  'log.json': toggle({ default: false, help: 'one JSON object per line instead of text' }),

  'mempool.max_mb': integer({
    min: 5,
    max: 10_000,
    default: 300,
    help: 'memory of unconfirmed transactions, in 10^6 bytes',
  }),
  'mempool.min_fee_rate': integer({ min: 0, max: 1e8, default: 100, help: 'lowest fee, satoshi per 1000 vbytes' }),
  'mempool.expiry_hours': integer({
    min: 1,
    max: 100_000,
    default: 336,
    help: 'when an unconfirmed transaction is dropped',
  }),

  'mining.enabled': toggle({ default: true, help: 'make blocks (role miner only)' }),
  'mining.address': text({
    schema: z.optional(address),
    expects: 'an address of the network',
    default: undefined,
    argumentName: 'ADDRESS',
    help: 'where the miner is paid; a miner needs it',
    common: true,
  }),
  'mining.threads': integer({ min: 1, max: 256, default: 1, help: 'worker threads that hash' }),
  'mining.mean_delay': decimal({
    min: 0,
    max: 86_400,
    default: 5,
    help: 'regtest: mean seconds to the next block while transactions wait, drawn at random',
  }),
  'mining.idle_delay': decimal({
    min: 0,
    max: 86_400,
    default: 15,
    help: 'regtest: mean seconds to the next block while none wait',
  }),
} as const satisfies Record<string, Option>;

export type OptionKey = keyof typeof OPTIONS;
export const OPTION_KEYS = Object.keys(OPTIONS) as OptionKey[];

/** The option's row. */
export function option(key: OptionKey): Option {
  return OPTIONS[key];
}

/** CAIRN_P2P_MAX_PEERS for p2p.max_peers. */
export function envName(key: OptionKey): string {
  return `CAIRN_${key.replaceAll('.', '_').toUpperCase()}`;
}

/** max-peers for p2p.max_peers: without the dashes in front. */
export function flagName(key: OptionKey): string {
  return option(key).flag ?? key.replaceAll(/[._]/g, '-');
}
