import { bucket_ms } from '@aos/core/activity/metrics.ts';
import { type OutcomeBucket, type RunOutcomes, run_outcomes } from '@aos/core/activity/run-outcomes.ts';
import type { OutcomesQuery } from '@aos/core/api/activity.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Context } from '../http/handler.ts';
import { orTooMuch, readMany } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { countDecisions, countRuns, type OutcomeRow } from '../store/run-outcomes-read.ts';
import { run_sums } from '../store/run-sums.ts';
import { runsOfModel } from '../store/runs-of-model.ts';
import { runsOfText } from '../store/runs-of-text.ts';
import { summedOf } from '../store/sums.ts';
import { inTenant, nowText } from './change.ts';
import { rangeOf } from './metrics.ts';
import { visibleProject } from './read.ts';

/** The runs that a list of runs would have, counted over time, and what was decided meanwhile. */
export async function getOutcomes(query: OutcomesQuery, context: Context): Promise<RunOutcomes> {
  const { from_ms, to_ms, bucket } = rangeOf(query, context.deps.clock.now());
  const width_ms = bucket_ms[bucket];
  const [from, to] = [instantText(from_ms), instantText(to_ms)];
  const { tenant_id } = context.identity;
  const { runs, decisions } = await inTenant(context, async (tx) => {
    await readMany(tx);
    const [scope, of_model, of_text, summed] = await Promise.all([
      scopeOf(tx, tenant_id, visibleProject(context), query),
      runsOfModel(tx, tenant_id, query),
      runsOfText(tx, tenant_id, query.q),
      summedOf(tx, run_sums, tenant_id),
    ]);
    const asked = { ...query, from, to };
    const [runs, decisions] = await Promise.all([
      countRuns(tx, { tenant_id, scope, of_model, of_text, asked, bucket_ms: width_ms, summed }),
      countDecisions(tx, { tenant_id, scope, from, to, bucket_ms: width_ms }),
    ]);
    return { runs, decisions };
  }).catch((error: unknown) => {
    throw orTooMuch(error);
  });
  const buckets = new Map<string, OutcomeBucket>();
  for (let start_ms = Math.floor(from_ms / width_ms) * width_ms; start_ms < to_ms; start_ms += width_ms)
    buckets.set(instantText(start_ms), { runs: { ...no_runs }, decisions: { ...no_decisions } });
  const add = (part: keyof OutcomeBucket, rows: readonly OutcomeRow[]) => {
    for (const { bucket: start, outcome, n } of rows) Object.assign(buckets.get(start)?.[part] ?? {}, { [outcome]: n });
  };
  add('runs', runs);
  add('decisions', decisions);
  return run_outcomes.parse({
    from,
    to,
    bucket,
    buckets: [...buckets].map(([start, counts]) => ({ start, ...counts })),
    generated_at: nowText(context),
  });
}

const no_runs = { open: 0, succeeded: 0, failed: 0, failed_policy: 0, cancelled: 0 };
const no_decisions = { warn: 0, pause: 0, block: 0, kill: 0, shadow: 0 };
