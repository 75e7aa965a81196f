import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '@aos/core/base/error.ts';
import { isOnThisMachine } from '../base/this-machine.ts';

/**
 * The cookie of a signed-in browser. With the prefix a browser takes it only as Secure and only from this very host, so
 * no other host or plain-text page can plant one; that works on https and, in browsers that trust it, on loopback.
 */
const prefix = '__Host-';
const token_shape = /^[A-Za-z0-9_-]{43}$/;

/** What the browser holds: that somebody signed in, or that they went to their provider of identities to do so. */
export type CookieName = 'aos_session' | 'aos_oidc';

/** The plain name counts only where a browser would drop the bound one: anybody near may have planted it elsewhere. */
export function tokenIn(headers: IncomingHttpHeaders, name: CookieName, public_url: string): string | undefined {
  const { cookie } = headers;
  if (cookie === undefined) return undefined;
  const sent = new Map(cookie.split(';').map((part) => [part.split('=', 1)[0]?.trim(), part.split('=')[1]?.trim()]));
  const token = sent.get(prefix + name) ?? (mayBePlain(headers, public_url) ? sent.get(name) : undefined);
  return token !== undefined && token_shape.test(token) ? token : undefined;
}

/** A server that was told no address of the network may be opened there all the same: then the host says so. */
function mayBePlain({ host }: IncomingHttpHeaders, public_url: string): boolean {
  if (!takesBound(public_url)) return true;
  const asked = `http://${host}`;
  return isPlain(public_url) && URL.canParse(asked) && !isOnThisMachine(asked);
}

const isPlain = (origin: string): boolean => new URL(origin).protocol === 'http:';
const takesBound = (origin: string): boolean => !isPlain(origin) || isOnThisMachine(origin);

/** `Set-Cookie` for a page of this origin; an empty token takes it away. */
export function tokenCookie(name: CookieName, token: string, origin: string, max_age_s: number): string {
  const rest = `Path=/; Max-Age=${max_age_s}; HttpOnly; SameSite=Strict`;
  return takesBound(origin) ? `${prefix}${name}=${token}; ${rest}; Secure` : `${name}=${token}; ${rest}`;
}

/**
 * A cookie comes along whoever made the request; a browser says truly from which page it came. Programs that send neither
 * header are no browsers, and nobody can make them send a cookie that is not theirs.
 */
export function refuseOtherOrigins(headers: IncomingHttpHeaders, public_url: string): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  const is_ours = origin === undefined || hostOf(origin) === host || origin === new URL(public_url).origin;
  const is_exposed = origin !== undefined && URL.canParse(origin) && !takesBound(origin) && !isPlain(public_url);
  if (is_ours && is_exposed)
    throw new Problem('forbidden', `Over plain http this browser can keep no session safely: open ${public_url}.`);
  if (is_ours && (site === undefined || site === 'same-origin' || site === 'none')) return;
  throw new Problem('forbidden', 'The session of the console counts only for requests of its own pages.');
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
