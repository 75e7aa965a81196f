import type { PolicyFilter } from '@aos/core/api/policies.ts';
import { Problem } from '@aos/core/base/error.ts';
import { firstSuffixAt } from '@aos/core/base/id.ts';
import type { PageQuery } from '@aos/core/base/page.ts';
import type { Total } from '@aos/core/base/total.ts';
import type { StoredControl } from '@aos/core/policies/control.ts';
import type { PolicyMode, PolicyStatus, StoredDocument } from '@aos/core/policies/policy.ts';
import type { WrittenVersion } from '@aos/core/policies/second-person.ts';
import type { Tx } from '../base/database.ts';
import { cursorOf, Filter, readList, totalOf } from './list.ts';
import type { PolicyRow } from './policies.ts';

export interface Page<Item> extends Total {
  items: Item[];
  next_cursor: string | null;
}

/** The text that a search looks at. */
const searched = `concat_ws(' ', p.id, p.document ->> 'name', p.document ->> 'description', p.document ->> 'owner',
  p.document ->> 'tags', p.document -> 'target' ->> 'ids')`;

const some_control = (condition: string): string =>
  `exists (select from jsonb_array_elements(p.document -> 'controls') c(control) where ${condition})`;

const day_ms = 86_400_000;

/** A control of it fired, and whenever one did another policy decided. */
const overshadowed = `(select count(*) > 0 and bool_and(d.policy_id is distinct from p.id)
  from violations v join decisions d on d.tenant_id = v.tenant_id and d.id = v.decision_id
  where v.tenant_id = current_tenant() and v.policy_id = p.id and v.mode = 'enforce' and v.id >= ?)`;

/** Policies, newest first, as of now. */
export async function listPolicies(tx: Tx, asked: PolicyFilter, now_ms: number): Promise<Page<PolicyRow>> {
  const {
    status,
    mode,
    target_kind,
    control,
    action,
    owner,
    source,
    unfired_days,
    overshadowed_days,
    q,
    cursor,
    limit,
  } = asked;
  const filter = new Filter()
    .among('p.status', status)
    .among('p.mode', mode)
    .among("p.document -> 'target' ->> 'kind'", target_kind)
    .where(some_control("coalesce(control -> 'limit', control -> 'rule') ->> 'type' = any(?)"), control)
    .where(some_control("control ->> 'action' = any(?)"), action)
    .asked("p.document ->> 'owner'", owner)
    .among('p.source', source)
    .where(`${searched} ilike ?`, q === undefined ? undefined : `%${q.replace(/[\\%_]/g, '\\$&')}%`);
  if (unfired_days !== undefined)
    filter
      .always("p.status = 'active'")
      .where(
        'not exists (select from violations v where v.tenant_id = current_tenant() and v.policy_id = p.id and v.id >= ?)',
        `vio_${firstSuffixAt(now_ms - unfired_days * day_ms)}`,
      );
  if (overshadowed_days !== undefined)
    filter
      .always("p.status = 'active' and p.mode = 'enforce'")
      .where(overshadowed, `vio_${firstSuffixAt(now_ms - overshadowed_days * day_ms)}`);
  const list = { table: 'policies p', id: 'p.id', order: 'newest', filter } as const;
  const { rows, ...page } = await readList(tx, list, { limit, cursor: cursorOf('policy', cursor) });
  return { items: rows as unknown as PolicyRow[], ...page };
}

export interface KnownVersion {
  policy_id: string;
  version: number;
  status: PolicyStatus;
  mode: PolicyMode;
  document: StoredDocument;
  author: string;
  reason: string | null;
  created_at: string;
}

export interface PolicyVersionRow extends KnownVersion {
  author_name: string | null;
}

/** Columns of a version. `$1`: the only project whose people and keys the caller may see; others have no name. */
const version_columns = `v.policy_id, v.version, v.status, v.mode, v.document, v.author, v.reason, v.created_at,
  (select coalesce(m.name, k.name) from api_keys k
    left join members m on m.tenant_id = k.tenant_id and m.api_key_id = k.id
    where k.tenant_id = v.tenant_id and k.id = v.author and ($1::text is null or k.project_id = $1)) as author_name`;

/** Every version of a policy, newest first; versions have no gaps, so the newest number is their count. */
export async function listVersions(
  tx: Tx,
  of: PolicyRow,
  page: PageQuery,
  own: string | null,
): Promise<Page<PolicyVersionRow>> {
  const items = await tx.query<PolicyVersionRow>(
    `select ${version_columns} from policy_versions v
      where v.policy_id = $2 and v.version < $3 order by v.version desc limit $4`,
    [own, of.id, versionBefore(page.cursor) ?? of.version + 1, page.limit],
  );
  const last = items.at(-1)?.version ?? 1;
  return { items, next_cursor: last > 1 ? String(last) : null, ...totalOf(of.version) };
}

export type LastChange = Pick<PolicyVersionRow, 'author' | 'author_name' | 'reason'>;

/** Who made these policies what they are, and why, by their ids. */
export async function lastChangesOf(
  tx: Tx,
  policies: readonly Pick<PolicyRow, 'id' | 'version'>[],
  own: string | null,
): Promise<Map<string, LastChange>> {
  const rows = await tx.query<LastChange & { policy_id: string }>(
    `select ${version_columns} from policy_versions v
      where (v.policy_id, v.version) in (select * from unnest($2::text[], $3::int[]))`,
    [own, policies.map(({ id }) => id), policies.map(({ version }) => version)],
  );
  return new Map(rows.map(({ policy_id, ...change }) => [policy_id, change]));
}

/** By policy, newest first: who made each version, whether it decides something else than the one before, and is enforced. */
export async function writtenVersions(tx: Tx, policy_ids: readonly string[]): Promise<Map<string, WrittenVersion[]>> {
  const deciding = "(v.document - '{name,description,owner,tags,mode}'::text[])";
  const rows = await tx.query<WrittenVersion & { policy_id: string }>(
    `select v.policy_id, v.author, v.status = 'active' and v.mode = 'enforce' as is_enforced,
        ${deciding} is distinct from lag(${deciding}) over (partition by v.policy_id order by v.version) as is_written
      from policy_versions v where v.policy_id = any ($1) order by v.policy_id, v.version desc`,
    [policy_ids],
  );
  const versions = new Map<string, WrittenVersion[]>();
  for (const { policy_id, ...version } of rows) versions.set(policy_id, [...(versions.get(policy_id) ?? []), version]);
  return versions;
}

/** Some versions of a policy, in no order; those it never had are left out. */
export function versionsOf(tx: Tx, policy_id: string, versions: readonly number[]): Promise<KnownVersion[]> {
  return tx.query<KnownVersion>(
    `select policy_id, version, status, mode, document, author, reason, created_at from policy_versions
      where policy_id = $1 and version = any ($2)`,
    [policy_id, versions],
  );
}

function versionBefore(cursor: string | undefined): number | null {
  if (cursor === undefined) return null;
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw new Problem(
    'invalid_query',
    'The query cannot be read: cursor is not one of this list. Send next_cursor of the page before.',
  );
}

/** All controls a policy ever had, by id, each as it stood last: ids keep their balances over edits. */
export async function controlsEverOf(tx: Tx, policy_id: string): Promise<Map<string, StoredControl>> {
  const rows = await tx.query<{ control: StoredControl }>(
    `select distinct on (c.control ->> 'id') c.control
      from policy_versions v, jsonb_array_elements(v.document -> 'controls') c(control)
      where v.policy_id = $1 order by c.control ->> 'id', v.version desc`,
    [policy_id],
  );
  return new Map(rows.map(({ control }) => [control.id, control]));
}
