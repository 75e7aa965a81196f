import { costCompared, spanCompared, unknown_amount } from '@aos/core/activity/comparison.ts';
import { namedBy } from '@aos/core/activity/named.ts';
import type { RunsQuery } from '@aos/core/api/activity.ts';
import { firstSuffixAt, type IdKind, id_prefixes, instantOf } from '@aos/core/base/id.ts';
import type { Row, Tx } from '../base/database.ts';
import { askerSlugs } from './asker-names.ts';
import { Filter, type Listing, most_counted, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';
import type { CallsOf, RunsOfModel } from './runs-of-model.ts';
import { foundBy, type RunsOfText } from './runs-of-text.ts';

/** What belongs to the run `r`: nothing of it is older, so older partitions are left out. */
export const ofRun = (alias: string, prefix: string): string =>
  `${alias}.tenant_id = r.tenant_id and ${alias}.run_id = r.id and ${alias}.id > '${prefix}' || left(substr(r.id, 4), 10)`;

/** Of each run of the page what stands in another table, read for all of them at once; none of it is older than `$7`. */
const ofPage = (table: string, prefix: string, what: string): string => `
  select x.run_id, ${what} from ${table} x
    where x.tenant_id = $1 and x.run_id = any($2::text[]) and x.id > '${prefix}' || $7::text group by x.run_id`;

const times = (verdict: string): string => `'${verdict}', count(*) filter (where x.verdict = '${verdict}')`;
const decided = `jsonb_build_object(${['warn', 'pause', 'block', 'kill'].map(times).join(', ')})`;

/** Records that stand for their step have no other row of it. */
const of_calls = `array_agg(distinct x.model order by x.model) as models, count(*) filter (where x.cost_usd is null) as unpriced,
      count(x.max_output_tokens) as steps`;

const further_sql = `
  with calls as materialized (${ofPage('llm_run_records', 'rec', of_calls)}),
    stepped as materialized (${ofPage('step_rows', 'stp', 'count(*) as n')}),
    decisions_of as materialized (${ofPage('decisions', 'dec', `${decided} as n`)})
  select r.id, ${askerSlugs('r')}, 'trc' || substr(r.id, 4) as trace_id,
      (select s.external_id from sessions s where s.tenant_id = r.tenant_id and s.id = r.session_id) as session_external_id,
      array(select i.id from incidents i where i.tenant_id = r.tenant_id and i.source_run_id = r.id order by i.id) as incident_ids,
      coalesce(calls.models, '{}') as models, coalesce(calls.unpriced, 0) as unpriced_calls, coalesce(stepped.n, 0) + coalesce(calls.steps, 0) as steps,
      coalesce(decisions_of.n, '{"warn": 0, "pause": 0, "block": 0, "kill": 0}') as decided,
      exists (select from stops k where k.tenant_id = r.tenant_id and k.kind = 'run' and k.subject_id = r.id and k.released_at is null) as is_killed
    from (select $1::text as tenant_id, of.* from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        as of (id, project_id, agent_id, actor_id, session_id)) r
      left join calls on calls.run_id = r.id left join stepped on stepped.run_id = r.id
      left join decisions_of on decisions_of.run_id = r.id`;

/** Runs with the names of who asked, what they came to, and the way to their traces and incidents, in the same order. */
async function described(tx: Tx, rows: readonly Row[]): Promise<Row[]> {
  const [first] = rows;
  if (!first) return [];
  const all = (column: string) => rows.map((row) => row[column]);
  const ids = all('id').map(String);
  const oldest = ids.reduce((a, b) => (a < b ? a : b));
  const values = [first.tenant_id, ids, ...['project_id', 'agent_id', 'actor_id', 'session_id'].map(all)];
  const found = await tx.query(further_sql, [...values, oldest.slice(3, 13)]);
  const of = new Map(found.map((more) => [more.id, more]));
  return rows.map((row) => ({ ...row, ...of.get(row.id), source: row.mode }));
}

/** In these words, so that the partial indexes on them are found. */
const is_open = "r.status in ('queued', 'running', 'retry')";

export type RunsFilter = Pick<
  RunsQuery,
  'source' | 'hold' | 'reason' | 'policy' | 'risk' | 'status' | 'from' | 'to' | 'cost' | 'elapsed'
>;

export interface RunsAsked {
  tenant_id: string;
  scope: Scope;
  of_model: RunsOfModel;
  of_text: RunsOfText | undefined;
  asked: RunsFilter;
}

/** Runs, newest first: those that have not ended, those that have, or all. */
export function runsListing({ part, ...of }: RunsAsked & { part: 'live' | 'ended' | 'all' }): Listing {
  const filter = new Filter();
  const any_of = of.of_text && foundBy(of.of_text, filter.values);
  // Few runs are looked up one by one, except where a text finds others.
  const ids = any_of ? undefined : of.of_model.run_ids;
  askedRuns(filter, ids === undefined ? of : { ...of, of_model: { ...of.of_model, run_ids: undefined } });
  if (part === 'live') filter.always(is_open);
  const is_ended_anyway = of.asked.status !== undefined || of.asked.reason !== undefined;
  const without = part === 'ended' && !is_ended_anyway ? is_open : undefined;
  return { table: 'runs r', id: 'r.id', order: 'newest', filter, without, ids, any_of, further: described };
}

/** Narrows a list whose runs are called `r` to those that are asked for. */
export function askedRuns(filter: Filter, { tenant_id, scope, of_model, asked }: RunsAsked): Filter {
  filter.where('r.tenant_id = ?', tenant_id);
  inScope(filter, 'r', scope);
  within(filter, { id: 'r.id', kind: 'run', at: 'r.created_at' }, asked.from, asked.to);
  filter.among('r.status', asked.status).among('r.termination_reason', asked.reason).among('r.mode', asked.source);
  filter.among('r.hold', asked.hold);
  filter.where('r.id = any(?)', of_model.run_ids);
  const { with_call, without_call } = of_model;
  if (with_call) withCall(filter, with_call, 'and', 'is not null');
  if (without_call) withCall(filter, without_call, 'or', 'is null');
  decidedBy(filter, tenant_id, asked.policy);
  compareCost(filter, asked.cost ?? []);
  for (const span of (asked.elapsed ?? []).flatMap((text) => spanCompared(text) ?? []))
    filter.where(
      `coalesce(r.ended_at, now()) - coalesce(r.started_at, r.created_at) ${span.sign} make_interval(secs => ?::float8 / 1000)`,
      span.amount,
    );
  return filter.where(
    'r.id in (select i.source_run_id from incidents i where i.tenant_id = ? and i.severity = any(?))',
    ...[tenant_id, asked.risk],
  );
}

/** Runs that violated one of the policies in force, and none of those that are left out. */
function decidedBy(filter: Filter, tenant_id: string, asked: RunsFilter['policy']): void {
  const { some, none } = asked ? namedBy(asked) : {};
  const violating = `(select v.run_id from violations v where v.tenant_id = ? and v.mode = 'enforce' and v.policy_id in
    (select p.id from policies p where p.tenant_id = ? and (p.id = any(?) or p.document ->> 'name' = any(?))))`;
  filter.where(`r.id in ${violating}`, tenant_id, tenant_id, some, some);
  filter.where(`r.id not in ${violating}`, tenant_id, tenant_id, none, none);
}

/** A run costs at least what is known of it, so one with calls of unknown price is below nothing. */
function compareCost(filter: Filter, asked: readonly string[]): void {
  const unpriced = `(select 1 from llm_run_records x where ${ofRun('x', 'rec')} and x.cost_usd is null limit 1)`;
  const compared = asked.flatMap((text) => costCompared(text) ?? []);
  const known = new Filter(filter.values);
  for (const { sign, amount } of compared) known.where(`r.estimated_cost_usd ${sign} ?::numeric`, amount);
  if (compared.some(({ sign }) => sign.startsWith('<'))) known.always(`${unpriced} is null`);
  const of_unknown = asked.includes(unknown_amount) ? [`${unpriced} is not null`] : [];
  const either = [...(compared.length > 0 ? [`(${known.text})`] : []), ...of_unknown];
  if (either.length > 0) filter.always(`(${either.join(' or ')})`);
}

/** Runs with such a call, or without. As a value and not as `exists`, which would be made a join over all records. */
function withCall(
  filter: Filter,
  { model, provider }: CallsOf,
  both: 'and' | 'or',
  is: 'is not null' | 'is null',
): void {
  const of_call = [model && 'x.model = any(?)', provider && 'x.provider = any(?)'].filter(Boolean).join(` ${both} `);
  filter.where(
    `(select 1 from llm_run_records x where ${ofRun('x', 'rec')} and (${of_call}) limit 1) ${is}`,
    ...[model, provider].filter((names) => names !== undefined),
  );
}

/** A run, or undefined when it is not there or belongs to another project than the only one that may be seen. */
export async function findRun(
  tx: Tx,
  tenant_id: string,
  id: string,
  bound_to: string | null,
): Promise<Row | undefined> {
  const one = 'select r.* from runs r where r.tenant_id = $1 and r.id = $2 and ($3::text is null or r.project_id = $3)';
  const [run] = await described(tx, await tx.query(one, [tenant_id, id, bound_to]));
  return run;
}

/** Whether a run was begun with a key, or with one whose place that took. */
export async function isOfKey(tx: Tx, tenant_id: string, run_id: string, lineage_id: string): Promise<boolean> {
  const rows = await tx.query(
    `select from runs r join api_keys k on k.tenant_id = r.tenant_id and k.id = r.api_key_id
      where r.tenant_id = $1 and r.id = $2 and k.lineage_id = $3`,
    [tenant_id, run_id, lineage_id],
  );
  return rows.length > 0;
}

/** Which of the runs of its session a run is; undefined: of more than are counted. */
export async function placeInSession(tx: Tx, run: Row): Promise<{ nth: number; of: number } | undefined> {
  const rows = await tx.query<{ nth: number; of: number }>(
    `select count(*) filter (where id <= $3)::int as nth, count(*)::int as of from (
        select id from runs where tenant_id = $1 and session_id = $2 order by id limit ${most_counted + 1}) beside`,
    [run.tenant_id, run.session_id, run.id],
  );
  return rows.find(({ of }) => of <= most_counted);
}

/** What the parts of a run count up to. */
export async function countsOf(tx: Tx, tenant_id: string, run_id: string): Promise<Row> {
  const rows = await tx.query(
    `select (select count(*) from steps s where s.tenant_id = $1 and s.run_id = $2 and s.id >= $3) as steps_count,
        (select count(*) from decisions d where d.tenant_id = $1 and d.run_id = $2 and d.id >= $4) as decisions,
        (select count(*) from violations v where v.tenant_id = $1 and v.run_id = $2 and v.id >= $5) as violations`,
    [tenant_id, run_id, firstIdOf(run_id, 'step'), firstIdOf(run_id, 'decision'), firstIdOf(run_id, 'violation')],
  );
  return rows[0] ?? {};
}

/** Nothing of a run is older than this id: older partitions need not be looked at. An hour is for clocks that differ. */
export const firstIdOf = (run_id: string, kind: IdKind): string =>
  `${id_prefixes[kind]}_${firstSuffixAt(Math.max(0, instantOf(run_id) - 3_600_000))}`;
