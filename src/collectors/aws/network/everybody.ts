import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { CollectorError } from '../../error.ts';

/** Addresses that the internet doesn't route: RFC 1918, 6598, 4193, 4291. */
const PRIVATE = new BlockList();
PRIVATE.addSubnet('10.0.0.0', 8, 'ipv4');
PRIVATE.addSubnet('172.16.0.0', 12, 'ipv4');
PRIVATE.addSubnet('192.168.0.0', 16, 'ipv4');
PRIVATE.addSubnet('100.64.0.0', 10, 'ipv4');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/**
 * By family: the shortest prefix that one holder was given may be somebody's own; whatever is larger holds strangers. IANA's largest IPv4
 * allocations are /8, and registries give no one a larger IPv6 block than a /16.
 */
const FAMILIES = {
  ipv4: { bits: 32, widest: 8 },
  ipv6: { bits: 128, widest: 16 },
} as const;
type Family = keyof typeof FAMILIES;

/**
 * Whether ranges of addresses (CIDR) mean everybody: together they hold at least twice as many public addresses of a family as any one
 * holder has (an IPv4 /7, an IPv6 /15). So 0.0.0.0/0 does, and each of 0.0.0.0/1 and 128.0.0.0/1, and 2000::/3. Overlaps count twice.
 * Throws `malformed`, naming `where`.
 */
export function meansEverybody(ranges: readonly string[], where: string): boolean {
  const share: Record<Family, number> = { ipv4: 0, ipv6: 0 };
  for (const range of ranges) {
    const { family, length, inner } = parse(range, where);
    if (!inner) share[family] += 2 ** -length;
  }
  return (['ipv4', 'ipv6'] as const).some((family) => share[family] >= 2 ** (1 - FAMILIES[family].widest));
}

function parse(range: string, where: string): { family: Family; length: number; inner: boolean } {
  const [address = '', bits = ''] = range.split('/');
  const family: Family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const length = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (!(isIPv4(address) || isIPv6(address)) || !(length <= FAMILIES[family].bits))
    throw new CollectorError(
      'malformed',
      `${where}: expected a range of addresses, got ${JSON.stringify(range)}`,
    );
  // A range that is wider than any private one starts in it, but does not lie in it.
  const inner = length >= (family === 'ipv4' ? 8 : 7) && PRIVATE.check(address, family);
  return { family, length, inner };
}

/** Whether the internet may know the address; one of the private ranges it does not. */
export function isPublic(address: string): boolean {
  return !PRIVATE.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
