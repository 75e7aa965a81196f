import { isLeftOut, leavingOut, naming } from '@aos/core/activity/named.ts';
import type { Facet, Filtering } from '../ui/Filters.tsx';
import { valueText } from '../ui/format.ts';

/** Filters whose value a row has under another name than the filter's, or than the filter's with an ending. */
const named_otherwise: Readonly<Record<string, string>> = {
  reason: 'termination_reason',
  status: 'execution_status',
  policy: 'violation_policy_id',
};
/** A name comes before an id: it is what people read. */
const endings = ['', '_slug', '_external_id', '_id'];

/** What of this row a filter of that name would be set to; null: the row says nothing about it. */
export function saidBy(row: object, filter: string): string | null {
  const properties = { ...(row as { key?: object }).key, ...row } as Record<string, unknown>;
  const names = [...endings.map((ending) => `${filter}${ending}`), named_otherwise[filter] ?? ''];
  const found = names.map((name) => properties[name]).find((value) => typeof value === 'string' && value !== '');
  return typeof found === 'string' ? found : null;
}

export interface Narrowing {
  /** `Filter for Agent: support-bot` */
  words: string;
  to: Filtering;
}

/** The ways to narrow a list by one of its rows: to what it has, and away from it. */
export function narrowingsOf(row: object, facets: readonly Facet[], values: Filtering): Narrowing[] {
  return facets.flatMap((facet) => {
    const { name, label, choices } = facet;
    const value = saidBy(row, name);
    if (value === null || (choices && !choices.includes(value))) return [];
    const chosen = values[name] ?? [];
    const named = choices ? value : naming(value);
    const rest = withoutIt(facet, value, chosen);
    return [
      ...(chosen.length === 1 && chosen[0] === named
        ? []
        : [{ words: `Filter for ${label}: ${valueText(value)}`, to: { ...values, [name]: [named] } }]),
      ...(rest.length > 0
        ? [{ words: `Filter out ${label}: ${valueText(value)}`, to: { ...values, [name]: rest } }]
        : []),
    ];
  });
}

/** The filter that leaves this value out: of a closed list by naming all others. Nothing: it cannot be left out. */
function withoutIt({ choices, takes_one }: Facet, value: string, chosen: readonly string[]): readonly string[] {
  const named = choices ? value : naming(value);
  const others = chosen.filter((one) => one !== named);
  if (choices) return chosen.length > 0 ? others : choices.filter((choice) => choice !== value);
  if (takes_one) return [];
  const is_any_named = others.some((one) => !isLeftOut(one));
  return is_any_named ? others : [...others, leavingOut(value)];
}
