import { moneyText } from '../ui/format.ts';

/** What can be counted, as the wizard offers it; a test holds it against the types that the core knows. */
interface Watched {
  type: string;
  /** Of concurrency: runs, where it is not calls. */
  counts?: 'runs';
  name: string;
  /** When it is looked at. */
  when: string;
  unit: string;
  windows: readonly string[];
  is_money?: true;
}

const any_window = ['run', 'session', 'minute', 'hour', 'day', 'week', 'month', 'rolling'];
const no_rolling = any_window.slice(0, -1);
const before_call = 'The most that a call can use is held before it; what it used is counted after it.';

export const watched: readonly Watched[] = [
  { type: 'cost_usd', name: 'Cost', unit: 'USD', windows: any_window, is_money: true, when: before_call },
  { type: 'tokens_total', name: 'Tokens', unit: 'tokens', windows: any_window, when: before_call },
  { type: 'tokens_input', name: 'Input tokens', unit: 'tokens', windows: any_window, when: before_call },
  { type: 'tokens_output', name: 'Output tokens', unit: 'tokens', windows: any_window, when: before_call },
  {
    type: 'requests',
    name: 'Requests',
    unit: 'calls',
    windows: ['minute', 'hour', 'day', 'rolling'],
    when: 'Counted before every call of a model.',
  },
  {
    type: 'concurrency',
    name: 'Calls in flight',
    unit: 'calls at once',
    windows: [],
    when: 'Counted from the start of a call to its end.',
  },
  {
    type: 'concurrency',
    counts: 'runs',
    name: 'Runs in flight',
    unit: 'runs at once',
    windows: [],
    when: 'Counted from the first call of a run to the end of the run.',
  },
  {
    type: 'burn_rate',
    name: 'Burn rate',
    unit: 'USD per minute',
    windows: ['rolling'],
    is_money: true,
    when: 'Held before every call, over a stretch of time that moves with it.',
  },
  { type: 'steps', name: 'Steps', unit: 'steps', windows: no_rolling, when: 'Counted before every step of a run.' },
  {
    type: 'tool_calls',
    name: 'Tool calls',
    unit: 'tool calls',
    windows: no_rolling,
    when: 'Counted by the tool results that a call brings to the model.',
  },
  {
    type: 'duration',
    name: 'Run time',
    unit: 'seconds',
    windows: ['run'],
    when: 'By the clock: a call in flight ends when the time is up.',
  },
];

/** What is watched, as a choice among the others. */
export const watchedValue = ({ type, counts }: { type: string; counts?: unknown }): string =>
  counts === 'runs' ? `${type} of runs` : type;

const chosen = (value: string): Watched | undefined => watched.find((of) => watchedValue(of) === value);

export const watchedOf = (limit: { type: string; counts?: unknown }): Watched | undefined =>
  chosen(watchedValue(limit));

export interface DraftLimit {
  type: string;
  /** As it is typed. */
  max: string | number;
  window?: { per: string; timezone?: string } | { rolling_seconds: number | string };
  count_per?: string;
  [more: string]: unknown;
}

export interface DraftAlerts {
  enabled?: boolean;
  tiers: readonly (number | string)[];
  channels: readonly string[];
  /** By tiers as they are typed. */
  tier_channels?: Readonly<Record<string, readonly string[]>> | undefined;
  forecast_hours?: number | string | null;
  repeat_minutes?: number | string | null;
  quiet_hours?: { from: string; to: string; timezone: string } | undefined;
  requires_ack?: boolean;
}

export interface DraftPause {
  wait_seconds: number | string;
  timeout_seconds: number | string;
  on_timeout: string;
  ask: readonly string[];
}

export interface DraftControl {
  id?: string;
  limit?: DraftLimit;
  rule?: { type: string; params: Record<string, readonly string[]> };
  alerts?: DraftAlerts;
  action: string;
  pause?: DraftPause;
  message?: string;
  incident?: boolean;
  [more: string]: unknown;
}

export interface DraftTarget {
  kind: string;
  ids: readonly string[];
  except_ids: readonly string[];
  when?: Record<string, readonly string[]>;
}

/** A policy while it is written: the document with numbers as they are typed. What the wizard does not show, it keeps. */
export interface Draft {
  name: string;
  description?: string;
  owner?: string;
  tags?: readonly string[];
  target: DraftTarget;
  mode: string;
  controls: readonly DraftControl[];
  error_detail?: string;
  start_at?: string;
  expires_at?: string;
}

const numberOf = (typed: string | number): string | number => {
  const text = String(typed).replaceAll(/[\s,_]/g, '');
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : typed;
};

/** The document that is sent. What is typed wrongly goes as it is, so that the server says what is wrong with it. */
export function documentOf(draft: Draft): Record<string, unknown> {
  const { description, owner, tags, error_detail, start_at, expires_at, ...rest } = draft;
  return {
    ...rest,
    name: draft.name.trim() || autoName(draft),
    ...(description?.trim() && { description }),
    ...(owner?.trim() && { owner }),
    ...(tags && tags.length > 0 && { tags }),
    ...(error_detail === 'minimal' && { error_detail }),
    ...(start_at && { start_at }),
    ...(expires_at && { expires_at }),
    target: withoutEmptyLists(draft.target),
    controls: draft.controls.map(controlOf),
  };
}

function withoutEmptyLists({ when, ...target }: DraftTarget): Record<string, unknown> {
  const kept = Object.entries(when ?? {}).filter(([, names]) => names.length > 0);
  return { ...target, ...(kept.length > 0 && { when: Object.fromEntries(kept) }) };
}

function controlOf({ limit, alerts, pause, message, ...control }: DraftControl): Record<string, unknown> {
  return {
    ...control,
    ...(message?.trim() && { message }),
    ...(limit && { limit: limitOf(limit) }),
    ...(limit && alerts && { alerts: alertsOf(alerts) }),
    ...(pause &&
      control.action === 'pause' && {
        pause: {
          ...pause,
          wait_seconds: numberOf(pause.wait_seconds),
          timeout_seconds: numberOf(pause.timeout_seconds),
        },
      }),
  };
}

function limitOf(limit: DraftLimit): Record<string, unknown> {
  const { window } = limit;
  const money = watchedOf(limit)?.is_money === true;
  return {
    ...limit,
    max: money ? String(limit.max).replaceAll(/[\s,_$]/g, '') : numberOf(limit.max),
    ...(window && 'rolling_seconds' in window && { window: { rolling_seconds: numberOf(window.rolling_seconds) } }),
  };
}

function alertsOf({ forecast_hours, repeat_minutes, tier_channels, ...alerts }: DraftAlerts): Record<string, unknown> {
  const given = (typed: number | string | null | undefined) => typed !== null && typed !== undefined && typed !== '';
  const own = ownChannels({ ...alerts, tier_channels });
  return {
    ...alerts,
    tiers: alerts.tiers.map(numberOf),
    ...(own.length > 0 && { tier_channels: Object.fromEntries(own) }),
    ...(given(forecast_hours) && { forecast_hours: numberOf(forecast_hours ?? '') }),
    ...(given(repeat_minutes) && { repeat_minutes: numberOf(repeat_minutes ?? '') }),
  };
}

/** Tiers with channels of their own, of those that there are. */
export const ownChannels = ({ tiers, tier_channels = {} }: DraftAlerts): [string, readonly string[]][] =>
  Object.entries(tier_channels).filter(
    ([tier, names]) => names.length > 0 && (tier === '100' || tiers.map(String).includes(tier)),
  );

/** A stored policy, or any answer that has the members of a document, as a draft. */
export function draftOf(policy: Draft): Draft {
  const { name, description, owner, tags, target, mode, controls, error_detail, start_at, expires_at } = policy;
  return {
    name,
    target,
    mode,
    controls: controls.map(plainAmount),
    ...(description !== undefined && { description }),
    ...(owner !== undefined && { owner }),
    ...(tags !== undefined && { tags }),
    ...(error_detail !== undefined && { error_detail }),
    ...(start_at !== undefined && { start_at }),
    ...(expires_at !== undefined && { expires_at }),
  };
}

export const kind_words: Readonly<Record<string, string>> = {
  all_runs: 'All runs',
  project: 'Project',
  agent: 'Agent',
  api_key: 'API key',
  actor: 'Human actor',
};

export const targetText = ({ kind, ids }: DraftTarget): string =>
  kind === 'all_runs' ? 'all runs' : `${(kind_words[kind] ?? kind).toLowerCase()} ${ids.join(', ') || '…'}`;

export function watchText({ limit, rule }: DraftControl): string {
  if (rule) return rule.type === 'model_access' ? 'Models' : rule.type;
  return limit ? (watchedOf(limit)?.name ?? limit.type) : '';
}

export function limitText({ limit, rule }: DraftControl): string {
  if (rule)
    return Object.entries(rule.params)
      .map(([verb, names]) => `${verb} ${names.join(', ')}`)
      .join('; ');
  if (!limit) return '';
  const of = watchedOf(limit);
  const amount = of?.unit === 'USD' ? moneyText(String(limit.max)) : `${limit.max} ${of?.unit ?? ''}`;
  return `${amount}${windowText(limit.window)}`;
}

function windowText(window: DraftLimit['window']): string {
  if (!window) return '';
  return 'rolling_seconds' in window ? ` in ${window.rolling_seconds} s` : ` per ${window.per}`;
}

/** The name of a policy that nobody has named. */
export function autoName({ target, controls }: Draft): string {
  const [control] = controls;
  if (!control) return '';
  return `${watchText(control)} ${limitText(control)} · ${targetText(target)}`.slice(0, 200);
}

/** A control with its limit changed to another type: what the new type cannot say is dropped, and so is the balance. */
export function watching({ id: _, limit, rule: __, ...control }: DraftControl, value: string): DraftControl {
  const of = chosen(value);
  if (!of) return { ...control, rule: { type: value, params: { allow: [] } } };
  const { type, counts } = of;
  const per = limit?.window && 'per' in limit.window ? limit.window.per : null;
  const kept = per !== null && of.windows.includes(per) ? limit?.window : undefined;
  const window = kept ?? usualWindow(of);
  return {
    ...control,
    alerts: control.alerts ?? { tiers: [50, 70, 90], channels: ['console'] },
    limit: {
      ...{ type, max: '', count_per: limit?.count_per ?? 'together' },
      ...(counts && { counts }),
      ...(window && { window }),
    },
  };
}

function usualWindow({ windows }: Watched): NonNullable<DraftLimit['window']> | undefined {
  if (windows.length === 0) return undefined;
  const per = windows.includes('day') ? 'day' : windows[0];
  return per === 'rolling' ? { rolling_seconds: 300 } : windowNamed(per ?? 'day');
}

export const windowNamed = (per: string, timezone = 'UTC'): NonNullable<DraftLimit['window']> =>
  per === 'rolling' ? { rolling_seconds: 3600 } : per === 'run' || per === 'session' ? { per } : { per, timezone };

/** Stored money has nine places; nobody writes it so. */
const plainAmount = (control: DraftControl): DraftControl => {
  const max = control.limit?.max;
  if (!control.limit || typeof max !== 'string' || !max.includes('.')) return control;
  return { ...control, limit: { ...control.limit, max: max.replace(/\.?0+$/, '') } };
};
