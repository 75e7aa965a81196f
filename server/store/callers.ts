import type { Role } from '@aos/core/access/permission.ts';
import { firstSuffixAt } from '@aos/core/base/id.ts';
import type { Caller, Target } from '@aos/core/policies/target.ts';
import type { Tx } from '../base/database.ts';

interface CallersAsk {
  from_ms: number;
  /** The only project whose runs the caller may see. */
  bound_to: string | null;
}

/** Newest runs that are looked at, of each subject. */
const most_runs = 200;
const most_callers = 500;

/** The subjects that a target names, as the column of runs and the ids they stand for. */
const named: Record<Exclude<Target['kind'], 'all_runs'>, [column: string, ids: string]> = {
  project: [
    'project_id',
    'select id from projects where tenant_id = current_tenant() and (id = any ($1) or slug = any ($1))',
  ],
  agent: [
    'agent_id',
    'select id from agents where tenant_id = current_tenant() and (id = any ($1) or slug = any ($1))',
  ],
  actor: [
    'actor_id',
    'select id from actors where tenant_id = current_tenant() and (id = any ($1) or slug = any ($1))',
  ],
  api_key: ['api_key_id', 'select id from api_keys where tenant_id = current_tenant() and lineage_id = any ($1)'],
};

interface Row {
  project_id: string;
  project_slug: string;
  api_key_id: string;
  lineage_id: string;
  agent_id: string | null;
  agent_slug: string | null;
  actor_id: string | null;
  actor_slug: string | null;
  actor_kind: 'human' | 'service' | 'system' | null;
}

/** The newest runs of each subject of a target, for its ids as `$1`, the first id of a run as `$2` and a project as `$3`. */
function newestRuns(kind: Target['kind'], columns: string, which = 'true'): string {
  const recent = `from runs where tenant_id = current_tenant() and id >= $2 and ($3::text is null or project_id = $3) and ${which}`;
  const newest = `order by id desc limit ${most_runs}`;
  if (kind === 'all_runs') return `select ${columns} ${recent} and cardinality($1::text[]) = 0 ${newest}`;
  const [column, subjects] = named[kind];
  return `select r.* from (${subjects}) s(id), lateral (select ${columns} ${recent} and ${column} = s.id ${newest}) r`;
}

const valuesFor = ({ ids }: Target, ask: CallersAsk) => [
  ids,
  `run_${firstSuffixAt(Math.max(0, ask.from_ms))}`,
  ask.bound_to,
];

/** How long the middle one of the newest runs lasted, from its start to its last call; null: none has ended. */
export async function typicalRunMs(tx: Tx, target: Target, ask: CallersAsk): Promise<number | null> {
  const lasted = 'extract(epoch from last_activity_at - started_at) * 1000 as ms';
  const which = "ended_at is not null and started_at is not null and mode <> 'reported'";
  const [row] = await tx.query<{ ms: number | null }>(
    `select percentile_cont(0.5) within group (order by ms)::float8 as ms from (${newestRuns(target.kind, lasted, which)}) f`,
    valuesFor(target, ask),
  );
  return row?.ms ?? null;
}

/** Who called for the subjects of a target in their newest runs, each combination once; nobody: there was no run. */
export async function recentCallers(tx: Tx, target: Target, ask: CallersAsk): Promise<Caller[]> {
  const columns = 'project_id, api_key_id, agent_id, actor_id';
  const found = newestRuns(target.kind, columns);
  const rows = await tx.query<Row>(
    `select c.*, k.lineage_id, p.slug as project_slug, a.slug as agent_slug, o.slug as actor_slug, o.kind as actor_kind
      from (select distinct ${columns} from (${found}) f limit ${most_callers}) c
        join api_keys k on k.tenant_id = current_tenant() and k.id = c.api_key_id
        join projects p on p.tenant_id = current_tenant() and p.id = c.project_id
        left join agents a on a.tenant_id = current_tenant() and a.id = c.agent_id
        left join actors o on o.tenant_id = current_tenant() and o.id = c.actor_id`,
    valuesFor(target, ask),
  );
  return rows.map(callerOf);
}

const callerOf = (of: Row): Caller => ({
  project: { id: of.project_id, slug: of.project_slug },
  api_key: { id: of.api_key_id, lineage_id: of.lineage_id },
  agent: of.agent_id === null ? null : { id: of.agent_id, slug: of.agent_slug ?? of.agent_id },
  actor:
    of.actor_id === null
      ? null
      : { id: of.actor_id, slug: of.actor_slug ?? of.actor_id, kind: of.actor_kind ?? 'human' },
});

export interface CallingKeys {
  total: number;
  /** Bound to no agent, and to no actor. */
  any_agent: number;
  any_actor: number;
}

/** Keys of these roles that work now and may call in one of these projects; no projects: in any. */
export async function callingKeys(
  tx: Tx,
  { roles, project_ids, at }: { roles: readonly Role[]; project_ids: readonly string[]; at: string },
): Promise<CallingKeys> {
  const [row] = await tx.query<CallingKeys>(
    `select count(*)::int as total, count(*) filter (where agent_ids = '{}')::int as any_agent,
        count(*) filter (where actor_ids = '{}')::int as any_actor
      from api_keys where tenant_id = current_tenant() and role = any ($1) and revoked_at is null
        and (expires_at is null or expires_at > $3) and hash not like 'member:%'
        and (project_id is null or cardinality($2::text[]) = 0 or project_id = any ($2))`,
    [roles, project_ids, at],
  );
  return row ?? { total: 0, any_agent: 0, any_actor: 0 };
}
