import { type Answer, useApi } from '../api.ts';
import type { Filtering } from '../ui/Filters.tsx';

export type Log = Exclude<keyof Answer<'getOldestRecords'>, 'generated_at'>;

/** From when the oldest record of a log is; null: it has none, undefined: not asked, or not known yet. */
export function useOldest(of: Log | undefined, values: Filtering, is_asked: boolean): string | null | undefined {
  const asked = { query: { include: values.include } };
  const { data } = useApi('getOldestRecords', asked, { staleTime: 30_000, enabled: of !== undefined && is_asked });
  return of && data?.[of];
}
