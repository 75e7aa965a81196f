import { instantText } from '@aos/core/base/time.ts';
import { type Attempt, waitAfter } from '@aos/core/policies/delivery.ts';
import type { Tx } from '../base/database.ts';
import { chance } from '../base/deps.ts';
import { failpoint } from '../base/failpoint.ts';
import type { Govern } from '../govern/govern.ts';
import { tellOnce } from '../notifiers/tell.ts';
import { markFailing, markWell } from '../store/channels.ts';
import { type Claimed, channelsDue, claimDeliveries, writeAttempt } from '../store/deliveries.ts';
import { appendToLedger } from '../store/ledger.ts';
import { insertSystemRecord } from '../store/system-records.ts';
import { forEachTenant, type Job } from './define.ts';

/** Longer than an attempt takes: who has not written by then is dead. */
const lease_ms = 15_000;
/** Deliveries to one channel under way at a time in this process. */
const at_once = 10;

/** What is due is heard of at once; this finds what waited for its next attempt, or was left by a process that died. */
export const deliver: Job = { name: 'deliver', every_ms: 1_000, run: forEachTenant(deliverDue) };

/** Channels at which this process is at work: a slow one keeps nobody waiting but those behind it. */
const busy = new Set<string>();

/** Starts telling what is due for a tenant, channel by channel. */
export async function deliverDue(govern: Govern, tenant_id: string): Promise<void> {
  const due = await govern.db.tenant(tenant_id, (tx) => channelsDue(tx, instantText(govern.clock.now())));
  for (const channel_id of due) {
    if (busy.has(channel_id)) continue;
    busy.add(channel_id);
    deliverAll(govern, tenant_id, channel_id)
      .catch((error: Error) => govern.log.warn({ error: error.message, channel_id }, 'deliveries could not be made'))
      .finally(() => busy.delete(channel_id));
  }
}

async function deliverAll(govern: Govern, tenant_id: string, channel_id: string): Promise<void> {
  for (;;) {
    const at_ms = govern.clock.now();
    const until = instantText(at_ms + lease_ms);
    const asked = { channel_id, at: instantText(at_ms), until, owner: govern.instance_id, limit: at_once };
    const claimed = await govern.db.tenant(tenant_id, (tx) => claimDeliveries(tx, asked));
    if (claimed.length === 0) return;
    await Promise.all(claimed.map((of) => deliverOne(govern, tenant_id, channel_id, of)));
  }
}

async function deliverOne(govern: Govern, tenant_id: string, channel_id: string, of: Claimed): Promise<void> {
  failpoint(govern.config.failpoint, 'before_delivery');
  const n = of.attempts + 1;
  const { attempt, is_gone } = of.enabled
    ? await tellOnce(govern, { tenant_id, channel_id, ...of }, { ...of, n })
    : { attempt: disabled(govern, n), is_gone: true };
  failpoint(govern.config.failpoint, 'after_delivery');
  const wait_ms = attempt.error === null || is_gone ? null : waitAfter(n, chance());
  const next_attempt_at = wait_ms === null ? null : instantText(govern.clock.now() + wait_ms);
  const status = attempt.error === null ? 'delivered' : next_attempt_at === null ? 'dead' : 'pending';
  await govern.db.tenant(tenant_id, async (tx) => {
    const owner = govern.instance_id;
    if (!(await writeAttempt(tx, { id: of.id, owner, status, attempt, next_attempt_at }))) return;
    if (status === 'delivered') await tellWell(govern, tx, tenant_id, { ...of, channel_id });
    else await tellTrouble(govern, tx, tenant_id, { ...of, channel_id }, attempt, status === 'dead');
  });
}

const disabled = (govern: Govern, n: number): Attempt => ({
  ...{ n, at: instantText(govern.clock.now()), latency_ms: 0, status: null },
  error: 'the channel was disabled',
});

type Concerned = Pick<Claimed, 'id' | 'slug' | 'failing_since'> & { channel_id: string };

async function tellWell(govern: Govern, tx: Tx, tenant_id: string, of: Concerned): Promise<void> {
  if (of.failing_since === null || !(await markWell(tx, of.channel_id))) return;
  await note(govern, tx, tenant_id, of, 'DEGRADED_EXIT', `the channel "${of.slug}" delivers again`, {});
}

/** The first failure of a channel that was well, and every delivery that is given up, are for people to see. */
async function tellTrouble(
  govern: Govern,
  tx: Tx,
  tenant_id: string,
  of: Concerned,
  attempt: Attempt,
  is_dead: boolean,
): Promise<void> {
  const details = { delivery_id: of.id, attempts: attempt.n, error: attempt.error };
  if (await markFailing(tx, of.channel_id, attempt.at))
    await note(govern, tx, tenant_id, of, 'DEGRADED_ENTER', `the channel "${of.slug}" does not deliver`, details);
  if (!is_dead) return;
  const summary = `a delivery to the channel "${of.slug}" was given up: ${attempt.error}`;
  await note(govern, tx, tenant_id, of, 'ERROR', summary, details);
  await appendToLedger(tx, tenant_id, [
    {
      id: govern.makeId('event'),
      event: 'SIGNAL_DELIVERY_FAILED',
      ...{ actor_type: 'system', actor_id: 'aos', object_type: 'delivery', object_id: of.id },
      ...{ api_key_id: null, agent_id: null, project_id: null, run_id: null, before: null },
      after: { channel_id: of.channel_id, ...details },
      reason: summary,
      request_id: null,
      occurred_at: attempt.at,
    },
  ]);
}

const note = (
  govern: Govern,
  tx: Tx,
  tenant_id: string,
  of: Concerned,
  event_type: 'DEGRADED_ENTER' | 'DEGRADED_EXIT' | 'ERROR',
  summary: string,
  details: { [key: string]: string | number | null },
): Promise<void> =>
  insertSystemRecord(tx, {
    tenant_id,
    id: govern.makeId('event'),
    component: 'WORKER',
    event_type,
    severity: event_type === 'DEGRADED_EXIT' ? 'INFO' : 'WARN',
    summary,
    details: { channel_id: of.channel_id, ...details },
    caused_by: 'SYSTEM',
    correlation_id: of.id,
    occurred_at: instantText(govern.clock.now()),
  });
