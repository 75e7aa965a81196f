import { firstSuffixAt } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';

export interface Hit {
  kind: string;
  id: string;
  name: string;
  about: string | null;
}

export interface SearchAsk {
  text: string;
  bound_to: string | null;
  limit: number;
  /** Goals are looked through from here on. */
  since_ms: number;
}

/** So that what somebody types is text and no pattern. */
const pattern = (text: string): string => `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;

const of_own = (column: string) => `($3::text is null or ${column} = $3)`;

/** Each kind with what it is found by, the exact before the near, a few of each. */
const kinds: [kind: string, statement: string][] = [
  [
    'agent',
    `select id, slug as name, name as about from agents where tenant_id = current_tenant() and (id = $1 or slug ilike $2 or name ilike $2) and ${of_own('project_id')} order by slug = $1 desc, id desc`,
  ],
  [
    'policy',
    `select id, document ->> 'name' as name, status as about from policies where tenant_id = current_tenant() and (id = $1 or document ->> 'name' ilike $2) and $3::text is not distinct from $3 order by status = 'active' desc, id desc`,
  ],
  [
    'api_key',
    `select id, name, hint as about from api_keys where tenant_id = current_tenant() and (id = $1 or name ilike $2) and hash not like 'member:%' and ${of_own('project_id')} order by id desc`,
  ],
  [
    'project',
    `select id, slug as name, name as about from projects where tenant_id = current_tenant() and (id = $1 or slug ilike $2 or name ilike $2) and ${of_own('id')} order by id desc`,
  ],
  [
    'actor',
    `select id, slug as name, kind as about from actors where tenant_id = current_tenant() and (id = $1 or slug ilike $2) and $3::text is not distinct from $3 order by id desc`,
  ],
  [
    'channel',
    `select id, slug as name, kind as about from channels where tenant_id = current_tenant() and removed_at is null and (id = $1 or slug ilike $2 or name ilike $2) and $3::text is not distinct from $3 order by id desc`,
  ],
  [
    'incident',
    `select id, title as name, status as about from incidents where tenant_id = current_tenant() and (id = $1 or title ilike $2) and ${of_own('project_id')} order by id desc`,
  ],
];

const runs = `select id, coalesce(goal, id) as name, status as about from runs
  where tenant_id = current_tenant() and (id = $1 or (id > $4 and goal ilike $2)) and ${of_own('project_id')} order by id desc`;

/** What fits a text, kind by kind. */
export async function search(tx: Tx, { text, bound_to, limit, since_ms }: SearchAsk): Promise<Hit[]> {
  const each = Math.max(2, Math.ceil(limit / 5));
  const values = [text, pattern(text), bound_to];
  const found = await Promise.all([
    ...kinds.map(([kind, statement]) => read(tx, kind, `${statement} limit ${each}`, values)),
    read(tx, 'run', `${runs} limit ${each}`, [...values, `run_${firstSuffixAt(since_ms)}`]),
  ]);
  return found.flat().slice(0, limit);
}

async function read(tx: Tx, kind: string, statement: string, values: readonly unknown[]): Promise<Hit[]> {
  const rows = await tx.query<Omit<Hit, 'kind'>>(statement, values);
  return rows.map((row) => ({ kind, ...row }));
}
