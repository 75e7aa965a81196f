import ipaddr from 'ipaddr.js';

/** What may be reached besides the public internet, as an administrator configured it. */
export interface Reach {
  /** Host names, in lower case and without a dot at their end: whatever addresses they have. */
  hosts: ReadonlySet<string>;
  ranges: readonly Range[];
}

type Range = [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** Host names, addresses and CIDR ranges with commas between them; null when one of them is none of these. */
export function parseReach(text: string): Reach | null {
  const hosts = new Set<string>();
  const ranges: Range[] = [];
  for (const entry of text.split(',').map((part) => part.trim().toLowerCase())) {
    if (entry === '') continue;
    const range = rangeOf(entry);
    if (range) ranges.push(range);
    else if (isName(entry)) hosts.add(entry.replace(/\.$/, ''));
    else return null;
  }
  return { hosts, ranges };
}

/** The same, and one more host or address, as a URL names it. */
export function withHost(reach: Reach, hostname: string): Reach {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const range = rangeOf(host);
  return range
    ? { ...reach, ranges: [...reach.ranges, range] }
    : { ...reach, hosts: new Set([...reach.hosts, host.replace(/\.$/, '')]) };
}

function rangeOf(entry: string): Range | null {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
  if (ipaddr.IPv4.isValidFourPartDecimal(entry)) return [ipaddr.parse(entry), 32];
  return entry.includes(':') && ipaddr.IPv6.isValid(entry) ? [ipaddr.parse(entry), 128] : null;
}

/** A label at the end that begins with a digit would be read as a part of an IPv4 address. */
const isName = (entry: string): boolean =>
  /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/.test(entry);

/** Whether a host under this name may be reached at this address. */
export function mayReach(reach: Reach, host: string, address: string): boolean {
  if (reach.hosts.has(host.replace(/\.$/, '')) || isPublic(address)) return true;
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  return reach.ranges.some(([start, bits]) => start.kind() === parsed.kind() && parsed.match(start, bits));
}

/** Global unicast (RFC 4291): what embeds IPv4 addresses (mapped, compatible, NAT64) or is local stands outside. */
const global_unicast = ipaddr.IPv6.parse('2000::');
const global_unicast_bits = 3;

/** Public by its number, but answered by the host of the virtual machine: the platform of Azure. */
const hosts_of_machines = ['168.63.129.16'];

/** Documentation (RFC 9637), later than the tables of the library. */
const documentation = ipaddr.IPv6.parse('3fff::');
const documentation_bits = 20;

/**
 * Whether an address is one of the public internet, and nothing else: no private, loopback, link-local, shared,
 * multicast or reserved range, and no form of IPv6 that leads to an IPv4 address.
 */
function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address) || hosts_of_machines.includes(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  if (!(parsed instanceof ipaddr.IPv6)) return true;
  if (parsed.zoneId !== undefined || parsed.match(documentation, documentation_bits)) return false;
  return parsed.match(global_unicast, global_unicast_bits);
}
