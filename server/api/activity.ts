import { run_detail } from '@aos/core/activity/run-detail.ts';
import { run_object } from '@aos/core/activity/run-object.ts';
import { step } from '@aos/core/activity/step.ts';
import { trace, trace_with_steps } from '@aos/core/activity/trace.ts';
import type { activity_endpoints } from '@aos/core/api/activity.ts';
import type { PageQuery } from '@aos/core/base/page.ts';
import type { Row } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { keyNameShown } from '../store/api-keys.ts';
import { cursorOf, readList } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { pauseShown } from '../store/pauses.ts';
import { runsOfModel } from '../store/runs-of-model.ts';
import { runsOfText } from '../store/runs-of-text.ts';
import { countsOf, placeInSession, type RunsFilter, runsListing } from '../store/runs-read.ts';
import { killShown } from '../store/stops.ts';
import { findTrace, stepsListing } from '../store/traces-read.ts';
import { found, inTenant } from './change.ts';
import { getDecision, listRunDecisions } from './decisions.ts';
import { managedPart } from './managed-part.ts';
import { getMetrics } from './metrics.ts';
import { mayRead, pageOf, readPage, urlOf, visibleProject, visibleRun } from './read.ts';
import { getRunFacets } from './run-facets.ts';
import { getOutcomes } from './run-outcomes.ts';

export const activity_handlers: Handlers<typeof activity_endpoints> = {
  listLiveRuns: ({ query }, context) => runs(context, query, 'live'),
  listCompletedRuns: ({ query }, context) => runs(context, query, 'ended'),
  listRuns: ({ query }, context) => runs(context, query, 'all'),
  getMetrics: ({ query }, context) => getMetrics(query, context),

  getOutcomes: ({ query }, context) => getOutcomes(query, context),

  getRunFacets: ({ query }, context) => getRunFacets(query, context),

  getRun: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const run = await visibleRun(tx, context, params.id);
      const { tenant_id } = context.identity;
      const may_read = mayRead(context);
      const own = visibleProject(context);
      const [of_trace, counts, pause, kill, api_key_name, place] = await Promise.all([
        findTrace(tx, tenant_id, params.id),
        countsOf(tx, tenant_id, params.id),
        run.hold === 'paused' ? pauseShown(tx, params.id, { own, may_read }) : undefined,
        run.ended_at === null ? undefined : killShown(tx, params.id, { own, may_read }),
        keyNameShown(tx, String(run.api_key_id), own),
        run.session_id === null ? undefined : placeInSession(tx, run),
      ]);
      const parts = {
        api_key_name,
        session_place: place ?? null,
        pause: pause ?? null,
        kill: kill ?? null,
        ...(await managedPart(tx, context, run)),
      };
      return detailOf(context, { ...run, ...parts }, of_trace, counts);
    }),

  getTrace: ({ params }, context) =>
    inTenant(context, async (tx) => {
      await visibleRun(tx, context, params.id);
      const of = { tenant_id: context.identity.tenant_id, run_id: params.id };
      const [of_trace, steps] = await Promise.all([
        findTrace(tx, of.tenant_id, params.id),
        readList(tx, stepsListing(of), { limit: steps_shown, cursor: null }),
      ]);
      const row = found(of_trace, 'trace of this run', '/api/v1/runs');
      const parts = { steps: steps.rows.map(showStep(context)), next_cursor: steps.next_cursor };
      return trace_with_steps.parse({ ...row, ...parts, url: urlOf(context, params.id) });
    }),

  listSteps: ({ params, query }, context) =>
    inTenant(context, async (tx) => {
      const page = { limit: query.limit, cursor: cursorOf('step', query.cursor) };
      await visibleRun(tx, context, params.id);
      const listing = stepsListing({ tenant_id: context.identity.tenant_id, run_id: params.id });
      return pageOf(context, await readList(tx, listing, page), showStep(context));
    }),

  listRunDecisions: ({ params, query }, context) =>
    inTenant(context, async (tx) => {
      await visibleRun(tx, context, params.id);
      return listRunDecisions(tx, context, params.id, query);
    }),

  getDecision: ({ params }, context) => inTenant(context, (tx) => getDecision(tx, context, params.id)),
};

const steps_shown = 200;

type Query = RunsFilter &
  PageQuery &
  Parameters<typeof scopeOf>[3] &
  Parameters<typeof runsOfModel>[2] & { q?: string | undefined };

function runs(context: Context, query: Query, part: 'live' | 'ended' | 'all') {
  const { tenant_id } = context.identity;
  return readPage(
    context,
    { limit: query.limit, cursor: cursorOf('run', query.cursor) },
    async (tx) => {
      const scope = scopeOf(tx, tenant_id, visibleProject(context), query);
      const [ids, of_model, of_text] = await Promise.all([
        scope,
        runsOfModel(tx, tenant_id, query),
        runsOfText(tx, tenant_id, query.q),
      ]);
      return { scope: ids, of_model, of_text };
    },
    (narrowed) => runsListing({ tenant_id, ...narrowed, asked: query, part }),
    (row) => run_object.parse({ ...row, url: urlOf(context, row.id) }),
  );
}

/** The step on the page of its run. */
const showStep = (context: Context) => (row: Row) =>
  step.parse({ ...row, url: `${urlOf(context, row.run_id)}?step=${row.id}` });

function detailOf(context: Context, run: Row, of_trace: Row | undefined, { steps_count, ...counts }: Row) {
  const { calls, refused_calls, input_tokens, output_tokens, estimated_cost_usd, incident_ids } = run;
  const path = `/api/v1/runs/${run.id}`;
  const totals = { calls, refused_calls, input_tokens, output_tokens, cost_usd: estimated_cost_usd, ...counts };
  return run_detail.parse({
    ...run,
    trace: of_trace ? trace.parse({ ...of_trace, url: urlOf(context, run.id) }) : null,
    steps_count,
    totals: { ...totals, incidents: Array.isArray(incident_ids) ? incident_ids.length : 0 },
    links: {
      trace: `${path}/trace`,
      steps: `${path}/steps`,
      decisions: `${path}/decisions`,
      records: `/api/v1/logs/llm-runs?run=${run.id}`,
      ledger: `/api/v1/logs/audit?run=${run.id}`,
    },
    url: urlOf(context, run.id),
  });
}
