import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '@aos/core/base/error.ts';
import { isIdOf } from '@aos/core/base/id.ts';
import type { Claims } from '../govern/asked.ts';
import { hasOurs } from '../http/request-form.ts';
import { readTraceparent } from '../otlp/trace-context.ts';

const longest_name = 256;
/** Visible characters: what can stand in a list, a URL and a log line without surprises. */
const name_shape = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

const nothing_claimed: Claims = {
  agent: null,
  actor: null,
  session: null,
  run_id: null,
  parent_step_id: null,
  project: null,
  traceparent: null,
  tags: {},
  dry_run: false,
};

/** What the `x-aos-*` headers of a call claim. Wrong ones are refused: a claim that is ignored would mislead. */
export function claimsOf(headers: IncomingHttpHeaders): Claims {
  const traceparent = readTraceparent(headers.traceparent) === null ? null : textIn(headers, 'traceparent');
  if (!hasOurs(headers)) return { ...nothing_claimed, traceparent, tags: {} };
  return {
    agent: oneNameIn(headers, 'x-aos-agent-id'),
    actor: oneNameIn(headers, 'x-aos-actor-id'),
    session: nameIn(headers, 'x-aos-session-id'),
    run_id: oneNameIn(headers, 'x-aos-run-id'),
    parent_step_id: stepIn(headers),
    project: oneNameIn(headers, 'x-aos-project'),
    traceparent,
    tags: Object.assign(tagsIn(headers), metaIn(headers)),
    dry_run: flagIn(headers, 'x-aos-dry-run'),
  };
}

function textIn(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  return (Array.isArray(value) ? value.join(',') : value).trim();
}

function nameIn(headers: IncomingHttpHeaders, name: string): string | null {
  const text = textIn(headers, name);
  if (text === null) return null;
  if (text.length <= longest_name && name_shape.test(text)) return text;
  throw new Problem('invalid_header', `${name} must be 1 to ${longest_name} visible ASCII characters.`);
}

/** An id or a slug, neither of which has a comma: what came twice on its way here was made one value with one. */
function oneNameIn(headers: IncomingHttpHeaders, name: string): string | null {
  const text = nameIn(headers, name);
  if (!text?.includes(',')) return text;
  throw new Problem(
    'invalid_header',
    `${name} must name one, not "${text.slice(0, 80)}": a client or a proxy made one header of several. Send it once.`,
  );
}

/** A step may still be under way when another is made in it, so its form is checked and not whether it is written. */
function stepIn(headers: IncomingHttpHeaders): string | null {
  const text = textIn(headers, 'x-aos-step-id');
  if (text === null || isIdOf('step', text)) return text;
  throw new Problem(
    'invalid_header',
    `x-aos-step-id must be the id of the step in which the call is made (stp_… as GET /api/v1/runs/{id}/steps shows it), not "${text.slice(0, 40)}".`,
  );
}

function flagIn(headers: IncomingHttpHeaders, name: string): boolean {
  const text = textIn(headers, name);
  if (text === null || text === '0' || text === 'false') return false;
  if (text === '1' || text === 'true') return true;
  throw new Problem('invalid_header', `${name} must be 1 or 0, not "${text.slice(0, 40)}".`);
}

const tags_max = 32;
/** `__proto__` is a key like any other where it is written, and none to those who read it as JavaScript. */
const tag_shape =
  /^((?!__proto__=)[A-Za-z0-9_.-]{1,64})=([\x21-\x2b\x2d-\x7e](?:[\x20-\x2b\x2d-\x7e]{0,254}[\x21-\x2b\x2d-\x7e])?)$/;

/** `x-aos-tags: team=search,env=prod`. */
function tagsIn(headers: IncomingHttpHeaders): Record<string, string> {
  const text = textIn(headers, 'x-aos-tags');
  if (text === null || text === '') return {};
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > tags_max)
    throw new Problem('invalid_header', `x-aos-tags holds ${parts.length} tags; at most ${tags_max} are kept.`);
  const pairs = parts.map((part): [string, string] => {
    const [, key, value] = tag_shape.exec(part) ?? [];
    if (key !== undefined && value !== undefined) return [key, value];
    throw new Problem(
      'invalid_header',
      `x-aos-tags: "${part.slice(0, 80)}" is not of the form key=value, for example team=search.`,
    );
  });
  return Object.fromEntries(pairs);
}

const meta_prefix = 'x-aos-meta-';

/** `x-aos-meta-ticket: 4711` is the tag `meta.ticket=4711`. */
function metaIn(headers: IncomingHttpHeaders): Record<string, string> {
  const names = Object.keys(headers).filter((name) => name.startsWith(meta_prefix));
  if (names.length === 0) return {};
  if (names.length > tags_max)
    throw new Problem('invalid_header', `${names.length} x-aos-meta-* headers; at most ${tags_max} are kept.`);
  return Object.fromEntries(
    names.map((name) => [`meta.${name.slice(meta_prefix.length)}`, nameIn(headers, name) ?? '']),
  );
}
