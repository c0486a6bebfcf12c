/** Which IP addresses are on the public internet: everything that RFC 6890 and its kin set aside is refused, whatever clothes it wears. */
import { BlockList, isIP } from 'node:net';

const v4 = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  v4.addSubnet(net, bits, 'ipv4');

/** 2000::/3 is what has been given out; within it, tunnels that carry an IPv4 address and documentation are not the internet. */
const v6Public = new BlockList();
v6Public.addSubnet('2000::', 3, 'ipv6');
const v6 = new BlockList();
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  v6.addSubnet(net, bits, 'ipv6');

/** False for anything that is not plainly a public unicast address, mapped and translated forms included. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !v4.check(address, 'ipv4');
  return isIP(address) === 6 && !address.includes('%') && v6Public.check(address, 'ipv6') && !v6.check(address, 'ipv6');
}
