import { instantText } from '@aos/core/base/time.ts';
import type { Approval } from '@aos/core/policies/approval.ts';
import type { Govern } from '../govern/govern.ts';
import { closedEntry } from '../govern/questions.ts';
import { approvalsDue, markTimedOut, withdrawMoot } from '../store/approvals.ts';
import { closeGate } from '../store/gate.ts';
import { appendToLedger } from '../store/ledger.ts';
import { forEachTenant, type Job } from './define.ts';

/**
 * Closes questions that nobody has to answer any more, marks those that nobody answered in time, and writes it down.
 * Calls are decided by the instant itself.
 */
export const time_out_approvals: Job = { name: 'time-out-approvals', every_ms: 2_000, run: forEachTenant(timeOut) };

async function timeOut(govern: Govern, tenant_id: string): Promise<void> {
  const { db, clock } = govern;
  const at = instantText(clock.now());
  if (!(await db.tenant(tenant_id, (tx) => approvalsDue(tx, at)))) return;
  await db.tenant(tenant_id, async (tx) => {
    await closeGate(tx, tenant_id);
    const withdrawn = await withdrawMoot(tx, at);
    const timed_out = await markTimedOut(tx, at);
    await appendToLedger(tx, tenant_id, [
      ...withdrawn.map((of) =>
        closedEntry(govern, of, 'LIMIT_APPROVAL_WITHDRAWN', 'there is room again, or the run has ended', at),
      ),
      ...timed_out.map((of) => closedEntry(govern, of, 'LIMIT_APPROVAL_TIMED_OUT', lateOf(of), at)),
    ]);
  });
}

const lateOf = ({ on_timeout, valid_until }: Approval): string =>
  `nobody decided in time: calls ${on_timeout === 'block' ? 'are refused' : 'pass'} until ${valid_until}`;
