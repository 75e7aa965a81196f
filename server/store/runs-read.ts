import type { RunsQuery } from '@aos/core/api/activity.ts';
import { firstSuffixAt, type IdKind, id_prefixes, instantOf } from '@aos/core/base/id.ts';
import type { Row, Tx } from '../base/database.ts';
import { askerSlugs } from './asker-names.ts';
import { Filter, type Listing, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';
import type { CallsOf, RunsOfModel } from './runs-of-model.ts';

/** Runs with the names of who asked, and the way to their traces and incidents; newest first. */
const described = (rows: string): string => `
  select r.*, ${askerSlugs('r')}, 'trc' || substr(r.id, 4) as trace_id, r.mode as source,
      (select s.external_id from sessions s where s.tenant_id = r.tenant_id and s.id = r.session_id) as session_external_id,
      array(select i.id from incidents i where i.tenant_id = r.tenant_id and i.source_run_id = r.id order by i.id) as incident_ids
    from (${rows}) r order by r.id desc`;

/** In these words, so that the partial indexes on them are found. */
const is_open = "r.status in ('queued', 'running', 'retry')";

export type RunsFilter = Pick<RunsQuery, 'source' | 'reason' | 'risk' | 'status' | 'from' | 'to'>;

export interface RunsAsked {
  tenant_id: string;
  scope: Scope;
  of_model: RunsOfModel;
  asked: RunsFilter;
}

/** Runs, newest first: those that have not ended, those that have, or all. */
export function runsListing({ part, ...of }: RunsAsked & { part: 'live' | 'ended' | 'all' }): Listing {
  const { run_ids: ids } = of.of_model;
  const filter = askedRuns(new Filter(), { ...of, of_model: { ...of.of_model, run_ids: undefined } });
  if (part === 'live') filter.always(is_open);
  const is_ended_anyway = of.asked.status !== undefined || of.asked.reason !== undefined;
  const without = part === 'ended' && !is_ended_anyway ? is_open : undefined;
  return { table: 'runs r', id: 'r.id', order: 'newest', filter, without, ids, around: described };
}

/** Narrows a list whose runs are called `r` to those that are asked for. */
export function askedRuns(filter: Filter, { tenant_id, scope, of_model, asked }: RunsAsked): Filter {
  filter.where('r.tenant_id = ?', tenant_id);
  inScope(filter, 'r', scope);
  within(filter, { id: 'r.id', kind: 'run', at: 'r.created_at' }, asked.from, asked.to);
  filter.among('r.status', asked.status).among('r.termination_reason', asked.reason).among('r.mode', asked.source);
  filter.where('r.id = any(?)', of_model.run_ids);
  const { with_call, without_call } = of_model;
  if (with_call) withCall(filter, with_call, 'and', 'is not null');
  if (without_call) withCall(filter, without_call, 'or', 'is null');
  return filter.where(
    'r.id in (select i.source_run_id from incidents i where i.tenant_id = ? and i.severity = any(?))',
    ...[tenant_id, asked.risk],
  );
}

/**
 * Runs with such a call, or without. As a value and not as `exists`, which would be made a join over all records; the
 * records of a run are not older than it, so older partitions are left out.
 */
function withCall(
  filter: Filter,
  { model, provider }: CallsOf,
  both: 'and' | 'or',
  is: 'is not null' | 'is null',
): void {
  const of_call = [model && 'x.model = any(?)', provider && 'x.provider = any(?)'].filter(Boolean).join(` ${both} `);
  filter.where(
    `(select 1 from llm_run_records x where x.tenant_id = r.tenant_id and x.run_id = r.id
      and x.id > 'rec' || left(substr(r.id, 4), 10) and (${of_call}) limit 1) ${is}`,
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
  const rows = await tx.query(described(one), [tenant_id, id, bound_to]);
  return rows[0];
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
