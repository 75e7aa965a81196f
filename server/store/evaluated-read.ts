import { firstSuffixAt } from '@aos/core/base/id.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Narrowed, Target, TargetKind } from '@aos/core/policies/target.ts';
import type { Tx } from '../base/database.ts';
import { Filter, most_counted } from './list.ts';

type Named = Exclude<TargetKind, 'all_runs'>;

/** The ids of what targets name, as calls keep them: a call keeps the key, and a target names the chain it is of. */
const named: Record<Named, string> = {
  agent: 'select id from agents where tenant_id = current_tenant() and (id = any($1) or slug = any($1))',
  project: 'select id from projects where tenant_id = current_tenant() and (id = any($1) or slug = any($1))',
  api_key: 'select id from api_keys where tenant_id = current_tenant() and lineage_id = any($1)',
  actor: `select id from actors where tenant_id = current_tenant() and kind = 'human' and (id = any($1) or slug = any($1))`,
};

async function idsOf(tx: Tx, kind: Named, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await tx.query<{ id: string }>(named[kind], [names]);
  return rows.map(({ id }) => id);
}

export interface EvaluatedAsk {
  target: Target;
  from_ms: number;
  /** The only project whose calls the caller may see. */
  bound_to: string | null;
  is_synthetic: boolean | null;
  /**
   * Made-up calls tell of times before they were made: those from this instant on count too that one of these snapshots
   * decided.
   */
  told?: { from_ms: number; snapshots: readonly string[] };
}

/**
 * How many calls of models a target took since an instant, by the rules of core/policies/target.ts: those with a record,
 * and those that were refused before they reached a provider. One more than `most_counted`: there are more.
 */
export async function countEvaluated(tx: Tx, ask: EvaluatedAsk): Promise<number> {
  const filter = asked(ask);
  for (const [, condition, value] of await conditionsOf(tx, ask.target)) filter.where(condition, value);
  const calls = callsSince(ask, filter.values);
  const [row] = await tx.query<{ n: number }>(
    `select count(*)::int as n from (select from (${calls}) x where ${filter.text} limit ${most_counted + 1}) counted`,
    filter.values,
  );
  return row?.n ?? 0;
}

/** What a call of a model may be kept out of a target by. */
export type KeptOutBy = 'target' | Exclude<Narrowed, 'tool'>;

export interface KeptOut {
  /** All calls that were looked at: the latest, `most_counted` of them and one more where there are more. */
  calls: number;
  matched: number;
  /** How many were kept out by the first of the conditions that they do not meet, in the order in which these are asked. */
  by: { by: KeptOutBy; calls: number }[];
}

/** What keeps the latest calls of models out of a target. */
export async function keptOutOf(tx: Tx, ask: EvaluatedAsk): Promise<KeptOut> {
  const filter = asked(ask);
  const { values } = filter;
  const conditions = await conditionsOf(tx, ask.target);
  const met = conditions.map(
    ([by, condition, value], nth) =>
      `((${condition.replaceAll('?', `$${values.push(value)}`)}) is true) as met_${nth}, '${by}' as by_${nth}`,
  );
  const first = conditions.map((_, nth) => `when not met_${nth} then by_${nth}`).join(' ');
  const rows = await tx.query<{ by: KeptOutBy | null; calls: number }>(
    `select ${first === '' ? 'null' : `case ${first} end`} as by, count(*)::int as calls from (
        select ${met.join(', ')} from (${callsSince(ask, values)}) x where ${filter.text}
          order by x.suffix desc limit ${most_counted + 1}) seen
      group by 1`,
    values,
  );
  const countOf = (by: KeptOutBy | null) => rows.find((row) => row.by === by)?.calls ?? 0;
  const reasons = [...new Set(conditions.map(([by]) => by))];
  return {
    calls: rows.reduce((sum, { calls }) => sum + calls, 0),
    matched: countOf(null),
    by: reasons.map((by) => ({ by, calls: countOf(by) })).filter(({ calls }) => calls > 0),
  };
}

function asked({ bound_to, is_synthetic }: EvaluatedAsk): Filter {
  const filter = new Filter().where('x.project_id = ?', bound_to ?? undefined);
  return is_synthetic === null ? filter : filter.always(is_synthetic ? 'x.is_synthetic' : 'not x.is_synthetic');
}

/** Calls with a record, and those that were refused before; behind the values of the statement that it stands in. */
function callsSince({ from_ms, told }: EvaluatedAsk, values: unknown[]): string {
  const put = (value: unknown) => `$${values.push(value)}`;
  const [since, suffix] = [put(instantText(from_ms)), put(firstSuffixAt(Math.min(from_ms, told?.from_ms ?? from_ms)))];
  const snapshots = told && put(told.snapshots);
  const told_from = told && put(instantText(told.from_ms));
  const at = (column: string, snapshot: string) =>
    told
      ? `(x.${column} >= ${since} or x.is_synthetic and x.${column} >= ${told_from} and ${snapshot} = any(${snapshots}))`
      : `x.${column} >= ${since}`;
  const of_run = `(select r.policy_snapshot_id from runs r where r.tenant_id = x.tenant_id and r.id = x.run_id)`;
  const asker = 'substr(x.id, 5) as suffix, x.project_id, x.agent_id, x.actor_id, x.api_key_id, x.is_synthetic';
  return `select ${asker}, x.provider, x.model, x.tags from llm_run_records x
      where x.tenant_id = current_tenant() and x.id >= 'rec_' || ${suffix} and ${at('admitted_at', of_run)}
        and x.source <> 'reported'
    union all select ${asker}, x.call ->> 'provider', x.call ->> 'model', coalesce(x.call -> 'tags', '{}') from decisions x
      where x.tenant_id = current_tenant() and x.id >= 'dec_' || ${suffix} and ${at('decided_at', 'x.policy_snapshot_id')}
        and x.call ->> 'model' is not null and not exists (select from llm_run_records r
          where r.tenant_id = x.tenant_id and r.id = 'rec' || substr(x.id, 4))`;
}

/** What a call has to meet, in the order in which it is asked, `?` standing for the value. */
async function conditionsOf(tx: Tx, target: Target): Promise<[by: KeptOutBy, condition: string, value: unknown][]> {
  const { kind, ids, except_ids, when = {} } = target;
  const all: [KeptOutBy, string, unknown][] = [];
  if (kind !== 'all_runs') all.push(['target', `x.${kind}_id = any(?)`, await idsOf(tx, kind, ids)]);
  for (const of of except_ids.length > 0 ? (Object.keys(named) as Named[]) : [])
    all.push(['excepted', `(x.${of}_id = any(?)) is not true`, await idsOf(tx, of, except_ids)]);
  const oneOf = (by: KeptOutBy, condition: string, names: readonly string[] | undefined) =>
    names && all.push([by, `exists (select from unnest(?::text[]) p where ${condition})`, names]);
  oneOf(
    'model',
    `case when right(p, 1) = '*' then starts_with(x.model, left(p, -1)) or starts_with(x.provider || '/' || x.model, left(p, -1))
      else p in (x.model, x.provider || '/' || x.model) end`,
    when.model,
  );
  oneOf('provider', 'p = x.provider', when.provider);
  oneOf(
    'tag',
    `case when strpos(p, '=') = 0 then x.tags -> p is not null
      else x.tags ->> left(p, strpos(p, '=') - 1) = substr(p, strpos(p, '=') + 1) end`,
    when.tag,
  );
  return all;
}

/** Since which version a policy that is in force takes the calls it takes now; undefined: it is not in force. */
export async function takesSince(tx: Tx, policy_id: string): Promise<{ version: number; at: string } | undefined> {
  const [row] = await tx.query<{ version: number; at: string }>(
    `with now as (select document from policies where tenant_id = current_tenant() and id = $1 and status = 'active'),
      versions as (select v.version, v.created_at, v.status = 'active' and v.document -> 'target' = now.document -> 'target'
            as is_same from policy_versions v, now where v.tenant_id = current_tenant() and v.policy_id = $1)
      select version, created_at as at from versions
        where version > coalesce((select max(version) from versions where not is_same), 0) order by version limit 1`,
    [policy_id],
  );
  return row;
}

/** The sets of policies that this one was in. */
export async function snapshotsWith(tx: Tx, policy_id: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from snapshots where tenant_id = current_tenant() and document @> jsonb_build_object('policies', jsonb_build_array(jsonb_build_object('id', $1::text)))`,
    [policy_id],
  );
  return rows.map(({ id }) => id);
}
