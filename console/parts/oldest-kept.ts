import { type Answer, type Input, useApi } from '../api.ts';

export type Log = Exclude<keyof Answer<'getOldestRecords'>, 'generated_at'>;

/** From when the oldest record of a log is; null: it has none, undefined: not asked, or not known yet. */
export function useOldest(
  of: Log | undefined,
  query: object | undefined,
  is_asked: boolean,
): string | null | undefined {
  const asked: Input<'getOldestRecords'> = { query: query && 'include' in query ? { include: 'installation' } : {} };
  const { data } = useApi('getOldestRecords', asked, { staleTime: 30_000, enabled: of !== undefined && is_asked });
  return of && data?.[of];
}
