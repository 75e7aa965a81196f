import type { Facet, Filtering } from '../ui/Filters.tsx';

/** Filters whose value a row has under another name than the filter's, or than the filter's with an ending. */
const named_otherwise: Readonly<Record<string, string>> = {
  reason: 'termination_reason',
  status: 'execution_status',
  run: 'run_id',
  api_key: 'api_key_id',
};
const endings = ['', '_slug', '_external_id', '_name'];

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

/**
 * The ways to narrow a list by one of its rows: to what it has, and away from it. The API lists what is named, so only
 * from closed lists can something be left out: by naming all the others.
 */
export function narrowingsOf(row: object, facets: readonly Facet[], values: Filtering): Narrowing[] {
  return facets.flatMap(({ name, label, choices }) => {
    const value = saidBy(row, name);
    if (value === null || (choices && !choices.includes(value))) return [];
    const chosen = values[name] ?? [];
    const others = (chosen.length > 0 ? chosen : (choices ?? [])).filter((choice) => choice !== value);
    return [
      ...(chosen.length === 1 && chosen[0] === value
        ? []
        : [{ words: `Filter for ${label}: ${value}`, to: { ...values, [name]: [value] } }]),
      ...(choices && others.length > 0
        ? [{ words: `Filter out ${label}: ${value}`, to: { ...values, [name]: others } }]
        : []),
    ];
  });
}
