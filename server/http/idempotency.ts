import type { Identity } from '@aos/core/access/identity.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import { type Deps, sha256Hex } from '../base/deps.ts';
import { sealContext } from '../base/vault.ts';
import { answerOnce, claimOnce, releaseOnce } from '../store/idempotency.ts';

export interface Answered {
  status: number;
  body: unknown;
}

/** The value of an `Idempotency-Key` header; null when there is none. */
export function idempotencyKeyIn(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new Problem('invalid_header', 'Idempotency-Key must be 1 to 255 visible ASCII characters, for example a UUID.');
}

/** What makes two requests the same. */
export const requestHash = (method: string, url: string, body: unknown): string =>
  sha256Hex(`${method} ${url}\n${Buffer.isBuffer(body) ? sha256Hex(body) : ''}`);

/**
 * Runs the work once for each key of a caller, rotated or not, within a day; who asks again gets the first answer. Answers are kept
 * sealed, because some show a new key. Work that was refused changed nothing, so it may be tried again under its key.
 * Work that broke off otherwise stays claimed: whether it took effect is not known, and it is never done twice.
 */
export async function onlyOnce(
  deps: Deps,
  of: { identity: Identity; key: string; request_hash: string },
  work: () => Promise<Answered>,
): Promise<Answered & { replayed: boolean }> {
  const { tenant_id, api_key } = of.identity;
  const claim = { tenant_id, lineage_id: api_key.lineage_id, key: of.key };
  const place = sealContext(tenant_id, 'idempotency_keys', `${api_key.lineage_id} ${of.key}`);
  const created_at = instantText(deps.clock.now());
  const before = await deps.db.tenant(tenant_id, (tx) =>
    claimOnce(tx, { ...claim, request_hash: of.request_hash, created_at }),
  );
  if (before) return { ...answerOf(deps, before, of.request_hash, place), replayed: true };
  let answered: Answered;
  try {
    answered = await work();
  } catch (error) {
    if (error instanceof Problem) await release(deps, claim);
    throw error;
  }
  const response = deps.vault.seal(JSON.stringify(answered.body), place);
  await deps.db
    .tenant(tenant_id, (tx) => answerOnce(tx, { ...claim, status: answered.status, response }))
    .catch((cause: unknown) => {
      deps.log.warn({ error: cause, tenant_id }, 'an answer could not be kept under its idempotency key');
    });
  return { ...answered, replayed: false };
}

async function release(deps: Deps, claim: { tenant_id: string; lineage_id: string; key: string }): Promise<void> {
  try {
    await deps.db.tenant(claim.tenant_id, (tx) => releaseOnce(tx, claim));
  } catch (error) {
    deps.log.warn({ error, tenant_id: claim.tenant_id }, 'the claim of an idempotency key could not be released');
  }
}

interface Before {
  request_hash: string;
  status: number | null;
  response: Json;
  created_at: string;
}

function answerOf(deps: Deps, before: Before, request_hash: string, place: string): Answered {
  if (before.request_hash !== request_hash) {
    throw new Problem(
      'conflict',
      'This Idempotency-Key was used for another request. Use a new key for a new request.',
    );
  }
  if (before.status === null || typeof before.response !== 'string') {
    throw new Problem(
      'conflict',
      `A request with this Idempotency-Key is under way since ${before.created_at}. Wait for its answer; if its server ` +
        'stopped meanwhile, look whether it took effect, and use a new key if it did not.',
    );
  }
  return { status: before.status, body: JSON.parse(deps.vault.open(before.response, place)) };
}
