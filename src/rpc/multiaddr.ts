/** How Bitcoin tools see the address of a connection. */
export interface SocketAddress {
  /** "1.2.3.4:18444", "[::1]:18444", or the whole multiaddr when it is of another kind. */
  readonly text: string;
  readonly host: string;
  readonly port: number;
  /** Names of getpeerinfo's `network`. */
  readonly network: 'ipv4' | 'ipv6' | 'not_publicly_routable';
}

/** Loopback, private (RFC 1918), shared (RFC 6598), link-local and unique local (RFC 4193) addresses. */
function isPrivate(host: string): boolean {
  return (
    /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
      host,
    ) || /^(::1$|fe[89ab][0-9a-f]:|f[cd][0-9a-f]{2}:)/i.test(host)
  );
}

/** Host and port of "/ip4/…/tcp/…", "/ip6/…", "/dns4/…". */
export function socketAddress(multiaddr: string): SocketAddress {
  const m = /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/(?:tcp|udp)\/(\d+)/.exec(multiaddr);
  if (m === null) return { text: multiaddr, host: multiaddr, port: 0, network: 'not_publicly_routable' };
  const [, kind, host, portText] = m as unknown as [string, string, string, string];
  const port = Number(portText);
  const sixth = kind === 'ip6' || kind === 'dns6';
  const network = isPrivate(host) ? 'not_publicly_routable' : sixth ? 'ipv6' : 'ipv4';
  return { text: kind === 'ip6' ? `[${host}]:${port}` : `${host}:${port}`, host, port, network };
}
