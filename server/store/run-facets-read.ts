import type { RunFacets } from '@aos/core/activity/run-facets.ts';
import { agent_facet, type Counted, type FacetsOf } from './facets-read.ts';
import { Filter } from './list.ts';
import { type RunsOverTime, runPieces } from './run-outcomes-read.ts';
import { foundBy } from './runs-of-text.ts';
import { askedRuns, ofRun } from './runs-read.ts';

type Of = Omit<RunsOverTime, 'bucket_ms'>;

/** What stands of a run in its own row and in the sums. */
export const facets_of_runs: Omit<FacetsOf<RunFacets>, 'model'> = {
  status: { column: 'status' },
  reason: { column: 'termination_reason' },
  source: { column: 'mode' },
  agent: agent_facet,
};

/** What stands in the records of its calls. */
export const facets_of_their_calls: Pick<FacetsOf<RunFacets>, 'model'> = { model: { column: 'model' } };

export function countedRuns(of: Of): Counted {
  const values: unknown[] = [];
  return { from: `(${runPieces(values, { ...of, bucket_ms: day_ms })}) runs`, values, n: 'sum(n)' };
}

/** Each is looked up by itself. */
const newest_runs = 2_000;

/** A row for each run and each model that it called. */
export function countedModels(of: Of): Counted {
  const values: unknown[] = [];
  const filter = askedRuns(new Filter(values), of);
  if (of.of_text) filter.always(`(${foundBy(of.of_text, values).join(' or ')})`);
  const models = `select distinct x.model from llm_run_records x where ${ofRun('x', 'rec')}`;
  const newest = `(select * from runs r where ${filter.text} order by r.id desc limit ${newest_runs}) r`;
  return {
    from: `runs r cross join lateral (${models}) m where ${filter.text}`,
    values,
    newest: { rows: newest_runs, from: `${newest} cross join lateral (${models}) m` },
  };
}

const day_ms = 86_400_000;
