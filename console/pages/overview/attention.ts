import type { Item } from '../../api.ts';
import { gaugesOf, type Limit } from '../../parts/gauge.ts';
import { plainWords } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import type { Tone } from '../../ui/Chip.tsx';
import { amountText, relativeText } from '../../ui/format.ts';
import type { GlyphName } from '../../ui/Glyph.tsx';

/** Something that a person should look at. */
export interface Matter {
  key: string;
  /** 3: critical, 2: high, 1: medium, 0: when there is time. */
  severity: 0 | 1 | 2 | 3;
  /** Milliseconds until it does harm; 0: it does already. */
  impact_ms: number;
  tone: Tone;
  glyph: GlyphName;
  word: string;
  text: string;
  href: string;
  act: string;
}

export interface Known {
  incidents: readonly Item<'listIncidents'>[];
  limits: readonly Limit[];
  approvals: readonly Item<'listApprovals'>[];
  paused: readonly Item<'listLiveRuns'>[];
  policies: readonly Item<'listPolicies'>[];
  keys: readonly Item<'listApiKeys'>[];
  dead: readonly Item<'listDeliveries'>[];
  unpriced_calls: number;
}

const never_ms = Number.MAX_SAFE_INTEGER;
const day_ms = 86_400_000;

/** What needs attention: the gravest first, and of those alike what does harm soonest. */
export function mattersOf(known: Known, now_ms: number): Matter[] {
  const matters = [
    ...incidentMatters(known.incidents),
    ...known.limits.flatMap((limit) => limitMatters(limit, now_ms)),
    ...approvalMatters(known.approvals, now_ms),
    ...pausedMatters(known.paused),
    ...shadowMatters(known.policies, now_ms),
    ...keyMatters(known.keys, now_ms),
    ...restMatters(known),
  ];
  return matters.sort((a, b) => b.severity - a.severity || a.impact_ms - b.impact_ms || (a.key < b.key ? -1 : 1));
}

const ranks = { LOW: 0, MEDIUM: 1, HIGH: 2, CRITICAL: 3 } as const;

/** Incidents of one policy, agent and category are one matter, as grave as the gravest. */
function incidentMatters(incidents: Known['incidents']): Matter[] {
  const groups = new Map<string, Item<'listIncidents'>[]>();
  for (const one of incidents) {
    const { violation_policy_id, agent_id, category } = one as OneIncident;
    const key = `${violation_policy_id} ${agent_id} ${category}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups].map(([key, of]) => {
    const all = of as unknown as OneIncident[];
    const worst = all.reduce((a, b) => (ranks[b.severity] > ranks[a.severity] ? b : a));
    const severity = ranks[worst.severity];
    const who = worst.agent_slug ? ` by ${worst.agent_slug}` : '';
    return {
      key: `incident ${key}`,
      severity,
      impact_ms: 0,
      tone: severity === 3 ? 'solid' : severity === 2 ? 'crit' : severity === 1 ? 'outline-warn' : 'neutral',
      glyph: severity >= 2 ? 'square' : severity === 1 ? 'triangle' : 'circle',
      word: plainWords(worst.severity),
      text: `${all.length === 1 ? '' : `${all.length} × `}${worst.policy_name ? `${worst.policy_name}: ${plainWords(worst.category).toLowerCase()}` : plainWords(worst.category)}${who}`,
      href: hrefOf(worst.id),
      act: 'Review',
    };
  });
}

interface OneIncident {
  id: string;
  violation_policy_id: string;
  policy_name: string | null;
  agent_id: string | null;
  agent_slug: string | null;
  category: string;
  severity: keyof typeof ranks;
}

/** Limits that are full, or will be before they are reset. */
function limitMatters(limit: Limit, now_ms: number): Matter[] {
  if (limit.status !== 'active') return [];
  return gaugesOf(limit).flatMap((gauge) => {
    const is_full = Number(gauge.remaining) <= 0 && Number(gauge.cap) > 0;
    const empties_ms = gauge.empties_at === null ? null : Date.parse(gauge.empties_at);
    const resets_ms = gauge.resets_at === null ? never_ms : Date.parse(gauge.resets_at);
    const runs_out = empties_ms !== null && empties_ms < resets_ms && empties_ms - now_ms < day_ms;
    // What a single run has used up has ended with it, and is told as its incident.
    if (gauge.subject.startsWith('run_') || (!is_full && !runs_out)) return [];
    const used = `${amountText(gauge.posted, gauge.unit)} of ${amountText(gauge.cap, gauge.unit)}`;
    const whose = gauge.subject === '*' ? '' : ` for ${gauge.subject}`;
    const when = is_full
      ? `full${gauge.resets_at ? `, resets ${relativeText(resets_ms, now_ms)}` : ''}`
      : `empties ${relativeText(empties_ms ?? 0, now_ms)}`;
    const is_shadow = limit.mode === 'shadow';
    return {
      key: `limit ${limit.id} ${gauge.subject}`,
      severity: is_shadow ? 0 : is_full ? 2 : 1,
      impact_ms: is_full ? 0 : Math.max(0, (empties_ms ?? 0) - now_ms),
      tone: is_shadow ? 'shadow' : is_full ? 'crit' : 'warn',
      glyph: is_shadow ? 'flag' : is_full ? 'square' : 'triangle',
      word: 'Limit',
      text: `${limit.policy_name}${whose}: ${used}, ${when}`,
      href: hrefOf(limit.policy_id),
      act: 'Look',
    } satisfies Matter;
  });
}

const approvalMatters = (approvals: Known['approvals'], now_ms: number): Matter[] =>
  approvals.map(({ id, run_id, question, expires_at, on_timeout }) => ({
    key: `approval ${id}`,
    severity: 2,
    impact_ms: Math.max(0, Date.parse(expires_at) - now_ms),
    tone: 'warn',
    glyph: 'pause',
    word: 'Waiting',
    text: `${question} (${on_timeout === 'block' ? 'refused' : 'let pass'} ${relativeText(Date.parse(expires_at), now_ms)})`,
    href: hrefOf(run_id),
    act: 'Decide',
  }));

const pausedMatters = (paused: Known['paused']): Matter[] =>
  paused.map(({ id, agent_slug, goal }) => ({
    key: `paused ${id}`,
    severity: 1,
    impact_ms: 0,
    tone: 'warn',
    glyph: 'pause',
    word: 'Paused',
    text: `A run${agent_slug ? ` of ${agent_slug}` : ''} waits for a person${goal ? `: ${goal.split('\n')[0]}` : ''}`,
    href: hrefOf(id),
    act: 'Resume or kill',
  }));

/** A day in shadow has shown what the policy would do. */
const shadowMatters = (policies: Known['policies'], now_ms: number): Matter[] =>
  policies
    .filter(({ mode, updated_at }) => mode === 'shadow' && now_ms - Date.parse(updated_at) > day_ms)
    .map(({ id, name, updated_at }) => ({
      key: `shadow ${id}`,
      severity: 0,
      impact_ms: never_ms,
      tone: 'shadow',
      glyph: 'flag',
      word: 'Shadow',
      text: `${name} has been in shadow since ${relativeText(Date.parse(updated_at), now_ms)}`,
      href: hrefOf(id),
      act: 'Promote or retire',
    }));

/** Keys in use that are bound to nobody: whoever holds one may call itself any agent. */
function keyMatters(keys: Known['keys'], now_ms: number): Matter[] {
  const unbound = keys.filter(
    ({ agent_ids, role, last_used_at, revoked_at, expires_at }) =>
      role === 'service' &&
      agent_ids.length === 0 &&
      revoked_at === null &&
      (expires_at === null || Date.parse(expires_at) > now_ms) &&
      last_used_at !== null &&
      now_ms - Date.parse(last_used_at) < 7 * day_ms,
  );
  return unbound.map(({ id, name }) => ({
    key: `key ${id}`,
    severity: 0,
    impact_ms: never_ms,
    tone: 'neutral',
    glyph: 'circle',
    word: 'Unbound key',
    text: `Key ${name} is bound to no agent: what its callers say they are is a claim`,
    href: '/settings/api-keys',
    act: 'Bind',
  }));
}

function restMatters({ unpriced_calls, dead }: Known): Matter[] {
  const matters: Matter[] = [];
  if (unpriced_calls > 0)
    matters.push({
      key: 'prices',
      severity: 1,
      impact_ms: 0,
      tone: 'warn',
      glyph: 'triangle',
      word: 'Price unknown',
      text: `${unpriced_calls} ${unpriced_calls === 1 ? 'call' : 'calls'} of the last 24 h are in no sum: their models have no price`,
      href: '/settings/prices',
      act: 'Find them',
    });
  if (dead.length > 0)
    matters.push({
      key: 'deliveries',
      severity: 2,
      impact_ms: 0,
      tone: 'crit',
      glyph: 'cross',
      word: 'Not delivered',
      text: `${dead.length} ${dead.length === 1 ? 'alert was' : 'alerts were'} given up: a channel does not answer`,
      href: '/settings/deliveries',
      act: 'Test the channel',
    });
  return matters;
}
