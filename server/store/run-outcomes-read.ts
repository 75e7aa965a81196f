import type { Tx } from '../base/database.ts';
import { Filter, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';
import { late_runs } from './run-sums.ts';
import { foundBy } from './runs-of-text.ts';
import { askedRuns, type RunsAsked } from './runs-read.ts';
import { type Stretch, stretchesOf } from './stretches.ts';
import type { Summed } from './sums.ts';

export interface OutcomeRow {
  bucket: string;
  outcome: string;
  n: number;
}

export interface RunsOverTime extends RunsAsked {
  asked: RunsAsked['asked'] & { from: string; to: string };
  bucket_ms: number;
  /** What is summed up; null: nothing is. */
  summed: Summed | null;
}

/** How many runs of a list began in each bucket, by how they ended. In one statement: a run that ends meanwhile is one. */
export function countRuns(tx: Tx, of: RunsOverTime): Promise<OutcomeRow[]> {
  const values: unknown[] = [`${of.bucket_ms} milliseconds`];
  return tx.query<OutcomeRow>(
    `select date_bin($1, at, 'epoch') as bucket,
        case when status in ('queued', 'running', 'retry') then 'open' else status end as outcome, sum(n)::int as n
      from (${runPieces(values, of)}) runs group by 1, 2`,
    values,
  );
}

/** The runs of a list with what they are counted by, as rows of one and from sums; values go behind those there are. */
export function runPieces(values: unknown[], of: RunsOverTime): string {
  const pieces = runStretches(of).flatMap((stretch) =>
    stretch.width === 'row'
      ? rowsIn(values, of, stretch, 'runs r')
      : [sumsIn(values, of, stretch), ...besideSums(values, of, stretch)],
  );
  return pieces.join(' union all ');
}

/** Where it is asked for what sums do not know, all of the range is read from runs. */
function runStretches({ scope, of_model, of_text, asked, bucket_ms, summed }: RunsOverTime): Stretch[] {
  const { actor, api_key, session } = scope.ids;
  const { run_ids, with_call, without_call } = of_model;
  const is_summed =
    scope.is_synthetic === false &&
    [
      actor,
      api_key,
      session,
      run_ids,
      with_call,
      without_call,
      of_text,
      asked.hold,
      asked.policy,
      asked.risk,
      asked.cost,
      asked.elapsed,
    ].every((narrower) => narrower === undefined);
  return stretchesOf({ ...asked, bucket_ms }, is_summed ? summed : null);
}

/** What began in a stretch that is summed up, and is in none of its sums: what had not ended, and what is reported. */
function besideSums(values: unknown[], of: RunsOverTime, stretch: Stretch): string[] {
  const late = rowsIn(values, of, stretch, late_runs);
  const is_asked = of.asked.source === undefined || of.asked.source.includes('reported');
  return is_asked ? [late, `${rowsIn(values, of, stretch, 'runs r')} and r.mode = 'reported'`] : [late];
}

function rowsIn(values: unknown[], of: RunsOverTime, { from_ms, to_ms }: Stretch, table: string): string {
  const asked = { ...of.asked, from: instant(from_ms), to: instant(to_ms) };
  const filter = askedRuns(new Filter(values), { ...of, asked });
  if (of.of_text) filter.always(`(${foundBy(of.of_text, values).join(' or ')})`);
  const { text } = filter;
  return `select r.created_at as at, r.status, r.termination_reason, r.mode, r.agent_id, 1 as n from ${table} where ${text}`;
}

function sumsIn(values: unknown[], { tenant_id, scope, asked }: RunsOverTime, at: Stretch): string {
  const { text } = new Filter(values)
    .where('s.tenant_id = ?', tenant_id)
    .where('s.width = ?', at.width)
    .where('s.start >= ?', instant(at.from_ms))
    .where('s.start < ?', instant(at.to_ms))
    .named('s.agent_id', scope.ids.agent)
    .named('s.project_id', scope.ids.project)
    .among('s.status', asked.status)
    .among('s.termination_reason', asked.reason)
    .among('s.mode', asked.source);
  return `select s.start as at, s.status, s.termination_reason, s.mode, s.agent_id, s.runs as n from run_sums s where ${text}`;
}

const instant = (at_ms: number): string => new Date(at_ms).toISOString();

interface Of {
  tenant_id: string;
  scope: Scope;
  from: string;
  to: string;
  bucket_ms: number;
}

/** How many decisions fell into each bucket, by what was decided; plain allows have no row and are not counted. */
export function countDecisions(tx: Tx, of: Of): Promise<OutcomeRow[]> {
  const filter = new Filter().where('d.tenant_id = ?', of.tenant_id);
  inScope(filter, 'd', of.scope);
  within(filter, { id: 'd.id', kind: 'decision', at: 'd.decided_at' }, of.from, of.to);
  return tx.query<OutcomeRow>(
    `select date_bin($${filter.values.length + 1}, d.decided_at, 'epoch') as bucket,
        case when d.verdict = 'continue' then 'shadow' else d.verdict end as outcome, count(*)::int as n
      from decisions d
      where ${filter.text} and (d.verdict <> 'continue'
        or d.contributions @? '$[*] ? (@.fired == true && @.mode == "shadow" && @.verdict != "continue" && @.verdict != "warn")')
      group by 1, 2`,
    [...filter.values, `${of.bucket_ms} milliseconds`],
  );
}
