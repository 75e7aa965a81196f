import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '@aos/core/access/identity.ts';
import { hasWrongChecksum, key_shape } from '@aos/core/access/key-text.ts';
import { mayDo, type Permission, type Role, roles } from '@aos/core/access/permission.ts';
import { first_tenant_slug } from '@aos/core/access/tenant.ts';
import { Problem } from '@aos/core/base/error.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import { type Deps, sha256Hex } from '../base/deps.ts';
import { findPresentedKey, type KeyUse, member_hash, type PresentedKey } from '../store/api-keys.ts';
import { findSignedInKey } from '../store/sign-ins.ts';
import { isBefore } from '../store/tenants.ts';
import { badKeysOf } from './bad-keys.ts';
import { lastUsedOf } from './last-used.ts';
import { refuseOtherOrigins, tokenIn } from './session-cookie.ts';

/** An identity as of one control epoch of its tenant. */
export type IdentityAtEpoch = Identity & { control_epoch: string };

/**
 * Who the credential in the headers is, from the database. Throws `unauthenticated` for all that is no live key, and
 * `rate_limit_exceeded` when too many of these came from the same address.
 */
export async function authenticate(
  deps: Deps,
  headers: IncomingHttpHeaders,
  address: string,
): Promise<IdentityAtEpoch> {
  return lookUp(deps, presentedIn(deps, headers), useOf(headers, address));
}

/** Who a key is that came in another way than the headers; throws as `authenticate` does. */
export async function authenticateKey(
  deps: Deps,
  text: string,
  headers: IncomingHttpHeaders,
  address: string,
): Promise<IdentityAtEpoch> {
  if (!key_shape.test(text)) throw new Problem('unauthenticated', no_such_key);
  return lookUp(deps, { text, hash: sha256Hex(text), is_sign_in: false }, useOf(headers, address), no_such_key);
}

export function requirePermission(identity: Identity, permission: Permission, what: string): void {
  const is_here = permission !== 'installation' || identity.of_installation;
  if (is_here && mayDo(identity.role, permission)) return;
  const having = roles.filter((role) => mayDo(role, permission));
  const who =
    permission === 'installation' ? 'owners of the first tenant' : `keys with the role ${having.join(' or ')}`;
  throw new Problem(
    'forbidden',
    `${what} needs the permission "${permission}", which this key (role "${identity.role}") does not have. It is for ${who}.`,
  );
}

const cached_ms = 1_000;
const most_cached = 10_000;

interface Entry {
  since_ms: number;
  tenant_id: string | null;
  identity: Promise<IdentityAtEpoch>;
}

/**
 * Identities of the last second, for the gateway: calls that come together share one look-up. A revoked key is refused
 * sooner than that: an admission under a passed control epoch is stale, and an identity older than control is read again.
 */
export class IdentityCache {
  readonly #deps: Deps;
  /** By the hash of the whole key: no part of a key ever stands for it. */
  readonly #entries = new Map<string, Entry>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** With an epoch: as of when control stood there, or later. */
  async get(headers: IncomingHttpHeaders, address: string, control_epoch?: string): Promise<IdentityAtEpoch> {
    const presented = presentedIn(this.#deps, headers);
    for (;;) {
      const entry = this.#entryOf(presented, headers, address);
      const identity = await entry.identity;
      if (control_epoch === undefined || !isBefore(identity.control_epoch, control_epoch)) return identity;
      if (this.#entries.get(presented.hash) === entry) this.#entries.delete(presented.hash);
    }
  }

  #entryOf(presented: Presented, headers: IncomingHttpHeaders, address: string): Entry {
    const now_ms = this.#deps.clock.monotonic();
    const known = this.#entries.get(presented.hash);
    if (known && now_ms - known.since_ms < cached_ms) return known;
    const identity = lookUp(this.#deps, presented, useOf(headers, address));
    const entry: Entry = { since_ms: now_ms, tenant_id: null, identity };
    if (this.#entries.size >= most_cached) this.#entries.clear();
    this.#entries.set(presented.hash, entry);
    entry.identity.then(
      ({ tenant_id }) => {
        entry.tenant_id = tenant_id;
      },
      () => {
        if (this.#entries.get(presented.hash) === entry) this.#entries.delete(presented.hash);
      },
    );
    return entry;
  }

  /** Forgets what was read before now; a look-up still under way is not kept either. */
  drop(tenant_id: string): void {
    for (const [hash, entry] of this.#entries) {
      if (entry.tenant_id === null || entry.tenant_id === tenant_id) this.#entries.delete(hash);
    }
  }
}

interface Presented {
  text: string;
  hash: string;
  /** The token of a browser that signed in, not a key. */
  is_sign_in: boolean;
}

const no_key =
  'No key that is known here and still valid came with the request. Send one as "Authorization: Bearer aos_…" or as "X-AOS-Key".';
const no_such_key = 'This key is not known here, or is no longer valid.';

/**
 * `X-AOS-Key` says it most clearly; then `Authorization`; then `x-api-key`, where clients of Anthropic put the key; last
 * the cookie of the console, which counts only for requests of its own pages.
 */
function presentedIn(deps: Deps, headers: IncomingHttpHeaders): Presented {
  const { 'x-aos-key': ours, authorization, 'x-api-key': theirs } = headers;
  const bearer = authorization === undefined ? undefined : (/^Bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? '');
  const text = ours ?? bearer ?? theirs;
  const token = text === undefined ? tokenIn(headers, 'aos_session', deps.config.public_url) : undefined;
  if (token !== undefined) {
    refuseOtherOrigins(headers, deps.config.public_url);
    return { text: token, hash: sha256Hex(token), is_sign_in: true };
  }
  if (typeof text !== 'string' || !key_shape.test(text)) throw new Problem('unauthenticated', no_key);
  return { text, hash: sha256Hex(text), is_sign_in: false };
}

const client_max = 120;
const not_shown = /[^\x20-\x7e]/g;

/** Nothing of it is believed: whoever has the key may write what they like into `User-Agent`. */
function useOf(headers: IncomingHttpHeaders, address: string): KeyUse {
  const client = headers['user-agent']?.replace(not_shown, '').trim().slice(0, client_max);
  return { last_used_ip: address || null, last_used_client: client || null };
}

async function lookUp(deps: Deps, of: Presented, use: KeyUse, refusal = no_key): Promise<IdentityAtEpoch> {
  const { text, hash, is_sign_in } = of;
  const presented = badKeysOf(deps).admit(hash, use.last_used_ip ?? '');
  const now_ms = deps.clock.now();
  const found = await deps.db
    .presented(hash, (tx) => (is_sign_in ? findSignedInKey(tx, hash, instantText(now_ms)) : findPresentedKey(tx, hash)))
    .catch((error: unknown) => {
      presented.isUnknown();
      throw error;
    });
  if (!found || (!is_sign_in && !isSame(found.hash, hash)) || !isLive(found, now_ms)) {
    presented.wasBad();
    const mistyped = hasWrongChecksum(text) ? ' The checksum at its end does not fit: it may be mistyped or cut.' : '';
    throw new Problem('unauthenticated', refusal + mistyped);
  }
  presented.wasGood();
  lastUsedOf(deps).note(found.tenant_id, found, use);
  return identityOf(found);
}

const isSame = (one: string, other: string): boolean => timingSafeEqual(Buffer.from(one), Buffer.from(other));

export const isLive = ({ revoked_at, expires_at }: PresentedKey, now_ms: number): boolean =>
  revoked_at === null && (expires_at === null || epochMs(expires_at) > now_ms);

export function identityOf(key: PresentedKey): IdentityAtEpoch {
  return {
    tenant_id: key.tenant_id,
    project_id: key.project_id,
    api_key: { id: key.id, lineage_id: key.lineage_id },
    role: key.role satisfies Role,
    agent_ids: key.agent_ids,
    actor_ids: key.actor_ids,
    of_installation: key.tenant_slug === first_tenant_slug,
    ...(key.hash.startsWith(member_hash) && { is_human: true }),
    control_epoch: key.control_epoch,
  };
}
