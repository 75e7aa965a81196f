/** Addresses made before: there are as many as providers times wires. */
const known = new Map<string, URL>();
const most_known = 1_000;

/** The address of a path below a provider's base URL. What a caller wrote behind the path is not kept. */
export function addressOf(base_url: string, path: string): URL {
  const text = base_url.replace(/\/+$/, '') + path;
  const found = known.get(text);
  if (found) return found;
  const url = new URL(text);
  if (url.search === '' && known.size < most_known) known.set(text, url);
  return url;
}
