import { type RunFacets, run_facets } from '@aos/core/activity/run-facets.ts';
import { ended_statuses, type FacetsQuery, live_statuses } from '@aos/core/api/activity.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { scopeOf } from '../store/list-scope.ts';
import { countedModels, countedRuns, facets_of_runs, facets_of_their_calls } from '../store/run-facets-read.ts';
import { run_sums } from '../store/run-sums.ts';
import { runsOfModel } from '../store/runs-of-model.ts';
import { runsOfText } from '../store/runs-of-text.ts';
import { summedOf } from '../store/sums.ts';
import { inTenant } from './change.ts';
import { readFacets } from './facets.ts';
import { visibleProject } from './read.ts';

const day_ms = 86_400_000;

/** What each filter of a list of runs would list, if it were set to each of its values. */
export async function getRunFacets(query: FacetsQuery, context: Context): Promise<RunFacets> {
  const { tenant_id } = context.identity;
  const now_ms = context.deps.clock.now();
  const [of_text, summed] = await inTenant(context, (tx) =>
    Promise.all([runsOfText(tx, tenant_id, query.q), summedOf(tx, run_sums, tenant_id)]),
  );
  const runsOf = async (tx: Tx, asked: FacetsQuery) => {
    const [scope, of_model] = await Promise.all([
      scopeOf(tx, tenant_id, visibleProject(context), asked),
      runsOfModel(tx, tenant_id, asked),
    ]);
    const range = { from: asked.from ?? instantText(0), to: asked.to ?? instantText(now_ms + day_ms) };
    return { tenant_id, scope, of_model, of_text, summed, asked: { ...asked, ...range, status: statusesOf(asked) } };
  };
  return run_facets.parse(
    await readFacets(context, query, [
      { facets: facets_of_runs, rows: async (tx, asked) => countedRuns(await runsOf(tx, asked)) },
      { facets: facets_of_their_calls, rows: async (tx, asked) => countedModels(await runsOf(tx, asked)) },
    ]),
  );
}

/** A list of runs that have ended, or have not, has only their statuses. */
function statusesOf({ status, part }: FacetsQuery): FacetsQuery['status'] {
  const all = part === 'live' ? live_statuses : part === 'completed' ? ended_statuses : undefined;
  return status ?? (all && [...all]);
}
