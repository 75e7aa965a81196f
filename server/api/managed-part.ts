import type { Json } from '@aos/core/base/json.ts';
import type { Row, Tx } from '../base/database.ts';
import { sealContext } from '../base/vault.ts';
import type { Context } from '../http/handler.ts';
import { findApiKey } from '../store/api-keys.ts';
import { managedFacts, plannedSteps } from '../store/managed-runs.ts';

const not_managed = {
  ...{ plan: null, plan_source: null, plan_steps: [], result: null, result_withheld: false, failure: null },
  ...{ retries: 0, retry_at: null },
};

/**
 * What a run has that a worker carries out. What its steps and the whole gave is content: it is kept sealed, and opened
 * only for the key that asked for the run, or what that was rotated to.
 */
export async function managedPart(tx: Tx, { deps, identity }: Context, run: Row) {
  const run_id = String(run.id);
  const facts = run.mode === 'managed' ? await managedFacts(tx, run_id) : undefined;
  if (!facts) return not_managed;
  const asked_by = await findApiKey(tx, facts.created_by);
  const is_theirs = asked_by?.lineage_id === identity.api_key.lineage_id;
  const opened = (envelope: string | null, table: string, id: string): Json =>
    envelope === null || !is_theirs
      ? null
      : (JSON.parse(deps.vault.open(envelope, sealContext(identity.tenant_id, table, id))) as Json);
  const { plan, plan_source, failure, retries, result_envelope } = facts;
  const steps = await plannedSteps(tx, run_id);
  return {
    ...{ plan, plan_source, failure, retries, retry_at: run.status === 'retry' ? facts.not_before : null },
    plan_steps: steps.map(({ output_envelope, ...step }) => ({
      ...step,
      depends_on: plan?.steps.find(({ id }) => id === step.name)?.depends_on ?? [],
      output: opened(output_envelope, 'planned_steps', `${run_id}.${step.name}`),
    })),
    result: opened(result_envelope, 'managed_runs', run_id),
    result_withheld: result_envelope !== null && !is_theirs,
  };
}
