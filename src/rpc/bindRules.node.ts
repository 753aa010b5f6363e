import { BlockList, isIP } from 'node:net';

/** "::ffff:1.2.3.4" as "1.2.3.4"; anything else unchanged. */
function plainIp(address: string): string {
  const m = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return m === null ? address : (m[1] as string);
}

const familyOf = (ip: string): 'ipv4' | 'ipv6' => (isIP(ip) === 6 ? 'ipv6' : 'ipv4');

/** Adds an address, CIDR network (10.0.0.0/8) or dotted netmask (10.0.0.0/255.0.0.0). False when it is none. */
function addRange(list: BlockList, text: string): boolean {
  const [ip, suffix, more] = text.split('/') as [string, string?, string?];
  const version = isIP(ip);
  if (version === 0 || more !== undefined) return false;
  const family = familyOf(ip);
  if (suffix === undefined) {
    list.addAddress(ip, family);
    return true;
  }
  let bits = /^\d{1,3}$/.test(suffix) ? Number(suffix) : -1;
  if (bits < 0 && version === 4 && isIP(suffix) === 4) {
    const mask = suffix
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
    bits = /^1*0*$/.test(mask) ? mask.replaceAll('0', '').length : -1;
  }
  if (bits < 0 || bits > (version === 4 ? 32 : 128)) return false;
  list.addSubnet(ip, bits, family);
  return true;
}

/** Which addresses may connect: loopback always, others by the list of addresses and networks. Throws on a bad entry. */
export class AllowList {
  readonly #list = new BlockList();
  readonly #own: number;

  constructor(entries: readonly string[]) {
    this.#list.addSubnet('127.0.0.0', 8, 'ipv4');
    this.#list.addAddress('::1', 'ipv6');
    for (const entry of entries) {
      if (!addRange(this.#list, entry)) {
        throw new RangeError(`${JSON.stringify(entry)} is no IP address, CIDR network or network/netmask`);
      }
    }
    this.#own = entries.length;
  }

  get empty(): boolean {
    return this.#own === 0;
  }

  allows(address: string | undefined): boolean {
    if (address === undefined) return false;
    const ip = plainIp(address);
    return isIP(ip) !== 0 && this.#list.check(ip, familyOf(ip));
  }
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(plainIp(host));
}
