import type { RunEvent, TenantEvent } from '@aos/core/activity/event.ts';
import { run_event, tenant_event } from '@aos/core/activity/event.ts';
import { isObject, type Json } from '@aos/core/base/json.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { toldToCaller } from '@aos/core/policies/told.ts';
import type { LedgerChange, RunChanges, RunState, StepChange, TenantChanges } from '../store/run-events.ts';

/** An event before its schema has been through it. */
type Told = { type: string; at: string | null };

/**
 * What the stream of a run tells of its changes, in the order in which they happened; its end comes last. A key that
 * reads no more than its own runs is told what a caller is: nothing of incidents, nor how near its limits are.
 */
export function runEventsOf(public_url: string, changes: RunChanges, may_read: boolean): RunEvent[] {
  const { run, plan, planned, steps, decisions, incidents } = changes;
  const common = { run_id: run.id };
  const about = (id: string) => ({ id, url: consoleUrl(public_url, id) });
  const told: Told[] = [
    ...(plan ? [{ type: 'run.planned', ...about(run.id), ...common, at: plan.at, ...plan.plan }] : []),
    ...planned
      .filter((of) => of.started_at !== null)
      .map((of) => ({ type: 'step.started', ...about(run.id), ...common, ...of, at: of.started_at })),
    ...steps.flatMap((of) => [
      { type: 'step.ended', ...about(of.id), ...common, ...of, step_id: of.id, at: of.ended_at },
      ...(may_read ? tiersOf(of) : []).map((tier) => ({
        type: 'limit.near',
        ...about(of.id),
        ...common,
        ...tier,
        at: of.ended_at,
      })),
    ]),
    ...planned
      .filter((of) => of.ended_at !== null && of.step_id === null)
      .map((of) => ({
        ...{ type: 'step.ended', ...about(run.id), ...common, ...of, status: of.state, at: of.ended_at },
        ...{ verdict: null, cost_usd: null, duration_ms: null, decision_id: null },
      })),
    ...decisions.map(({ said, ...of }) => ({
      ...{ type: 'decision', ...about(of.id), ...common, ...of, at: of.decided_at },
      reason: said && (may_read ? said : toldToCaller(said)).reason,
    })),
    ...(may_read ? incidents : []).map(({ is_new, ...of }) => ({
      type: is_new ? 'incident.opened' : 'incident.changed',
      ...about(of.id),
      ...common,
      ...of,
    })),
  ];
  told.sort((a, b) => rank(a, b));
  const state = run.is_changed ? [stateOf(public_url, run, 'run.changed')] : [];
  const all = run.is_ended ? [...told, ...state] : [...state, ...told];
  return all.map((event) => run_event.parse(event));
}

const rank = (a: Told, b: Told) => ((a.at ?? '') < (b.at ?? '') ? -1 : (a.at ?? '') > (b.at ?? '') ? 1 : 0);

function stateOf(public_url: string, run: RunState, open_type: string): Told {
  const type = run.is_ended ? 'run.ended' : open_type;
  const at = run.ended_at ?? run.last_activity_at;
  return { type, url: consoleUrl(public_url, run.id), run_id: run.id, ...run, at } as Told;
}

const tiers = [50, 70, 90, 100];

/** The highest tier of each limit that this step crossed. */
function tiersOf({ holds }: StepChange) {
  if (!Array.isArray(holds)) return [];
  return holds.filter(isObject).flatMap((hold: { [key: string]: Json }) => {
    const [cap, before, posted] = ['cap', 'posted_before', 'posted'].map((name) => Number(hold[name] ?? 0));
    if (!cap || hold.type === 'concurrency') return [];
    const share = (used: number) => (used / cap) * 100;
    const was = share(before ?? 0);
    const used_percent = Math.round(share((before ?? 0) + (posted ?? 0)) * 10) / 10;
    const tier = tiers.findLast((of) => was < of && used_percent >= of);
    if (tier === undefined) return [];
    return [{ policy_id: String(hold.policy_id), control_id: String(hold.control_id), tier, used_percent }];
  });
}

/** What the stream of a tenant tells. */
export function tenantEventsOf(public_url: string, { runs, entries, is_behind }: TenantChanges, at: string) {
  const told = [
    ...runs.map(({ is_new, ...run }) => stateOf(public_url, run, is_new ? 'run.opened' : 'run.changed')),
    ...entries.map((entry) => entryOf(public_url, entry)),
  ].sort(rank);
  const all = is_behind ? [...told, { type: 'behind', at }] : told;
  return all.map((event): TenantEvent => tenant_event.parse(event));
}

function entryOf(public_url: string, entry: LedgerChange): Told {
  const { event, object_id, object_type, run_id, occurred_at: at } = entry;
  const about = { id: object_id, at, url: consoleUrl(public_url, object_id) };
  const after: { [key: string]: Json } = isObject(entry.after) ? entry.after : {};
  const text = (name: string) => (typeof after[name] === 'string' ? after[name] : null);
  if (object_type === 'decision')
    return {
      ...{ type: 'decision', ...about, run_id, reason: entry.reason },
      ...{ verdict: text('verdict'), code: text('code'), policy_id: text('policy_id') },
    } as Told;
  if (object_type === 'incident')
    return {
      ...{ type: event === 'INCIDENT_CREATED' ? 'incident.opened' : 'incident.changed', ...about, run_id },
      ...{ policy_id: text('policy_id') ?? text('violation_policy_id'), category: text('category') },
      ...{ severity: text('severity'), title: text('title') },
    } as Told;
  const type = object_type === 'policy' ? 'policy.changed' : object_type === 'alert' ? 'alert' : 'changed';
  return { type, ...about, event, object_type, object_id } as Told;
}
