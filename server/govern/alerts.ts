import { type Call, isSynthetic } from '@aos/core/activity/call.ts';
import type { Json } from '@aos/core/base/json.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { instantText } from '@aos/core/base/time.ts';
import { alertWindow, tiersCrossed, tiersOf, tiersReached } from '@aos/core/policies/alert.ts';
import { alertSentence } from '@aos/core/policies/alert-sentence.ts';
import { channelsOf, tellableAt, whole_limit } from '@aos/core/policies/alert-settings.ts';
import { console_channel } from '@aos/core/policies/channel.ts';
import type { Control } from '@aos/core/policies/control.ts';
import type { LimitOf, LimitType } from '@aos/core/policies/limits/define.ts';
import { amountOf, type Line, type Seen } from '@aos/core/policies/reserve.ts';
import type { Matched } from '@aos/core/policies/resolve.ts';
import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { type AlertRow, insertAlerts } from '../store/alerts.ts';
import { insertDeliveries, type NewDelivery } from '../store/deliveries.ts';
import { appendFired, type LedgerEntry } from '../store/ledger.ts';

/** An alert that is due, whom to tell it, and its entry in the ledger: written together, or not at all when it was told before. */
export interface DueAlert {
  row: AlertRow;
  ledger: LedgerEntry;
  deliveries: NewDelivery[];
}

/** What reached a tier: the balance of a limit as it stands then. */
export interface Reached extends Pick<Matched, 'policy' | 'control'> {
  limit: LimitOf;
  type: LimitType;
  subject: string;
  max: bigint;
  posted: bigint;
  pending: bigint;
}

/** The call that a tier was reached by; null for each where no single call did. */
export interface Cause {
  decision_id: string | null;
  run_id: string | null;
  project_id: string | null;
  agent_id: string | null;
  actor_id: string | null;
  api_key_id: string | null;
  is_synthetic: boolean;
}

export const no_cause: Cause = {
  ...{ decision_id: null, run_id: null, project_id: null },
  ...{ agent_id: null, actor_id: null, api_key_id: null, is_synthetic: false },
};

/** Those that are not known to be told. */
export const untold = (alerts: readonly DueAlert[]): readonly DueAlert[] =>
  alerts.length === 0 ? alerts : alerts.filter(({ row }) => !told.has(nameOf(row)));

/** The call as what brought about an alert. */
export const causeOf = ({ asker }: Call, decision_id: string): Cause => ({
  decision_id,
  run_id: asker.run_id,
  project_id: asker.project.id,
  agent_id: asker.agent?.id ?? null,
  actor_id: asker.actor?.id ?? null,
  api_key_id: asker.api_key.id,
  is_synthetic: isSynthetic(asker),
});

/** Nearly every call. */
const none: readonly DueAlert[] = [];

/** Tiers that this process knows to be told; a limit that refuses a thousand calls is asked about once. */
const told = new Set<string>();
const told_max = 50_000;

const nameOf = (of: Pick<AlertRow, 'control_id' | 'subject' | 'window_start' | 'tier'>): string =>
  `${of.control_id} ${of.subject} ${of.window_start} ${of.tier}`;

/** Remembers alerts whose transaction was committed. */
export function rememberTold(alerts: readonly DueAlert[]): void {
  if (told.size > told_max) told.clear();
  for (const { row } of alerts) told.add(nameOf(row));
}

/**
 * The alerts that one call brings about. An admitted call raises each balance by what is held for it: the one whose hold
 * passes a tier tells it. A limit that a call would have passed has been reached, whatever its action does.
 */
export function alertsOfCall(
  deps: Deps,
  tenant_id: string,
  of: {
    lines: readonly Line[];
    seen: readonly Seen[];
    timed: readonly { line: Line; seen: Seen }[];
    output_bound: number;
    held: boolean;
  },
  cause: Cause,
  at_ms: number,
): readonly DueAlert[] {
  let due: DueAlert[] | null = null;
  const tell = (line: Line, seen: Seen, tiers: readonly number[], held: bigint) => {
    for (const tier of tiers) {
      const { key, ...rest } = line;
      const window_start = instantText(alertWindow(line.limit, at_ms).start_ms);
      if (told.has(nameOf({ ...key, window_start, tier }))) continue;
      const reached = { ...rest, subject: key.subject, posted: seen.posted, pending: seen.pending + held };
      due = [...(due ?? []), tierAlert(deps, tenant_id, reached, tier, cause, at_ms)];
    }
  };
  for (const [n, line] of of.lines.entries()) {
    const seen = of.seen[n];
    const tiers = tiersOf(line.control);
    const [lowest = whole_limit] = tiers;
    if (!seen || tiers.length === 0) continue;
    const before = seen.posted + seen.pending;
    const asked = amountOf(line, of.output_bound);
    // Most calls end here: below the lowest tier.
    if ((before + asked) * 100n < line.max * BigInt(lowest)) continue;
    const after = of.held ? before + asked : before;
    const crossed = tiersCrossed(tiers, line.max, before, after);
    const fired = before + asked > line.max && !crossed.includes(whole_limit);
    tell(line, seen, fired ? [...crossed, whole_limit] : crossed, of.held ? asked : 0n);
  }
  for (const { line, seen } of of.timed)
    tell(line, seen, tiersReached(tiersOf(line.control), line.max, seen.posted), 0n);
  return due ?? none;
}

/** That a balance reached a tier. */
export function tierAlert(
  deps: Deps,
  tenant_id: string,
  reached: Reached,
  tier: number,
  cause: Cause,
  at_ms: number,
): DueAlert {
  return dueAlert(deps, tenant_id, reached, { kind: 'tier', tier, empties_at: null }, cause, at_ms);
}

/** That a limit will be spent before its window ends. */
export function forecastAlert(
  deps: Deps,
  tenant_id: string,
  reached: Reached,
  empties_at: string,
  at_ms: number,
): DueAlert {
  return dueAlert(deps, tenant_id, reached, { kind: 'forecast', tier: null, empties_at }, no_cause, at_ms);
}

function dueAlert(
  deps: Deps,
  tenant_id: string,
  of: Reached,
  what: Pick<AlertRow, 'kind' | 'tier' | 'empties_at'>,
  cause: Cause,
  at_ms: number,
): DueAlert {
  const { policy, control, limit, type, subject } = of;
  const { start_ms, end_ms } = alertWindow(limit, at_ms);
  const show = (amount: bigint) => String(type.show(amount, limit));
  const at = instantText(at_ms);
  const channels = [...channelsOf(control.alerts, what.tier)];
  const tell_ms = tellableAt(control.alerts, what.tier, at_ms);
  const requires_ack = control.alerts?.requires_ack ?? false;
  const row: AlertRow = {
    tenant_id,
    id: deps.makeId('alert'),
    ...what,
    status: requires_ack ? 'open' : 'noted',
    text: alertSentence({ ...of, policy_name: policy.document.name, ...what }),
    policy_id: policy.id,
    policy_name: policy.document.name,
    policy_version: policy.version,
    control_id: control.id,
    mode: policy.mode,
    action: control.action,
    limit_type: limit.type,
    subject,
    unit: type.unit,
    limit_value: show(of.max),
    used: show(of.posted),
    reserved: show(of.pending),
    window_start: instantText(start_ms),
    window_end: end_ms === null ? null : instantText(end_ms),
    ...cause,
    event_id: deps.makeId('event'),
    channels,
    requires_ack,
    fired_at: at,
    ...{ acknowledged_at: null, acknowledged_by: null, acknowledge_reason: null, repeats: 0, repeat_at: null },
  };
  row.repeat_at = repeatAt(control, row, tell_ms);
  return { row, ledger: entryOf(row), deliveries: deliveriesOf(deps, row, { at, due_at: instantText(tell_ms) }) };
}

/** When a tier that is told outside at this instant is told again; null: never. */
export function repeatAt({ alerts }: Pick<Control, 'alerts'>, row: Told, tell_ms: number): string | null {
  const minutes = alerts?.repeat_minutes;
  if (!minutes || row.kind !== 'tier' || toldOver(row).every((of) => of === console_channel)) return null;
  return instantText(tell_ms + minutes * 60_000);
}

type Told = Pick<AlertRow, 'kind' | 'mode' | 'is_synthetic' | 'channels'>;

/** A policy in shadow tells nobody outside, nor does what a demo or scenario made: those alerts are for those who look. */
function toldOver({ mode, is_synthetic, channels }: Told): string[] {
  const is_inside = mode === 'shadow' || is_synthetic;
  return [...new Set(is_inside ? channels.filter((of) => of === console_channel) : channels)];
}

/** What is told over each channel, written now and sent when it is due. */
function deliveriesOf(deps: Deps, row: AlertRow, when: { at: string; due_at: string }): NewDelivery[] {
  const channels = toldOver(row);
  if (channels.length === 0) return [];
  const { tenant_id: _, repeat_at: __, ...data } = row;
  const still = row.repeats > 0 ? 'still ' : '';
  const notice = {
    type: row.kind === 'tier' ? ('limit.tier_reached' as const) : ('limit.forecast' as const),
    timestamp: when.at,
    title:
      row.kind === 'tier' ? `${row.policy_name}: ${row.tier} % ${still}reached` : `${row.policy_name}: runs out early`,
    text: row.text,
    url: consoleUrl(deps.config.public_url, row.id),
    data,
  };
  return channels.map((channel) => ({
    id: deps.makeId('delivery'),
    alert_id: row.id,
    channel,
    notice,
    ...when,
  }));
}

/** What is told outside of a tier that was told before and is still reached, with its amounts as they are now. */
export function repeatedDeliveries(
  deps: Deps,
  told: AlertRow,
  of: Reached,
  when: { at: string; due_at: string },
): NewDelivery[] {
  const { limit, type, policy } = of;
  const show = (amount: bigint) => String(type.show(amount, limit));
  const sentence = { kind: told.kind, tier: told.tier, empties_at: told.empties_at, again: true };
  const now: AlertRow = {
    ...told,
    repeats: told.repeats + 1,
    limit_value: show(of.max),
    used: show(of.posted),
    reserved: show(of.pending),
    text: alertSentence({ ...of, policy_name: policy.document.name, ...sentence }),
    channels: told.channels.filter((channel) => channel !== console_channel),
  };
  return deliveriesOf(deps, now, when);
}

function entryOf(row: AlertRow): LedgerEntry {
  const { tenant_id: _, repeats: __, repeat_at: ___, ...after } = row;
  return {
    id: row.event_id,
    event: row.kind === 'tier' ? 'LIMIT_TIER_REACHED' : 'LIMIT_FORECAST',
    ...{ actor_type: 'system', actor_id: 'aos' },
    object_type: 'alert',
    object_id: row.id,
    ...{ api_key_id: row.api_key_id, agent_id: row.agent_id, project_id: row.project_id, run_id: row.run_id },
    before: null,
    after: after as unknown as Json,
    reason: row.text,
    request_id: null,
    occurred_at: row.fired_at,
  };
}

/** Sends the statements that write alerts; their transaction is the one of what brought them about. */
export async function writeAlerts(tx: Tx, tenant_id: string, alerts: readonly DueAlert[]): Promise<void> {
  if (alerts.length === 0) return;
  const due = [...new Map(alerts.map((of) => [of.row.id, of])).values()];
  const rows = due.map(({ row }) => row);
  const entries = due.map(({ ledger }) => ledger);
  const deliveries = due.flatMap((of) => of.deliveries);
  await Promise.all([insertAlerts(tx, rows), insertDeliveries(tx, deliveries), appendFired(tx, tenant_id, entries)]);
}
