import type { Answer, Item } from '../../api.ts';
import { effectOf } from '../../parts/approvals.ts';
import { type Containment, kind_words } from '../../parts/ContainDialog.tsx';
import type { Group } from '../../parts/incident-acts.ts';
import { plainWords } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import type { Tone } from '../../ui/Chip.tsx';
import { durationText, exactText, relativeText } from '../../ui/format.ts';
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
  /** Open ones, in groups of a policy, an agent and a category. */
  incidents: readonly Group[];
  signals: readonly Item<'listSignals'>[];
  approvals: readonly Item<'listApprovals'>[];
  paused: readonly Item<'listLiveRuns'>[];
  /** What is stopped until somebody releases it. */
  contained: readonly Containment[];
  shadows: readonly Shadow[];
}

/** What a policy has done in shadow. */
export type Shadow = Answer<'getShadow'> & { name: string };

const never_ms = Number.MAX_SAFE_INTEGER;

/** What needs attention: the gravest first, and of those alike what does harm soonest. */
export function mattersOf(known: Known, now_ms: number): Matter[] {
  const matters = [
    ...incidentMatters(known.incidents),
    ...signalMatters(known, now_ms),
    ...approvalMatters(known.approvals, now_ms),
    ...pausedMatters(known.paused),
    ...containedMatters(known.contained),
    ...shadowMatters(known.shadows),
    ...idleMatters(known.shadows),
  ];
  return matters.sort((a, b) => b.severity - a.severity || a.impact_ms - b.impact_ms || (a.key < b.key ? -1 : 1));
}

const ranks = { LOW: 0, MEDIUM: 1, HIGH: 2, CRITICAL: 3 } as const;

/** Incidents of one policy, agent and category are one matter, as grave as the gravest. */
const incidentMatters = (groups: Known['incidents']): Matter[] =>
  groups.map(({ key, severity: level, incidents, policy_name, agent_slug, latest_incident_id }) => {
    const severity = ranks[level];
    const what = plainWords(key.category ?? '');
    const named = policy_name ? `${policy_name}: ${what.toLowerCase()}` : what;
    return {
      key: `incident ${key.violation_policy_id} ${key.agent_id} ${key.category}`,
      severity,
      impact_ms: 0,
      tone: severity === 3 ? 'solid' : severity === 2 ? 'crit' : severity === 1 ? 'outline-warn' : 'neutral',
      glyph: severity >= 2 ? 'square' : severity === 1 ? 'triangle' : 'circle',
      word: plainWords(level),
      text: `${incidents === 1 ? '' : `${exactText(incidents)} × `}${named}${agent_slug ? ` by ${agent_slug}` : ''}`,
      href: hrefOf(latest_incident_id),
      act: 'Review',
    };
  });

/**
 * What looks at what is recorded have found. A limit that is near is not told again as one that will be spent, nor a
 * policy that would stop calls again where it is ready to.
 */
function signalMatters({ signals, shadows }: Known, now_ms: number): Matter[] {
  const near = new Set(signals.flatMap(({ type, subject }) => (type === 'NEAR_LIMIT' ? [subject] : [])));
  const ready = new Set(shadows.filter(isReady).map(({ policy_id }) => policy_id));
  return signals
    .filter(({ type, subject }) => type !== 'FORECAST_BREACH' || !near.has(subject))
    .filter(({ type, subject }) => type !== 'SHADOW_WOULD_BLOCK' || !ready.has(subject))
    .map(({ id, type, severity: level, subject, text, evidence }) => {
      const severity = ranks[level];
      const { empties_at, control_id } = evidence as { empties_at?: string; control_id?: string };
      return {
        key: `signal ${id}`,
        severity,
        impact_ms:
          empties_at === undefined ? (severity === 0 ? never_ms : 0) : Math.max(0, Date.parse(empties_at) - now_ms),
        tone: severity >= 2 ? 'crit' : severity === 1 ? 'warn' : 'neutral',
        glyph: severity >= 2 ? 'square' : severity === 1 ? 'triangle' : 'circle',
        word: plainWords(type),
        text,
        ...(control_id === undefined
          ? { href: hrefOf(id), act: 'Look' }
          : { href: `/limits?${new URLSearchParams(ofLimit(control_id, subject))}`, act: 'Raise limit…' }),
      } satisfies Matter;
    });
}

/** The subject of a signal about a limit names its balance: the control, a blank, whose it is. */
const ofLimit = (control_id: string, subject: string) => ({
  limit: control_id,
  subject: subject.slice(control_id.length + 1),
});

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

const containedMatters = (contained: Known['contained']): Matter[] =>
  contained.map(({ id, kind, name, reason }) => ({
    key: `contained ${id}`,
    severity: 1,
    impact_ms: 0,
    tone: 'warn',
    glyph: 'square',
    word: 'Contained',
    text:
      kind === 'tenant' ? `All runs are stopped: ${reason}` : `The ${kind_words[kind]} ${name} is stopped: ${reason}`,
    href: '/settings/system',
    act: 'Release',
  }));

/** Nothing speaks for leaving it in shadow any longer. */
const isReady = ({ since, doubts }: Shadow): boolean => since !== null && doubts.length === 0;

const shadowMatters = (shadows: Known['shadows']): Matter[] =>
  shadows.filter(isReady).map(({ policy_id, name, in_shadow_ms, evaluated, evaluated_is_exact, would_stop }) => ({
    key: `shadow ${policy_id}`,
    severity: 0,
    impact_ms: never_ms,
    tone: 'shadow',
    glyph: 'flag',
    word: 'Ready',
    text: `${name} would have stopped ${exactText(would_stop)}${evaluated === null ? '' : ` of ${evaluated_is_exact ? '' : 'more than '}${exactText(evaluated)}`} calls in ${durationText(in_shadow_ms ?? 0)} of shadow`,
    href: hrefOf(policy_id),
    act: 'Promote or retire',
  }));

const idle_after_ms = 30 * 86_400_000;

/** Nothing that it is about has been called for so long: its target may be misspelled, or gone. */
const isIdle = ({ in_shadow_ms, evaluated }: Shadow): boolean =>
  evaluated === 0 && in_shadow_ms !== null && in_shadow_ms >= idle_after_ms;

const idleMatters = (shadows: Known['shadows']): Matter[] =>
  shadows.filter(isIdle).map(({ policy_id, name, in_shadow_ms }) => ({
    key: `idle ${policy_id}`,
    severity: 0,
    impact_ms: never_ms,
    tone: 'shadow',
    glyph: 'flag',
    word: 'Idle',
    text: `${name} has met no call in ${durationText(in_shadow_ms ?? 0)} of shadow`,
    href: hrefOf(policy_id),
    act: 'Change or retire',
  }));
