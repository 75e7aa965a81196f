/** The parts of a URL that a request needs; a `URL` puts them together anew each time it is asked. */
export type Address = Pick<URL, 'origin' | 'pathname' | 'search'>;

/** Addresses made before: there are as many as providers times wires. */
const known = new Map<string, Address>();
const most_known = 1_000;

/** The address of a path below a provider's base URL. What a caller wrote behind the path is not kept. */
export function addressOf(base_url: string, path: string): Address {
  const text = base_url.replace(/\/+$/, '') + path;
  const found = known.get(text);
  if (found) return found;
  const { origin, pathname, search } = new URL(text);
  const address = { origin, pathname, search };
  if (search === '' && known.size < most_known) known.set(text, address);
  return address;
}
