import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';
import type { Filtering } from './ui/Filters.tsx';

/** One word of the address; setting it back to its default takes it out. */
export function useUrlWord(name: string, otherwise: string): [string, (value: string) => void] {
  const [search, setSearch] = useSearchParams();
  const set = useCallback(
    (value: string) =>
      setSearch((now) => withValues(now, name, value === otherwise || value === '' ? [] : [value]), { replace: true }),
    [name, otherwise, setSearch],
  );
  return [search.get(name) ?? otherwise, set];
}

/** What a list is narrowed to, kept in the address under the names the API has for it. */
export function useUrlFilters(names: readonly string[]): [Filtering, (values: Filtering) => void] {
  const [search, setSearch] = useSearchParams();
  const text = search.toString();
  const joined = names.join(' ');
  const values = useMemo(() => {
    const now = new URLSearchParams(text);
    return Object.fromEntries(joined.split(' ').map((name) => [name, now.getAll(name)]));
  }, [text, joined]);
  const set = useCallback(
    (to: Filtering) =>
      setSearch((now) => joined.split(' ').reduce((next, name) => withValues(next, name, to[name] ?? []), now), {
        replace: true,
      }),
    [joined, setSearch],
  );
  return [values, set];
}

function withValues(search: URLSearchParams, name: string, values: readonly string[]): URLSearchParams {
  const next = new URLSearchParams(search);
  next.delete(name);
  for (const value of values) next.append(name, value);
  return next;
}
