import { Chip, Status, type Tone } from '../ui/Chip.tsx';
import type { GlyphName } from '../ui/Glyph.tsx';

interface Look {
  tone: Tone;
  glyph: GlyphName;
  word: string;
}

const run_looks: Readonly<Record<string, Look>> = {
  queued: { tone: 'neutral', glyph: 'circle', word: 'Queued' },
  running: { tone: 'info', glyph: 'ring', word: 'Running' },
  retry: { tone: 'warn', glyph: 'triangle', word: 'Retrying' },
  succeeded: { tone: 'ok', glyph: 'check', word: 'Succeeded' },
  failed: { tone: 'crit', glyph: 'cross', word: 'Failed' },
  failed_policy: { tone: 'crit', glyph: 'square', word: 'Stopped by policy' },
  cancelled: { tone: 'neutral', glyph: 'circle', word: 'Cancelled' },
  killed: { tone: 'crit', glyph: 'cross', word: 'Killed' },
  paused: { tone: 'warn', glyph: 'pause', word: 'Paused' },
  waiting: { tone: 'warn', glyph: 'pause', word: 'Waiting for a person' },
  stopping: { tone: 'crit', glyph: 'cross', word: 'Stopping' },
};

const verdict_looks: Readonly<Record<string, Look>> = {
  continue: { tone: 'info', glyph: 'dot', word: 'Allowed' },
  warn: { tone: 'warn', glyph: 'triangle', word: 'Warned' },
  pause: { tone: 'warn', glyph: 'pause', word: 'Held' },
  block: { tone: 'crit', glyph: 'square', word: 'Blocked' },
  kill: { tone: 'crit', glyph: 'cross', word: 'Killed' },
};

const step_looks: Readonly<Record<string, Look>> = {
  succeeded: { tone: 'ok', glyph: 'check', word: 'Succeeded' },
  failed: { tone: 'crit', glyph: 'cross', word: 'Failed' },
  blocked: { tone: 'crit', glyph: 'square', word: 'Blocked' },
  cancelled: { tone: 'neutral', glyph: 'circle', word: 'Cancelled' },
  cut: { tone: 'crit', glyph: 'cross', word: 'Cut off' },
};

const severity_looks: Readonly<Record<string, Look>> = {
  LOW: { tone: 'neutral', glyph: 'circle', word: 'Low' },
  MEDIUM: { tone: 'outline-warn', glyph: 'triangle', word: 'Medium' },
  HIGH: { tone: 'crit', glyph: 'square', word: 'High' },
  CRITICAL: { tone: 'solid', glyph: 'square', word: 'Critical' },
};

const incident_looks: Readonly<Record<string, Look>> = {
  open: { tone: 'crit', glyph: 'dot', word: 'Open' },
  acknowledged: { tone: 'warn', glyph: 'triangle', word: 'Acknowledged' },
  resolved: { tone: 'ok', glyph: 'check', word: 'Resolved' },
};

const signal_looks: Readonly<Record<string, Look>> = {
  open: { tone: 'warn', glyph: 'dot', word: 'Open' },
  acknowledged: { tone: 'neutral', glyph: 'triangle', word: 'Acknowledged' },
  suppressed: { tone: 'neutral', glyph: 'pause', word: 'Suppressed' },
  resolved: { tone: 'ok', glyph: 'check', word: 'Passed' },
};

const alert_looks: Readonly<Record<string, Look>> = {
  open: { tone: 'warn', glyph: 'dot', word: 'Open' },
  noted: { tone: 'neutral', glyph: 'circle', word: 'Noted' },
  acknowledged: { tone: 'ok', glyph: 'check', word: 'Acknowledged' },
};

const policy_looks: Readonly<Record<string, Look>> = {
  draft: { tone: 'neutral', glyph: 'circle', word: 'Draft' },
  active: { tone: 'info', glyph: 'dot', word: 'Active' },
  scheduled: { tone: 'neutral', glyph: 'circle', word: 'Scheduled' },
  shadow: { tone: 'shadow', glyph: 'flag', word: 'Shadow' },
  disabled: { tone: 'neutral', glyph: 'circle', word: 'Disabled' },
  retired: { tone: 'neutral', glyph: 'circle', word: 'Retired' },
};

const looks = {
  run: run_looks,
  verdict: verdict_looks,
  step: step_looks,
  severity: severity_looks,
  incident: incident_looks,
  signal: signal_looks,
  alert: alert_looks,
  policy: policy_looks,
};

/** The sign, the word and the colour of a state; one that is not known shows as it is written. */
export function lookOf(kind: keyof typeof looks, state: string): Look {
  return looks[kind][state] ?? { tone: 'neutral', glyph: 'circle', word: state };
}

interface Props {
  of: keyof typeof looks;
  state: string;
  bare?: boolean;
}

export function State({ of, state, bare = false }: Props) {
  const { tone, glyph, word } = lookOf(of, state);
  const Shape = bare ? Status : Chip;
  return (
    <Shape tone={tone} glyph={glyph}>
      {word}
    </Shape>
  );
}

interface RunNow {
  status: string;
  hold: string;
  is_killed: boolean;
}

/** How a run has ended and, where that says more, what ended it: `Stopped: budget`. */
export function Outcome({ run }: { run: RunNow & { termination_reason: string | null } }) {
  const { tone, glyph, word } = lookOf('run', runState(run));
  const why = run.termination_reason ?? '';
  const says_more = !['', 'COMPLETED', 'POLICY_BLOCK', 'USER_ABORT', 'SYSTEM_FAILURE'].includes(why);
  const [first] = word.split(' ');
  return (
    <Status tone={tone} glyph={glyph} title={why === '' ? word : `${word}: ${plainWords(why)}`}>
      {says_more ? `${first}: ${short_reasons[why] ?? plainWords(why).toLowerCase()}` : word}
    </Status>
  );
}

const short_reasons: Readonly<Record<string, string>> = { BUDGET_EXCEEDED: 'budget', RATE_LIMITED: 'rate' };

/** What holds a run comes before what it is doing, and that it was killed before how its end is counted. */
export function runState({ status, hold, is_killed }: RunNow): string {
  if (['queued', 'running', 'retry'].includes(status)) return hold === 'none' ? status : hold;
  return is_killed ? 'killed' : status;
}

/** A policy that is active in shadow, or has not started, stops nothing, and is never shown as if it did. */
export const policyState = ({ status, mode, start_at }: PolicyStanding, now_ms: number): string => {
  if (status !== 'active') return status;
  if (start_at && Date.parse(start_at) > now_ms) return 'scheduled';
  return mode === 'shadow' ? 'shadow' : status;
};

interface PolicyStanding {
  status: string;
  mode: string;
  start_at?: string | null | undefined;
}

/** `BUDGET_EXCEEDED` → `Budget exceeded`; abbreviations stay large, and cost is in dollars without saying so: `Cost`. */
export function plainWords(code: string): string {
  const text = code.replace(/_usd$/i, '').replaceAll('_', ' ').toLowerCase();
  const cased = text.replace(/\b(pii|rag|db|api|llm)\b/g, (word) => word.toUpperCase());
  return cased.charAt(0).toUpperCase() + cased.slice(1);
}

const consequences: Readonly<Record<string, string>> = {
  continue: 'Record only',
  warn: 'Alert only',
  pause: 'Hold',
  block: 'Hard stop',
  kill: 'Kill',
};

/** What happens at the limit, in words. */
export const consequenceOf = (action: string): string => consequences[action] ?? action;
