import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '@aos/core/access/identity.ts';
import { hasWrongChecksum, key_shape } from '@aos/core/access/key-text.ts';
import { mayDo, type Permission, type Role, roles } from '@aos/core/access/permission.ts';
import { first_tenant_slug } from '@aos/core/access/tenant.ts';
import { Problem } from '@aos/core/base/error.ts';
import { epochMs } from '@aos/core/base/time.ts';
import { type Deps, sha256Hex } from '../base/deps.ts';
import { findPresentedKey, type PresentedKey } from '../store/api-keys.ts';
import { lastUsedOf } from './last-used.ts';

/** An identity as of one control epoch of its tenant. */
export type IdentityAtEpoch = Identity & { control_epoch: string };

/** Who the credential in the headers is, from the database. Throws `unauthenticated` for all that is no live key. */
export async function authenticate(deps: Deps, headers: IncomingHttpHeaders): Promise<IdentityAtEpoch> {
  return lookUp(deps, presentedIn(headers));
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
 * sooner than that, because an admission under a passed control epoch is stale, and `drop` forgets the tenant.
 */
export class IdentityCache {
  readonly #deps: Deps;
  /** By the hash of the whole key: no part of a key ever stands for it. */
  readonly #entries = new Map<string, Entry>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async get(headers: IncomingHttpHeaders): Promise<IdentityAtEpoch> {
    const presented = presentedIn(headers);
    const now_ms = this.#deps.clock.monotonic();
    const known = this.#entries.get(presented.hash);
    if (known && now_ms - known.since_ms < cached_ms) return known.identity;
    const entry: Entry = { since_ms: now_ms, tenant_id: null, identity: lookUp(this.#deps, presented) };
    if (this.#entries.size >= most_cached) this.#entries.clear();
    this.#entries.set(presented.hash, entry);
    try {
      const identity = await entry.identity;
      entry.tenant_id = identity.tenant_id;
      return identity;
    } catch (error) {
      if (this.#entries.get(presented.hash) === entry) this.#entries.delete(presented.hash);
      throw error;
    }
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
}

const no_key =
  'No key that is known here and still valid came with the request. Send one as "Authorization: Bearer aos_…" or as "X-AOS-Key".';

/** `X-AOS-Key` says it most clearly; then `Authorization`; then `x-api-key`, where clients of Anthropic put the key. */
function presentedIn(headers: IncomingHttpHeaders): Presented {
  const { 'x-aos-key': ours, authorization, 'x-api-key': theirs } = headers;
  const bearer = authorization === undefined ? undefined : (/^Bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? '');
  const text = ours ?? bearer ?? theirs;
  if (typeof text !== 'string' || !key_shape.test(text)) throw new Problem('unauthenticated', no_key);
  return { text, hash: sha256Hex(text) };
}

async function lookUp(deps: Deps, { text, hash }: Presented): Promise<IdentityAtEpoch> {
  const found = await deps.db.presented(hash, (tx) => findPresentedKey(tx, hash));
  if (!found || !isLive(found, hash, deps.clock.now())) {
    const mistyped = hasWrongChecksum(text) ? ' The checksum at its end does not fit: it may be mistyped or cut.' : '';
    throw new Problem('unauthenticated', no_key + mistyped);
  }
  lastUsedOf(deps).note(found.tenant_id, found.id, found.last_used_at);
  return identityOf(found);
}

function isLive(key: PresentedKey, hash: string, now_ms: number): boolean {
  const is_same = timingSafeEqual(Buffer.from(key.hash), Buffer.from(hash));
  return is_same && key.revoked_at === null && (key.expires_at === null || epochMs(key.expires_at) > now_ms);
}

function identityOf(key: PresentedKey): IdentityAtEpoch {
  return {
    tenant_id: key.tenant_id,
    project_id: key.project_id,
    api_key: { id: key.id, lineage_id: key.lineage_id },
    role: key.role satisfies Role,
    agent_ids: key.agent_ids,
    actor_ids: key.actor_ids,
    of_installation: key.tenant_slug === first_tenant_slug,
    control_epoch: key.control_epoch,
  };
}
