import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Approval } from '@aos/core/policies/approval.ts';
import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { type AskedBy, isAskedAbout, withdrawOfRuns } from '../store/approvals.ts';
import { closeGate } from '../store/gate.ts';
import { appendToLedger, type LedgerEntry } from '../store/ledger.ts';

/**
 * Closes the gate of the tenant where a person is asked about one of these runs, for an open question is part of what
 * decides about calls. To be called before the rows of the runs are taken.
 */
export async function closeGateIfAsked(
  tx: Tx,
  tenant_id: string,
  run_ids: readonly string[],
  by: AskedBy = 'runs',
): Promise<void> {
  if (await isAskedAbout(tx, run_ids, by)) await closeGate(tx, tenant_id);
}

/** Withdraws what people are asked about runs that have just been ended, and writes it down. */
export async function withdrawQuestions(
  deps: Deps,
  tx: Tx,
  tenant_id: string,
  run_ids: readonly string[],
  by: AskedBy = 'runs',
): Promise<void> {
  const at = instantText(deps.clock.now());
  const withdrawn = await withdrawOfRuns(tx, run_ids, by, at);
  const entries = withdrawn.map((of) => closedEntry(deps, of, 'LIMIT_APPROVAL_WITHDRAWN', 'its run has ended', at));
  await appendToLedger(tx, tenant_id, entries);
}

/** What the ledger says of a question that was closed without a person. */
export const closedEntry = (
  { makeId }: Pick<Deps, 'makeId'>,
  of: Approval,
  event: string,
  reason: string,
  at: string,
): LedgerEntry => ({
  id: makeId('event'),
  event,
  actor_type: 'system',
  actor_id: 'aos',
  object_type: 'approval',
  object_id: of.id,
  api_key_id: null,
  agent_id: of.agent_id,
  project_id: of.project_id,
  run_id: of.run_id,
  before: { status: 'pending' },
  after: of as unknown as Json,
  reason,
  request_id: null,
  occurred_at: at,
});
