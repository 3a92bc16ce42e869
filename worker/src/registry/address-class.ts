import { BlockList, isIP } from 'node:net';

/** `inner`: private, link-local and otherwise not of the public internet. */
export type AddressClass = 'loopback' | 'inner' | 'public';

/** Of an IP address as text; IPv4 mapped into IPv6 counts as IPv4. */
export function addressClass(address: string): AddressClass {
  const plain = withoutBrackets(address);
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (loopback.check(plain, family)) return 'loopback';
  return inner.check(plain, family) ? 'inner' : 'public';
}

/** By its name alone: the host part of an address, with or without port. */
export function isLoopbackHost(host: string): boolean {
  const name = withoutBrackets(host.replace(/:\d+$/, ''));
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    (isIP(name) !== 0 && addressClass(name) === 'loopback')
  );
}

/** URLs write IPv6 addresses in brackets. */
export const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, '');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

// RFC 6890 and its updates: addresses that no stranger's registry has a reason to send us to.
const inner = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  inner.addSubnet(net, prefix, 'ipv4');
}
inner.addAddress('::', 'ipv6');
inner.addSubnet('fc00::', 7, 'ipv6');
inner.addSubnet('fe80::', 10, 'ipv6');
inner.addSubnet('ff00::', 8, 'ipv6');
