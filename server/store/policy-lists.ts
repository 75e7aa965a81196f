import type { PolicyFilter } from '@aos/core/api/policies.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { PageQuery } from '@aos/core/base/page.ts';
import type { StoredControl } from '@aos/core/policies/control.ts';
import type { PolicyMode, PolicyStatus, StoredDocument } from '@aos/core/policies/policy.ts';
import type { Tx } from '../base/database.ts';
import { cursorOf, Filter, readList } from './list.ts';
import type { PolicyRow } from './policies.ts';

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
  total: number | null;
}

/** The text that a search looks at. */
const searched = `concat_ws(' ', p.id, p.document ->> 'name', p.document ->> 'description', p.document ->> 'owner',
  p.document ->> 'tags', p.document -> 'target' ->> 'ids')`;

/** Policies, newest first. */
export async function listPolicies(tx: Tx, asked: PolicyFilter): Promise<Page<PolicyRow>> {
  const { status, mode, target_kind, q, cursor, limit } = asked;
  const filter = new Filter()
    .among('p.status', status)
    .among('p.mode', mode)
    .among("p.document -> 'target' ->> 'kind'", target_kind)
    .where(`${searched} ilike ?`, q === undefined ? undefined : `%${q.replace(/[\\%_]/g, '\\$&')}%`);
  const list = { table: 'policies p', id: 'p.id', order: 'newest', filter } as const;
  const { rows, ...page } = await readList(tx, list, { limit, cursor: cursorOf('policy', cursor) });
  return { items: rows as unknown as PolicyRow[], ...page };
}

export interface PolicyVersionRow {
  policy_id: string;
  version: number;
  status: PolicyStatus;
  mode: PolicyMode;
  document: StoredDocument;
  author: string;
  reason: string | null;
  created_at: string;
}

/** Every version of a policy, newest first; versions have no gaps, so the newest number is their count. */
export async function listVersions(tx: Tx, of: PolicyRow, page: PageQuery): Promise<Page<PolicyVersionRow>> {
  const items = await tx.query<PolicyVersionRow>(
    `select policy_id, version, status, mode, document, author, reason, created_at from policy_versions
      where policy_id = $1 and version < $2 order by version desc limit $3`,
    [of.id, versionBefore(page.cursor) ?? of.version + 1, page.limit],
  );
  const last = items.at(-1)?.version ?? 1;
  return { items, next_cursor: last > 1 ? String(last) : null, total: of.version };
}

/** Some versions of a policy, in no order; those it never had are left out. */
export function versionsOf(tx: Tx, policy_id: string, versions: readonly number[]): Promise<PolicyVersionRow[]> {
  return tx.query<PolicyVersionRow>(
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
