import * as z from 'zod/mini';

/**
 * Multiaddrs as people write them, judged without libp2p: commands that only read the configuration stay fast. What
 * passes here starts with a host and a TCP port that exist, as the transports of a node (TCP, WebSocket) need them.
 */

const IP4 = z.ipv4();
const IP6 = z.ipv6();
const DNS_NAME = /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/;
/** Base58 of a multihash: Ed25519 and secp256k1 keys in full, RSA keys hashed. */
const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]{40,64}$/;

function isHost(kind: string | undefined, value: string): boolean {
  if (kind === 'ip4') return IP4.safeParse(value).success;
  if (kind === 'ip6') return IP6.safeParse(value).success;
  return (kind === 'dns' || kind === 'dns4' || kind === 'dns6') && value.length <= 253 && DNS_NAME.test(value);
}

/** What may follow host and port: nothing, or WebSocket with or without TLS, which a proxy may add. */
const TRANSPORTS = ['', 'ws', 'wss', 'tls/ws'];

interface Parts {
  readonly host: string;
  readonly port: number;
  /** "", "ws", … */
  readonly transport: string;
  readonly peerId: string | undefined;
}

/** Undefined when the text is no multiaddr of a TCP or WebSocket listener. */
function parse(text: string): Parts | undefined {
  const [empty, kind, value = '', tcp, port = '', ...rest] = text.split('/');
  if (empty !== '' || tcp !== 'tcp' || !isHost(kind, value)) return undefined;
  if (!/^(0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65535) return undefined;
  const peerId = rest.at(-2) === 'p2p' ? rest.splice(-2)[1] : undefined;
  if (peerId !== undefined && !PEER_ID.test(peerId)) return undefined;
  const transport = rest.join('/');
  if (!TRANSPORTS.includes(transport) || (rest.length > 0 && transport === '')) return undefined;
  return { host: kind as string, port: Number(port), transport, peerId };
}

/** An address to listen on: IP, port (0: any free one), optional /ws. */
export function isListenAddress(text: string): boolean {
  const parts = parse(text);
  if (parts === undefined || parts.peerId !== undefined) return false;
  return parts.host.startsWith('ip') && (parts.transport === '' || parts.transport === 'ws');
}

/** An address to tell others. */
export function isAnnounceAddress(text: string): boolean {
  const parts = parse(text);
  return parts !== undefined && parts.port > 0;
}

/** An address to dial that says whom to expect there: it ends in /p2p/PEER_ID. */
export function isSeedAddress(text: string): boolean {
  const txt = /^\/dnsaddr\/([^/]+)\/p2p\/([^/]+)$/.exec(text);
  if (txt !== null) return isHost('dns', txt[1]!) && PEER_ID.test(txt[2]!);
  const parts = parse(text);
  return parts !== undefined && parts.port > 0 && parts.peerId !== undefined;
}
