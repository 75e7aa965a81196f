import type { Item } from '../../api.ts';
import { effectOf } from '../../parts/approvals.ts';
import { plainWords } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import type { Tone } from '../../ui/Chip.tsx';
import { relativeText } from '../../ui/format.ts';
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
  signals: readonly Item<'listSignals'>[];
  approvals: readonly Item<'listApprovals'>[];
  paused: readonly Item<'listLiveRuns'>[];
  policies: readonly Item<'listPolicies'>[];
}

const never_ms = Number.MAX_SAFE_INTEGER;
const day_ms = 86_400_000;

/** What needs attention: the gravest first, and of those alike what does harm soonest. */
export function mattersOf(known: Known, now_ms: number): Matter[] {
  const matters = [
    ...incidentMatters(known.incidents),
    ...signalMatters(known.signals, now_ms),
    ...approvalMatters(known.approvals, now_ms),
    ...pausedMatters(known.paused),
    ...shadowMatters(known.policies, now_ms),
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

/** What looks at what is recorded have found. A limit that is near is not told again as one that will be spent. */
function signalMatters(signals: Known['signals'], now_ms: number): Matter[] {
  const near = new Set(signals.flatMap(({ type, subject }) => (type === 'NEAR_LIMIT' ? [subject] : [])));
  return signals
    .filter(({ type, subject }) => type !== 'FORECAST_BREACH' || !near.has(subject))
    .map(({ id, type, severity: level, text, evidence }) => {
      const severity = ranks[level];
      const { empties_at } = evidence as { empties_at?: string };
      return {
        key: `signal ${id}`,
        severity,
        impact_ms:
          empties_at === undefined ? (severity === 0 ? never_ms : 0) : Math.max(0, Date.parse(empties_at) - now_ms),
        tone: severity >= 2 ? 'crit' : severity === 1 ? 'warn' : 'neutral',
        glyph: severity >= 2 ? 'square' : severity === 1 ? 'triangle' : 'circle',
        word: plainWords(type),
        text,
        href: hrefOf(id),
        act: 'Look',
      } satisfies Matter;
    });
}

/** Questions that an answer still does something about; where the run that asked has ended, for later calls alone. */
const waiting = (approvals: Known['approvals']) =>
  approvals
    .filter((of) => effectOf(of) !== 'nothing')
    .map((of) => ({ ...of, is_for_later: effectOf(of) === 'later calls' }));

const approvalMatters = (approvals: Known['approvals'], now_ms: number): Matter[] =>
  waiting(approvals).map(({ id, run_id, question, expires_at, on_timeout, is_for_later }) => ({
    key: `approval ${id}`,
    severity: is_for_later ? 1 : 2,
    impact_ms: Math.max(0, Date.parse(expires_at) - now_ms),
    tone: 'warn',
    glyph: 'pause',
    word: is_for_later ? 'Open' : 'Waiting',
    text: `${question} (${is_for_later ? 'its run has ended; later calls are ' : ''}${on_timeout === 'block' ? 'refused' : 'let pass'} ${relativeText(Date.parse(expires_at), now_ms)})`,
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
