import { present } from '../base/assert.ts';
import type { Window } from '../base/window.ts';
import { refuses } from './action.ts';
import type { AlertSettings } from './alert-settings.ts';
import type { Control } from './control.ts';
import { detectors } from './detectors/index.ts';
import type { ActiveExemption } from './exemption.ts';
import type { CountPer, LimitOf, LimitType } from './limits/define.ts';
import { typeOf } from './limits/index.ts';
import { type ActiveOverride, raisedBy } from './override.ts';
import { default_pause } from './pause.ts';
import type { PolicyDocument } from './policy.ts';
import type { Target } from './target.ts';

/** Exceptions from a policy that hold at the moment it is shown. */
export interface InForce {
  overrides?: readonly ActiveOverride[];
  exemptions?: readonly ActiveExemption[];
}

/**
 * A policy in one English sentence: who it applies to, then what happens to their calls and when. The same document
 * gives the same sentence everywhere it is shown.
 */
export function sentenceOf(
  document: PolicyDocument & { controls: { id?: string | undefined }[] },
  in_force: InForce = {},
): string {
  const is_shadow = document.mode === 'shadow';
  const start = is_shadow ? 'In shadow, calls' : 'Calls';
  const words = is_shadow ? would_words : action_words;
  const clauses = document.controls.map((control) => clauseOf(control, words, in_force.overrides));
  const until = timeText(document);
  const told = document.error_detail === 'minimal' ? ' (callers are told no amounts)' : '';
  return `${start} ${subjectOf(document.target, in_force.exemptions)} ${clauses.join('; and they ')}${until}${told}.`;
}

function timeText({ start_at, expires_at }: Pick<PolicyDocument, 'start_at' | 'expires_at'>): string {
  const from = start_at === undefined ? [] : [`from ${minuteText(start_at)}`];
  const until = expires_at === undefined ? [] : [`until ${minuteText(expires_at)}`];
  const told = [...from, ...until].join(' ');
  return told === '' ? '' : `, ${told}`;
}

const kind_words: Record<Exclude<Target['kind'], 'all_runs'>, [one: string, many: string]> = {
  actor: ['on behalf of human', 'on behalf of humans'],
  api_key: ['with API key', 'with API keys'],
  agent: ['of agent', 'of agents'],
  project: ['of project', 'of projects'],
};

/** Whose calls a target takes, as it stands behind the word "calls". */
export function subjectOf(
  { kind, ids, except_ids, when = {} }: Target,
  exemptions: readonly ActiveExemption[] = [],
): string {
  const parts = [
    kind === 'all_runs' ? 'of all runs' : `${kind_words[kind][ids.length === 1 ? 0 : 1]} ${listOf(ids, 'and')}`,
  ];
  if (when.model) parts.push(`to ${plural('model', when.model)} ${listOf(when.model, 'or')}`);
  if (when.provider) parts.push(`at ${plural('provider', when.provider)} ${listOf(when.provider, 'or')}`);
  if (when.tool) parts.push(`with ${plural('tool', when.tool)} ${listOf(when.tool, 'or')}`);
  if (when.tag) parts.push(`tagged ${listOf(when.tag, 'or')}`);
  const excepted = except_ids.length > 0 ? [listOf(except_ids, 'and')] : [];
  const exempt = exemptions.map((of) => `${exempt_words[of.kind]} ${of.target_id} until ${minuteText(of.expires_at)}`);
  if (excepted.length + exempt.length > 0) parts.push(`(except ${[...excepted, ...exempt].join('; ')})`);
  return parts.join(' ');
}

export const exempt_words = { project: 'project', agent: 'agent', api_key: 'API key', actor: 'human' } as const;

type Words = Record<Exclude<Control['action'], 'pause'>, string>;

const action_words: Words = {
  continue: 'pass and are recorded',
  warn: 'pass with a warning',
  block: 'are refused',
  kill: 'are refused and their run is killed',
};

const would_words: Words = {
  continue: 'would pass and be recorded',
  warn: 'would pass with a warning',
  block: 'would be refused',
  kill: 'would be refused and their run killed',
};

function clauseOf(control: Control, words: Words, overrides: readonly ActiveOverride[] = []): string {
  const { limit, rule, action, incident, alerts } = control;
  const done = action === 'pause' ? pauseText(control, words) : words[action];
  const told = incident === true && (!refuses(action) || action === 'pause') ? `${done} and an incident` : done;
  if (!limit) return `${told} ${ruleWords(present(rule, 'the rule of a control without limit'))}`;
  const type = typeOf(limit);
  const raises = overrides.filter((of) => of.control_id === control.id);
  const once = `once ${type.title} would exceed ${amountText(type, limit)}${raisedText(type, limit, raises)}`;
  return `${told} ${once}${windowText(limit.window)}${countText(limit)}${assumedText(limit)}${alertText(alerts)}`;
}

function pauseText({ pause = default_pause }: Control, words: Words): string {
  const { wait_seconds, timeout_seconds, on_timeout, ask } = pause;
  const would = words === would_words ? 'would ' : '';
  const whom = ask.length > 0 ? listOf(ask, 'or') : 'a person';
  const room = wait_seconds > 0 ? `up to ${durationText(wait_seconds, true)} for room and ` : '';
  const then = on_timeout === 'block' ? 'are refused' : 'pass';
  return `${would}wait ${room}up to ${durationText(timeout_seconds, true)} for ${whom} to decide (without an answer they ${then})`;
}

/** Rules that read better in words than as a list of their parameters. */
const rule_words: Record<string, (params: Record<string, unknown>) => string> = {
  model_access({ allow, deny }) {
    if (!Array.isArray(deny)) return `unless the model is ${listOf(asList(allow), 'or')}`;
    const denied = `when the model is ${listOf(deny, 'or')}`;
    return Array.isArray(allow) ? `${denied}, or is none of ${listOf(allow, 'and')}` : denied;
  },
};

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function ruleWords({ type, params }: { type: string; params: Record<string, unknown> }): string {
  const words = rule_words[type];
  if (words) return words(params);
  const settings = Object.entries(params).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? listOf(value, 'and') : String(value)}`,
  );
  const title = detectors.get(type)?.title ?? type;
  return `when the check for ${title} finds something${settings.length > 0 ? ` (${settings.join(', ')})` : ''}`;
}

const unit_words: Record<LimitType['unit'], (amount: string) => string> = {
  tokens: (amount) => amount,
  calls: (amount) => amount,
  runs: (amount) => amount,
  steps: (amount) => amount,
  tool_calls: (amount) => amount,
  usd: (amount) => `$${amount}`,
  usd_per_minute: (amount) => `$${amount} a minute`,
  seconds: (amount) => durationText(Number(amount.replaceAll(',', '')), true),
};

/** `50.000000000` → `$50.00`, `200000` → `200,000`. */
export const amountText = (type: LimitType, limit: LimitOf, units = type.cap(limit)): string =>
  unit_words[type.unit](decimalText(String(type.show(units, limit))));

/** What a control allows, in a few words: `cost $50.00 in one day (UTC)`. */
export function allowanceOf({ limit, rule }: Pick<Control, 'limit' | 'rule'>): string {
  if (!limit) return rule ? ruleWords(rule) : '';
  const type = typeOf(limit);
  const counted = limit.count_per === 'together' ? '' : countText(limit);
  return `${type.title} ${amountText(type, limit)}${windowText(limit.window)}${counted}`;
}

function raisedText(type: LimitType, limit: LimitOf, overrides: readonly ActiveOverride[]): string {
  if (overrides.length === 0) return '';
  const raises = overrides.map((of) => {
    const whose = of.subject === null ? '' : ` for ${of.subject}`;
    return `raised to ${amountText(type, limit, raisedBy(of, limit, type))}${whose} until ${minuteText(of.expires_at)}`;
  });
  return ` (${raises.join('; ')})`;
}

/** An override in one English sentence: what is raised, from where to where, for whom and until when. */
export function overrideSentence(of: ActiveOverride, limit: LimitOf): string {
  const type = typeOf(limit);
  const [from, to] = [amountText(type, limit), amountText(type, limit, raisedBy(of, limit, type))];
  const whose = of.subject === null ? '' : ` for ${of.subject}`;
  return `The limit on ${type.title} of ${from}${windowText(limit.window)} is raised to ${to}${whose} until ${minuteText(of.expires_at)}.`;
}

/** One sentence of who is exempt from which policy until when. */
export const exemptionSentence = ({ kind, target_id, expires_at }: ActiveExemption, policy_name: string): string =>
  `Calls of the ${exempt_words[kind]} ${target_id} are exempt from the policy "${policy_name}" until ${minuteText(expires_at)}.`;

function decimalText(amount: string): string {
  const [whole = '0', part] = amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return part === undefined ? grouped : `${grouped}.${part.replace(/0+$/, '').padEnd(2, '0')}`;
}

/** Over which time an amount counts, with a space before it: ` in one day (UTC)`; without a window it counts at one time. */
export function windowText(window: Window | undefined): string {
  if (!window) return ' at one time';
  if ('rolling_seconds' in window) return ` within any ${durationText(window.rolling_seconds)}`;
  if (!('timezone' in window)) return ` in one ${window.per}`;
  if (window.per === 'minute' || window.per === 'hour') return ` in one ${window.per}`;
  return ` in one ${window.per} (${window.timezone})`;
}

function durationText(seconds: number, with_one = false): string {
  const [name, length] = (
    [
      ['day', 86_400],
      ['hour', 3600],
      ['minute', 60],
    ] as const
  ).find(([, size]) => seconds % size === 0) ?? ['second', 1];
  const count = seconds / length;
  if (count === 1) return with_one ? `1 ${name}` : name;
  return `${count} ${name}s`;
}

const count_words: Record<Exclude<CountPer, 'together'>, string> = {
  project: 'project',
  agent: 'agent',
  api_key: 'API key',
  actor: 'actor',
  session: 'session',
  run: 'run',
};

function countText({ count_per, window }: LimitOf): string {
  const own = window && 'per' in window ? window.per : null;
  if (count_per === own || (count_per === 'together' && (own === 'run' || own === 'session'))) return '';
  return count_per === 'together' ? ', all counted together' : `, counted for each ${count_words[count_per]} by itself`;
}

function assumedText(limit: LimitOf): string {
  const { declared_price: price } = limit as { declared_price?: { input_usd: string; output_usd: string } };
  if (!price) return '';
  const [input, output] = [decimalText(price.input_usd), decimalText(price.output_usd)];
  return `, a model without a price being taken to cost $${input} for a million tokens in and $${output} out`;
}

function alertText(alerts: Control['alerts']): string {
  if (!alerts?.enabled) return '';
  const { tiers, channels, tier_channels = {}, forecast_hours, requires_ack } = alerts;
  const own = ownTiers(tier_channels);
  const usual = [...new Set(tiers)].filter((tier) => !(tier in tier_channels)).sort((a, b) => a - b);
  const at = usual.map((tier) => `${tier} %`);
  const early = forecast_hours ? [`${durationText(forecast_hours * 3600, true)} before it would run out`] : [];
  const when = [...(at.length > 0 ? [`at ${listOf(at, 'and')}`] : []), ...early];
  if (when.length === 0 && own.length === 0) return '';
  const whom = channels.length > 0 ? ` to ${listOf(channels, 'and')}` : '';
  const told = [...(when.length > 0 ? [`${whom} ${when.join(' and ')}`] : []), ...own];
  const until = requires_ack ? ', open until a person acknowledges them' : '';
  return `, with alerts${told.join(' and')}${againText(alerts)}${quietText(alerts)}${until}`;
}

/** Of tiers with channels of their own, those of the same ones together: ` to pager at 90 % and 100 %`. */
function ownTiers(tier_channels: Record<string, string[]>): string[] {
  const tiers = new Map<string, number[]>();
  for (const [tier, channels] of Object.entries(tier_channels).sort(([a], [b]) => Number(a) - Number(b))) {
    const whom = listOf(channels, 'and');
    tiers.set(whom, [...(tiers.get(whom) ?? []), Number(tier)]);
  }
  return [...tiers].map(
    ([whom, at]) =>
      ` to ${whom} at ${listOf(
        at.map((tier) => `${tier} %`),
        'and',
      )}`,
  );
}

const againText = ({ repeat_minutes }: AlertSettings): string =>
  repeat_minutes ? `, again every ${durationText(repeat_minutes * 60)} while they last` : '';

const quietText = ({ quiet_hours: of }: AlertSettings): string =>
  of ? `, below 100 % not from ${of.from} to ${of.to} (${of.timezone}) but after it` : '';

const plural = (noun: string, of: readonly unknown[]): string => (of.length === 1 ? noun : `${noun}s`);

const most_named = 5;

/** `a`, `a and b`, `a, b and c`; of long lists the first ones and how many more. */
export function listOf(items: readonly unknown[], word: 'and' | 'or'): string {
  const names = items.map(String);
  const rest = names.length - most_named;
  const told = rest > 1 ? [...names.slice(0, most_named), `${rest} more`] : names;
  const last = told.at(-1) ?? '';
  return told.length < 2 ? last : `${told.slice(0, -1).join(', ')} ${word} ${last}`;
}

/** An instant to the minute, as people read it: `2026-03-01 09:30 UTC`. */
export const minuteText = (instant: string): string => `${instant.slice(0, 16).replace('T', ' ')} UTC`;
