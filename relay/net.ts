/** Who is calling: the address of the far end, or what a declared number of proxies say; and the network that limits count. */
import { isIP } from 'node:net';

const V4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * `peer`: the TCP far end. `forwarded`: `X-Forwarded-For` as it came, read only from the right and only as many hops as `trustProxy`
 * declares, so that what a client writes into it counts for nothing.
 */
export function clientAddress(peer: string, forwarded: string | null, trustProxy: number): string {
  if (trustProxy > 0 && forwarded !== null) {
    const hops = forwarded.slice(-4096).split(',');
    const hop = (hops.at(-Math.min(trustProxy, hops.length)) ?? '').trim();
    if (isIP(hop) !== 0) return plain(hop);
  }
  return plain(peer);
}

const plain = (address: string): string => V4_MAPPED.exec(address)?.[1] ?? address;

/** /24 of IPv4, /64 of IPv6: what one subscriber usually holds. */
export function networkOf(address: string): string {
  if (isIP(address) === 4) return `${address.split('.').slice(0, 3).join('.')}.0/24`;
  if (isIP(address) !== 6) return 'unknown';
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? left : [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((g) => Number.parseInt(g, 16).toString(16))
    .join(':')}::/64`;
}
