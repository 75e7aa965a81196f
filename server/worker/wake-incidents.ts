import { escalationText } from '@aos/core/activity/escalation-text.ts';
import { instantText } from '@aos/core/base/time.ts';
import { act_rules, reopened } from '@aos/core/incidents/act.ts';
import type { Govern } from '../govern/govern.ts';
import { changeIncidents, incidentsEscalated, incidentsToWake, type Waking } from '../store/incidents.ts';
import { appendToLedger } from '../store/ledger.ts';
import { forEachTenant, type Job } from './define.ts';

/** Puts incidents back into the queue whose acknowledgement is over, that escalated, or that go on although resolved. */
export const wake_incidents: Job = { name: 'wake-incidents', every_ms: 5_000, run: forEachTenant(wake) };

const at_once = 500;

function whyOf({ why, escalates }: Waking): string {
  if (why === 'recurred') return 'it happened again after it was resolved';
  return why === 'escalated' && escalates
    ? `it escalated: ${escalationText(escalates)}`
    : 'its acknowledgement is over';
}

async function wake({ db, clock, makeId }: Govern, tenant_id: string): Promise<void> {
  const at = instantText(clock.now());
  await db.tenant(tenant_id, async (tx) => {
    const over = await incidentsToWake(tx, at, at_once);
    const is_over = new Set(over.map(({ id }) => id));
    const waking = [...over, ...(await incidentsEscalated(tx, at, at_once)).filter(({ id }) => !is_over.has(id))];
    if (waking.length === 0) return;
    const ids = waking.map(({ id }) => id);
    const after = new Map((await changeIncidents(tx, ids, reopened)).map((of) => [of.id, of]));
    const entries = waking.map(({ why, ...before }) => ({
      id: makeId('event'),
      event: act_rules.reopen.event,
      actor_type: 'system' as const,
      actor_id: 'aos',
      object_type: 'incident',
      object_id: before.id,
      api_key_id: null,
      agent_id: before.agent_id,
      project_id: before.project_id,
      run_id: before.source_run_id,
      before: { ...before },
      after: { ...(after.get(before.id) ?? before) },
      reason: whyOf({ why, ...before }),
      request_id: null,
      occurred_at: at,
    }));
    await appendToLedger(tx, tenant_id, entries);
  });
}
