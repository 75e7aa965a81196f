import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '@aos/core/base/error.ts';
import { nearest } from '@aos/core/base/nearest.ts';

/** The header with our prefix that every request may send. */
const of_all = ['x-aos-key'];

/** Those that say more of spans which are reported. */
const of_reports = [...of_all, 'x-aos-project'];

/** Those of the gateway; besides them, any that begins with `x-aos-meta-`. Clients send them with lists of models, too. */
const of_calls = [
  ...of_all,
  'x-aos-agent-id',
  'x-aos-actor-id',
  'x-aos-session-id',
  'x-aos-run-id',
  'x-aos-step-id',
  'x-aos-project',
  'x-aos-tags',
  'x-aos-dry-run',
];

const our_prefix = 'x-aos-';

/** Whether any header is one of ours: of most requests none is, and then nothing is to be looked at in them. */
export function hasOurs(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (name.startsWith(our_prefix)) return true;
  return false;
}

const isOfCalls = (name: string): boolean => of_calls.includes(name) || /^x-aos-meta-./.test(name);

/** Paths of the gateway, except that of spans which are reported. */
const calls_path = /^\/(?:anthropic\/)?v1\/(?!traces(?:[?]|$))/;
const reports_path = /^\/v1\/traces(?:[?]|$)/;

/** A header that would be ignored is refused: its sender believes that it does something. */
export function refuseUnknownHeaders(headers: IncomingHttpHeaders, url: string): void {
  const takes_calls = calls_path.test(url);
  const known = takes_calls ? of_calls : reports_path.test(url) ? of_reports : of_all;
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(our_prefix) || known.includes(name) || (takes_calls && isOfCalls(name))) continue;
    throw new Problem('invalid_header', `The header ${name.slice(0, 100)} ${whyNot(name, known, takes_calls)}`);
  }
}

function whyNot(name: string, known: readonly string[], takes_calls: boolean): string {
  if (isOfCalls(name)) return `is for calls of models: it would do nothing here. Read here: ${known.join(', ')}.`;
  const near = nearest(
    name.slice(6),
    of_calls.map((one) => one.slice(6)),
  );
  if (near !== null) return `is not known here. Did you mean x-aos-${near}?`;
  return `is not known here. Known are ${known.join(', ')}${takes_calls ? ' and x-aos-meta-*' : ''}.`;
}

/**
 * Repeated headers reach the server as one text ("a, b"), which would be a third name that neither sender meant: each
 * of ours comes once. `raw` is names and values in turn, as they came.
 */
export function refuseRepeatedHeaders(raw: readonly string[]): void {
  const seen = new Set<string>();
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? '';
    if (!name.startsWith(our_prefix)) continue;
    if (seen.has(name))
      throw new Problem('invalid_header', `The header ${name.slice(0, 100)} comes more than once. Send it once.`);
    seen.add(name);
  }
}

/** Forms of a path that two readers could take for different things: none of them names anything here. */
const ambiguous: readonly [RegExp, string][] = [
  [/^[^/]/, 'it does not begin with "/"'],
  [/\/\//, 'it has an empty segment ("//")'],
  [/;|%3b/i, 'it has a ";"'],
  [/\\|%2f|%5c/i, 'it has an encoded slash or a backslash'],
  [/%00|\0/, 'it has a NUL'],
  [/\/(?:\.|%2e){1,2}(?:\/|$)/i, 'it has a "." or ".." segment'],
];

/** Nearly every path: nothing in it that any of those forms needs. */
const plain_path = /^(?:\/[\w-]+)+$/;

/**
 * The rest of these paths is one name, which is compared and leads nowhere: clients of both wires encode a slash in it.
 * Everything else that is ambiguous is so with the slash decoded, too.
 */
const before_a_name = /^\/(?:anthropic\/)?v1\/models\/(?=.)/;

export function refuseAmbiguousPath(url: string): void {
  if (plain_path.test(url)) return;
  const [given = ''] = url.split('?');
  const path = before_a_name.test(given) ? given.replace(/%2f/gi, '/') : given;
  const found = ambiguous.find(([form]) => form.test(path));
  if (found) throw new Problem('not_found', `There is nothing at this path: ${found[1]}.`);
}

const json_type = /^application\/(?:[a-z0-9.+-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

/** Bodies are JSON in UTF-8. The control plane wants that said; providers' clients do not always say it. */
export function refuseOtherMediaTypes(headers: IncomingHttpHeaders, must_say: boolean): void {
  const {
    'content-length': length,
    'transfer-encoding': chunked,
    'content-type': type,
    'content-encoding': coded,
  } = headers;
  if (chunked === undefined && (length === undefined || length === '0')) return;
  if (coded !== undefined && coded.toLowerCase() !== 'identity') {
    throw new Problem(
      'unsupported_media_type',
      `The content-encoding "${coded.slice(0, 40)}" is not read here: send the body as it is.`,
    );
  }
  if (type === undefined && !must_say) return;
  if (type !== undefined && json_type.test(type.trim())) return;
  const what =
    type === undefined ? 'The body has no content-type' : `The content-type "${type.slice(0, 80)}" is not read here`;
  throw new Problem('unsupported_media_type', `${what}: send "content-type: application/json", in UTF-8.`);
}
