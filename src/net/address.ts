import { isPrivateIp } from '@libp2p/utils';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';

/**
 * The multiaddr of what a person may type: a multiaddr, `host:port` or `[ipv6]:port`. Throws RangeError with the reason.
 */
export function parseAddress(text: string): Multiaddr {
  if (text.startsWith('/')) {
    try {
      return multiaddr(text);
    } catch (error) {
      throw new RangeError(`${text} is not a multiaddr: ${(error as Error).message}`);
    }
  }
  const m = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]{1,253})):(\d{1,5})$/.exec(text);
  const port = Number(m?.[3]);
  if (m === null || port < 1 || port > 65535)
    throw new RangeError(`${JSON.stringify(text)} is neither a multiaddr nor host:port`);
  const host = (m[1] ?? m[2]) as string;
  const kind = m[1] !== undefined ? 'ip6' : /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 'ip4' : 'dns';
  try {
    return multiaddr(`/${kind}/${host}/tcp/${port}`);
  } catch (error) {
    throw new RangeError(`${text}: ${(error as Error).message}`);
  }
}

/** The peer id at the end of a multiaddr, if it names one. */
export function peerIdOf(address: Multiaddr): string | undefined {
  return address.getComponents().findLast((c) => c.name === 'p2p')?.value;
}

/** The multiaddr with /p2p/ at its end. */
export function withPeerId(address: Multiaddr, key: string): Multiaddr {
  return peerIdOf(address) === undefined ? address.encapsulate(`/p2p/${key}`) : address;
}

/** The IP address of a multiaddr; IPv4-mapped IPv6 as IPv4. Undefined for names. */
export function ipOf(address: Multiaddr): string | undefined {
  const ip = address.getComponents().find((c) => c.name === 'ip4' || c.name === 'ip6')?.value;
  return ip === undefined ? undefined : (mappedIp4(ip) ?? ip);
}

/** The IPv4 address inside ::ffff:a.b.c.d, however it is written. */
function mappedIp4(ip: string): string | undefined {
  const m = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(ip);
  if (m === null || m[1] !== undefined) return m?.[1];
  const [high, low] = [Number.parseInt(m[2] as string, 16), Number.parseInt(m[3] as string, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}

/** An address that leads whoever dials it back to his own machine: loopback, localhost, and 0.0.0.0 or :: as a target. */
export function isSelfReferring(address: Multiaddr): boolean {
  const ip = ipOf(address);
  if (ip !== undefined) return isLoopback(ip) || ip === '0.0.0.0' || ip === '::';
  const name = address.getComponents().find((c) => c.name.startsWith('dns'))?.value;
  return name !== undefined && /^(.*\.)?localhost\.?$/i.test(name);
}

/** What others are told of our listen addresses: loopback only when there is nothing else. */
export function worthAnnouncing(addresses: Multiaddr[]): Multiaddr[] {
  const others = addresses.filter((a) => !isSelfReferring(a));
  return others.length > 0 ? others : addresses;
}

/** Loopback, private and link-local ranges: addresses that several nodes may share or that mean nothing elsewhere. */
export function isLocal(ip: string): boolean {
  return isLoopback(ip) || isPrivateIp(ip) === true;
}

/** What one owner holds many of: an IPv4 address, an IPv6 /64. */
export function ownerOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [head = '', tail] = ip.split('::', 2);
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((g) => Number.parseInt(g, 16).toString(16))
    .join(':')}::/64`;
}
