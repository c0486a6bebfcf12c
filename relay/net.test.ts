import { describe, expect, it } from 'vitest';
import { clientAddress, networkOf } from './net.ts';

describe('BAD-27 who is calling', () => {
  it.each([
    ['nobody is believed without a declared proxy', '198.51.100.7', '10.0.0.1', 0, '198.51.100.7'],
    ['one proxy: its own entry, the right-most', '10.0.0.9', '1.1.1.1, 2.2.2.2, 203.0.113.5', 1, '203.0.113.5'],
    ['two proxies: the second from the right', '10.0.0.9', '1.1.1.1, 203.0.113.5, 10.0.0.8', 2, '203.0.113.5'],
    ['fewer entries than proxies: the left-most there is', '10.0.0.9', '203.0.113.5', 3, '203.0.113.5'],
    ['two hundred entries of lies change nothing', '10.0.0.9', `${'6.6.6.6, '.repeat(200)}203.0.113.5`, 1, '203.0.113.5'],
    ['garbage: the connection itself', '10.0.0.9', 'unknown', 1, '10.0.0.9'],
    ['an address with a port is garbage', '10.0.0.9', '203.0.113.5:80', 1, '10.0.0.9'],
    ['an empty header', '10.0.0.9', '', 1, '10.0.0.9'],
    ['an IPv6 client', '10.0.0.9', '2001:db8::7', 1, '2001:db8::7'],
    ['IPv4 inside IPv6 is IPv4', '::ffff:198.51.100.7', null, 0, '198.51.100.7'],
  ])('%s', (_name, peer, forwarded, trust, address) => expect(clientAddress(peer, forwarded, trust)).toBe(address));

  it.each([
    ['198.51.100.7', '198.51.100.0/24'],
    ['198.51.100.250', '198.51.100.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', 'unknown'],
    ['garbage', 'unknown'],
  ])('limits count %s as %s', (address, network) => expect(networkOf(address)).toBe(network));
});
