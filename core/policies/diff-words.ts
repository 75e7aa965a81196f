import { canonicalText } from '../base/canonical.ts';
import type { Window } from '../base/window.ts';
import type { Control } from './control.ts';
import { detectors } from './detectors/index.ts';
import { typeOf } from './limits/index.ts';
import { allowanceOf, amountText, windowText } from './sentence.ts';

/** Names of keys, agents and others by their ids, where they are known. */
export type Names = ReadonlyMap<string, string>;

/** What fields of a policy, and of a control, are called. */
const fields: Readonly<Record<string, string>> = {
  'target.kind': 'Applies to',
  'target.ids': 'Whose calls',
  'target.except_ids': 'Except',
  'target.when': 'Only',
  'target.when.model': 'Only to models',
  'target.when.provider': 'Only at providers',
  'target.when.tool': 'Only with tools',
  'target.when.tag': 'Only with tags',
  start_at: 'Starts',
  expires_at: 'Ends',
  error_detail: 'Told to callers',
  'limit.max': 'at most',
  'limit.window': 'window',
  'limit.window.per': 'per',
  'limit.window.timezone': 'by the clock of',
  'limit.window.rolling_seconds': 'seconds that it looks back',
  'limit.count_per': 'counted',
  'limit.type': 'counts',
  'limit.on_unknown_price': 'without a known price',
  'alerts.enabled': 'alerts',
  'alerts.tiers': 'alert at percent',
  'alerts.channels': 'alert over',
  'alerts.forecast_hours': 'forecast, hours ahead',
  'alerts.requires_ack': 'alerts wait for a person',
  'alerts.repeat_minutes': 'alert again every so many minutes',
  'alerts.quiet_hours': 'quiet hours',
  'alerts.quiet_hours.from': 'quiet from',
  'alerts.quiet_hours.to': 'quiet until',
  'alerts.quiet_hours.timezone': 'quiet by the clock of',
  action: 'then',
  'pause.wait_seconds': 'seconds to wait for room',
  'pause.timeout_seconds': 'seconds to decide',
  'pause.on_timeout': 'if nobody decides',
  'pause.ask': 'asked',
  message: 'message to the caller',
  incident: 'opens an incident',
  on_failure: 'when the check fails',
  'rule.params.allow': 'allowed',
  'rule.params.deny': 'denied',
};

/** `limit.declared_price.input_usd` → `declared price: input usd`, of what has no name of its own. */
const spelled = (path: string): string =>
  path
    .replace(/^(limit|rule\.params)\./, '')
    .replaceAll('.', ': ')
    .replaceAll('_', ' ');

/** What a field of a policy is called; `in_control`: of one of its controls. */
export function fieldWords(path: string, in_control: boolean): string {
  const tier = /^alerts\.tier_channels\.(\d+)$/.exec(path)?.[1];
  const known = fields[path] ?? (tier === undefined ? spelled(path) : `alert at ${tier} % over`);
  return in_control ? known : `${known.charAt(0).toUpperCase()}${known.slice(1)}`;
}

/** What a control is called among the others of its policy. */
export function controlWords({ limit, rule }: Control, n: number, of: number): string {
  const title = limit
    ? `limit on ${typeOf(limit).title}`
    : `check for ${detectors.get(rule?.type ?? '')?.title ?? rule?.type}`;
  return of > 1 ? `Control ${n + 1}, ${title}` : `${title.charAt(0).toUpperCase()}${title.slice(1)}`;
}

const longest = 200;

/** A value as it stands in a sentence. `control`: the one that it belongs to. */
export function valueWords(path: string, value: unknown, control: Control | null, names: Names): string {
  const text = plainWords(path, value, control, names);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function plainWords(path: string, value: unknown, control: Control | null, names: Names): string {
  if (path === '' && control) return `${allowanceOf(control)}, then ${control.action}`;
  if (path === 'limit.max' && control?.limit) {
    const limit = { ...control.limit, max: value as string };
    return amountText(typeOf(limit), limit);
  }
  if (path === 'limit.window') return windowText(value as Window).trim();
  if (path === 'mode') return value === 'shadow' ? 'shadow' : 'enforced';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string')
    return quoted.has(path)
      ? `"${value}"`
      : (names.get(value) ?? (worded.has(path) ? value.replaceAll('_', ' ') : value));
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map((of) => plainWords(path, of, control, names)).join(', ');
  if (typeof value !== 'object' || value === null) return 'none';
  return Object.entries(value)
    .map(
      ([name, of]) =>
        `${spelled(name)} ${typeof of === 'object' && !Array.isArray(of) ? canonicalText(of) : plainWords('', of, null, names)}`,
    )
    .join(', ');
}

const quoted = new Set(['name', 'description', 'owner', 'message']);

/** Fields whose values are words of ours. */
const worded = new Set(['target.kind', 'limit.count_per', 'limit.type', 'pause.on_timeout', 'limit.on_unknown_price']);
