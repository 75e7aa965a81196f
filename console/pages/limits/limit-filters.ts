import type { Fill } from '../../parts/gauge.ts';
import type { Facet, Filtering } from '../../ui/Filters.tsx';

/** What of a balance its list can be narrowed by. */
export interface Narrowed {
  unit: string;
  /** `per day` */
  window: string;
  /** `agent support-bot` */
  target: string;
  /** What happens at its end, in words. */
  effect: string;
  tone: Fill['tone'];
}

const states: Readonly<Record<Fill['tone'], string>> = { info: 'ok', warn: 'near', crit: 'over', shadow: 'shadow' };

const facts = ({ unit, window, target, effect, tone }: Narrowed): Readonly<Record<string, string>> => ({
  state: states[tone],
  unit,
  window,
  target: target.split(' ')[0] ?? '',
  effect,
});

const labels = { state: 'State', unit: 'Unit', window: 'Window', target: 'For', effect: 'Then' };
export const filter_names = Object.keys(labels);

/** The filters with the values that there are. */
export function facetsOf(lines: readonly Narrowed[]): Facet[] {
  const known = lines.map(facts);
  return Object.entries(labels).map(([name, label]) => ({
    name,
    label,
    choices: [...new Set(known.flatMap((of) => of[name] || []))].sort(),
  }));
}

/** Whether a balance is one of those asked for: of each filter one of its values. */
export const isAsked = (line: Narrowed, values: Filtering): boolean => {
  const known = facts(line);
  return Object.entries(values).every(([name, chosen]) => chosen.length === 0 || chosen.includes(known[name] ?? ''));
};
