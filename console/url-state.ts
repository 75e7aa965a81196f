import { useCallback, useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';
import type { ChangeFiltering, Filtering } from './ui/Filters.tsx';

/** One word of the address; setting it back to its default takes it out. */
export function useUrlWord(name: string, otherwise: string): [string, (value: string) => void] {
  const search = useSearch();
  const write = useWriting();
  const set = useCallback(
    (value: string) => write((now) => withValues(now, name, value === otherwise || value === '' ? [] : [value])),
    [name, otherwise, write],
  );
  return [new URLSearchParams(search).get(name) ?? otherwise, set];
}

/** What a list is narrowed to, kept in the address under the names the API has for it. */
export function useUrlFilters(names: readonly string[]): [Filtering, ChangeFiltering] {
  const search = useSearch();
  const write = useWriting();
  const joined = names.join(' ');
  const values = useMemo(() => filteringOf(new URLSearchParams(search), joined), [search, joined]);
  const set = useCallback<ChangeFiltering>(
    (change) =>
      write((now) => {
        const to = typeof change === 'function' ? change(filteringOf(now, joined)) : change;
        return joined.split(' ').reduce((next, name) => withValues(next, name, to[name] ?? []), now);
      }),
    [joined, write],
  );
  return [values, set];
}

/** Changes the search of the address as it is now, and not as it is shown: what is shown follows a moment later. */
function useWriting(): (change: (now: URLSearchParams) => URLSearchParams) => void {
  const [, navigate] = useLocation();
  return useCallback(
    (change) => {
      const { pathname, search } = window.location;
      const next = change(new URLSearchParams(search)).toString();
      navigate(next === '' ? pathname : `${pathname}?${next}`, { replace: true });
    },
    [navigate],
  );
}

const filteringOf = (search: URLSearchParams, joined: string): Filtering =>
  Object.fromEntries(joined.split(' ').map((name) => [name, search.getAll(name)]));

function withValues(search: URLSearchParams, name: string, values: readonly string[]): URLSearchParams {
  const next = new URLSearchParams(search);
  next.delete(name);
  for (const value of values) next.append(name, value);
  return next;
}
