import type { run_step_endpoints } from '@aos/core/api/run-steps.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Handlers } from '../http/handler.ts';
import { reportSteps } from '../runs/report-steps.ts';
import { findApiKey } from '../store/api-keys.ts';
import { found, inTenant } from './change.ts';
import { seenRun } from './runs.ts';

export const run_step_handlers: Handlers<typeof run_step_endpoints> = {
  async reportSteps({ params, body }, context) {
    const { deps, identity, request_id } = context;
    const run = await inTenant(context, async (tx) => {
      const seen = await seenRun(tx, context, params.id);
      const asked_by = await findApiKey(tx, seen.api_key_id);
      // Another key, or one that is bound to other agents, has no such run.
      const is_theirs = asked_by?.lineage_id === identity.api_key.lineage_id;
      const acts = identity.agent_ids.length === 0 || identity.agent_ids.includes(seen.agent_id ?? '');
      return found(is_theirs && acts ? seen : undefined, 'run', '/api/v1/runs');
    });
    if (run.mode !== 'external')
      throw new Problem('conflict', `The run ${run.id} is ${run.mode}: only external agents say what they do.`);
    if (run.ended_at !== null)
      throw new Problem('conflict', `The run ${run.id} has ended: no step of it is taken any more.`);
    return reportSteps(deps, { identity, request_id, run: { ...run, run_id: run.id }, steps: body.steps });
  },
};
