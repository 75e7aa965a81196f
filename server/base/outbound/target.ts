import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { OutboundFailure } from './failure.ts';
import { mayReach, type Reach } from './reach.ts';

/** All addresses of a host name. Rejects when there are none. */
export type Resolve = (host: string) => Promise<Address[]>;

export interface Address {
  address: string;
  family: number;
}

/** As the machine resolves names, its hosts file included. */
export const resolveName: Resolve = (host) => lookup(host, { all: true, verbatim: true });

const longest_url = 2_000;

/**
 * Parses an address that somebody entered. The parser of URLs reads every spelling of an IPv4 address (decimal, octal,
 * hexadecimal, short, in letters of other scripts) as a connection would, so that what is checked is what is reached.
 *
 * @throws OutboundFailure when it is no http or https URL, carries a user, or names an address that may not be reached.
 */
export function parseTarget(reach: Reach, text: string): URL {
  const url = text.length <= longest_url && URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new OutboundFailure('refused', `it is no http or https URL of at most ${longest_url} characters`);
  if (url.username !== '' || url.password !== '')
    throw new OutboundFailure('refused', 'a URL with a user or password in it is not called');
  const host = bareHost(url);
  if (host === '') throw new OutboundFailure('refused', 'it names no host');
  if (isIP(host) !== 0) refusePrivate(reach, host, [host]);
  return url;
}

/**
 * The addresses to connect to. They are asked for once, and all of them must be allowed: a name with one public and one
 * private address is refused, and whoever connects uses these and asks no more, so that a second answer changes nothing.
 *
 * @throws OutboundFailure
 */
export async function pinTarget(reach: Reach, url: URL, resolve: Resolve): Promise<Address[]> {
  const host = bareHost(url);
  const family = isIP(host);
  if (family !== 0) {
    refusePrivate(reach, host, [host]);
    return [{ address: host, family }];
  }
  const addresses = await resolve(host).catch(() => []);
  if (addresses.length === 0) throw new OutboundFailure('unreachable', `the name ${host} has no address`);
  refusePrivate(
    reach,
    host,
    addresses.map((of) => of.address),
  );
  return addresses;
}

const bareHost = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();

/** The answer does not repeat what a name resolved to: it would tell a stranger about the network. */
function refusePrivate(reach: Reach, host: string, addresses: readonly string[]): void {
  if (addresses.every((address) => mayReach(reach, host, address))) return;
  throw new OutboundFailure(
    'refused',
    `${host} is no address of the public internet. An administrator allows others with AOS_OUTBOUND_ALLOW`,
  );
}
