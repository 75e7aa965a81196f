import { present } from '../base/assert.ts';
import type { Window } from '../base/window.ts';
import { refuses } from './action.ts';
import type { Control } from './control.ts';
import { detectors } from './detectors/index.ts';
import type { CountPer, LimitOf, LimitType } from './limits/define.ts';
import { limit_types } from './limits/index.ts';
import type { PolicyDocument } from './policy.ts';
import type { Target } from './target.ts';

/**
 * A policy in one English sentence: who it applies to, then what happens to their calls and when. The same document
 * gives the same sentence everywhere it is shown.
 */
export function sentenceOf(document: PolicyDocument): string {
  const is_shadow = document.mode === 'shadow';
  const start = is_shadow ? 'In shadow, calls' : 'Calls';
  const clauses = document.controls.map((control) => clauseOf(control, is_shadow ? would_words : action_words));
  const until = document.expires_at === undefined ? '' : `, until ${minuteText(document.expires_at)}`;
  return `${start} ${subjectOf(document.target)} ${clauses.join('; and they ')}${until}.`;
}

const kind_words: Record<Exclude<Target['kind'], 'all_runs'>, [one: string, many: string]> = {
  actor: ['on behalf of human', 'on behalf of humans'],
  api_key: ['with API key', 'with API keys'],
  agent: ['of agent', 'of agents'],
  project: ['of project', 'of projects'],
};

function subjectOf({ kind, ids, except_ids, when = {} }: Target): string {
  const parts = [
    kind === 'all_runs' ? 'of all runs' : `${kind_words[kind][ids.length === 1 ? 0 : 1]} ${listOf(ids, 'and')}`,
  ];
  if (when.model) parts.push(`to ${plural('model', when.model)} ${listOf(when.model, 'or')}`);
  if (when.provider) parts.push(`at ${plural('provider', when.provider)} ${listOf(when.provider, 'or')}`);
  if (when.tool) parts.push(`with ${plural('tool', when.tool)} ${listOf(when.tool, 'or')}`);
  if (when.tag) parts.push(`tagged ${listOf(when.tag, 'or')}`);
  if (except_ids.length > 0) parts.push(`(except ${listOf(except_ids, 'and')})`);
  return parts.join(' ');
}

type Words = Record<Control['action'], string>;

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

function clauseOf(control: Control, words: Words): string {
  const { limit, rule, action, incident, alerts } = control;
  const told = incident === true && !refuses(action) ? `${words[action]} and an incident` : words[action];
  if (!limit) return `${told} ${ruleWords(present(rule, 'the rule of a control without limit'))}`;
  const type = present(limit_types.get(limit.type), `limit type ${limit.type}`);
  const once = `once ${type.title} would exceed ${amountText(type, limit)}`;
  return `${told} ${once}${windowText(limit.window)}${countText(limit)}${assumedText(limit)}${alertText(alerts)}`;
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
  usd: (amount) => `$${amount}`,
};

/** `50.000000000` → `$50.00`, `200000` → `200,000`. */
function amountText(type: LimitType, limit: LimitOf): string {
  return unit_words[type.unit](decimalText(String(type.show(type.cap(limit)))));
}

function decimalText(amount: string): string {
  const [whole = '0', part] = amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return part === undefined ? grouped : `${grouped}.${part.replace(/0+$/, '').padEnd(2, '0')}`;
}

function windowText(window: Window | undefined): string {
  if (!window) return ' at one time';
  if ('rolling_seconds' in window) return ` within any ${durationText(window.rolling_seconds)}`;
  if (!('timezone' in window)) return ` in one ${window.per}`;
  if (window.per === 'minute' || window.per === 'hour') return ` in one ${window.per}`;
  return ` in one ${window.per} (${window.timezone})`;
}

function durationText(seconds: number): string {
  const [name, length] = (
    [
      ['day', 86_400],
      ['hour', 3600],
      ['minute', 60],
    ] as const
  ).find(([, size]) => seconds % size === 0) ?? ['second', 1];
  const count = seconds / length;
  return count === 1 ? name : `${count} ${name}s`;
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
  if (!alerts?.enabled || alerts.tiers.length === 0) return '';
  const tiers = [...new Set(alerts.tiers)].sort((a, b) => a - b).map((tier) => `${tier} %`);
  const whom = alerts.channels.length > 0 ? ` to ${listOf(alerts.channels, 'and')}` : '';
  return `, with alerts${whom} at ${listOf(tiers, 'and')}`;
}

const plural = (noun: string, of: readonly unknown[]): string => (of.length === 1 ? noun : `${noun}s`);

const most_named = 5;

/** `a`, `a and b`, `a, b and c`; of long lists the first ones and how many more. */
function listOf(items: readonly unknown[], word: 'and' | 'or'): string {
  const names = items.map(String);
  const rest = names.length - most_named;
  const told = rest > 1 ? [...names.slice(0, most_named), `${rest} more`] : names;
  const last = told.at(-1) ?? '';
  return told.length < 2 ? last : `${told.slice(0, -1).join(', ')} ${word} ${last}`;
}

const minuteText = (instant: string): string => `${instant.slice(0, 16).replace('T', ' ')} UTC`;
