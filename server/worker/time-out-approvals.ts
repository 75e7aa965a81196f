import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Govern } from '../govern/govern.ts';
import { approvalsDue, markTimedOut } from '../store/approvals.ts';
import { closeGate } from '../store/gate.ts';
import { appendToLedger } from '../store/ledger.ts';
import { forEachTenant, type Job } from './define.ts';

/** Marks questions that nobody answered in time, and writes it down. Calls are decided by the instant itself. */
export const time_out_approvals: Job = { name: 'time-out-approvals', every_ms: 2_000, run: forEachTenant(timeOut) };

async function timeOut({ db, clock, makeId }: Govern, tenant_id: string): Promise<void> {
  const at = instantText(clock.now());
  if (!(await db.tenant(tenant_id, (tx) => approvalsDue(tx, at)))) return;
  await db.tenant(tenant_id, async (tx) => {
    await closeGate(tx, tenant_id);
    const timed_out = await markTimedOut(tx, at);
    await appendToLedger(
      tx,
      tenant_id,
      timed_out.map((of) => ({
        id: makeId('event'),
        event: 'LIMIT_APPROVAL_TIMED_OUT',
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
        reason: `nobody decided in time: calls ${of.on_timeout === 'block' ? 'are refused' : 'pass'} until ${of.valid_until}`,
        request_id: null,
        occurred_at: at,
      })),
    );
  });
}
